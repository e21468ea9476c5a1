"""Integers of fixed width, as in C: higher bits are cut off."""

from __future__ import annotations


def as_i64(x):
    """The 64 bits of x as a signed number."""
    return x - (1 << 64) if x >= 1 << 63 else x


def as_u32(x):
    """The lowest 32 bits of x."""
    return x & 0xFFFFFFFF


def as_u64(x):
    """The lowest 64 bits of x."""
    return x & 0xFFFFFFFFFFFFFFFF
