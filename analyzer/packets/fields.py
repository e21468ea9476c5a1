"""Numbers from header bytes, in network order unless the name says otherwise. The caller has checked that the bytes are there."""

from __future__ import annotations


def u16(buf, at):
    return buf[at] << 8 | buf[at + 1]


def u24(buf, at):
    return buf[at] << 16 | buf[at + 1] << 8 | buf[at + 2]


def u32(buf, at):
    return u16(buf, at) << 16 | u16(buf, at + 2)


def u64(buf, at):
    return u32(buf, at) << 32 | u32(buf, at + 4)


def u32_little(buf, at):
    return u16_little(buf, at + 2) << 16 | u16_little(buf, at)


def u16_little(buf, at):
    return buf[at + 1] << 8 | buf[at]
