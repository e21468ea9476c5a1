"""Capture files around frames: pcap in all its forms, pcapng block by block."""

from __future__ import annotations

import struct
from collections.abc import Iterable

Frame = tuple[int, bytes] | tuple[int, bytes, int]
"""Time in nanoseconds, bytes, and (when cut by a snap length) the bytes on the wire."""

SIGN = {"little": "<", "big": ">"}


def pcap(
    frames: Iterable[Frame],
    *,
    order: str = "little",
    nanosecond: bool = False,
    link_type: int = 1,
    snap_bytes: int = 262144,
    modified: bool = False,
) -> bytes:
    """A pcap file; frames longer than snap_bytes are cut. modified: Kuznetzov's variant with longer record headers."""
    sign = SIGN[order]
    magic = 0xA1B2CD34 if modified else 0xA1B23C4D if nanosecond else 0xA1B2C3D4
    whole = [struct.pack(sign + "I2HiIII", magic, 2, 4, 0, 0, snap_bytes, link_type)]
    record, unit = struct.Struct(sign + "4I"), 1 if nanosecond else 1000
    more = struct.pack(sign + "IH2B", 1, 0x0800, 0, 0) if modified else b""
    for ts_ns, data, *wire in frames:
        seconds, fraction = divmod(ts_ns, 10**9)
        cut = data[:snap_bytes]
        whole += (record.pack(seconds, fraction // unit, len(cut), wire[0] if wire else len(data)), more, cut)
    return b"".join(whole)


def pcapng_block(kind: int, body: bytes, order: str = "little") -> bytes:
    """Any block; the body is padded to 32 bits."""
    body = body + b"\0" * (-len(body) % 4)
    length = struct.pack(SIGN[order] + "I", len(body) + 12)
    return struct.pack(SIGN[order] + "I", kind) + length + body + length


def options(order: str, *pairs: tuple[int, bytes]) -> bytes:
    """Options with their end mark; b"" when there are none."""
    listed = [struct.pack(SIGN[order] + "2H", code, len(value)) + value + b"\0" * (-len(value) % 4) for code, value in pairs]
    return b"".join(listed) + bytes(4) if listed else b""


def section_header(order: str = "little") -> bytes:
    return pcapng_block(0x0A0D0D0A, struct.pack(SIGN[order] + "I2Hq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(
    link_type: int = 1, *, snap_bytes: int = 0, resolution: int | None = None, offset_s: int | None = None, order: str = "little"
) -> bytes:
    """An Interface Description Block; resolution is if_tsresol's byte (6: microseconds, 0x80 | n: 2**-n s)."""
    pairs = [] if resolution is None else [(9, bytes((resolution,)))]
    if offset_s is not None:
        pairs.append((14, struct.pack(SIGN[order] + "q", offset_s)))
    return pcapng_block(1, struct.pack(SIGN[order] + "2HI", link_type, 0, snap_bytes) + options(order, *pairs), order)


def enhanced(ticks: int, data: bytes, *, number: int = 0, wire: int | None = None, order: str = "little") -> bytes:
    """An Enhanced Packet Block; ticks in the interface's own resolution."""
    head = struct.pack(SIGN[order] + "5I", number, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data) if wire is None else wire)
    return pcapng_block(6, head + data, order)


def obsolete(ticks: int, data: bytes, *, number: int = 0, order: str = "little") -> bytes:
    """The Packet Block that came before the enhanced one."""
    head = struct.pack(SIGN[order] + "2H4I", number, 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return pcapng_block(2, head + data, order)


def simple(data: bytes, *, wire: int | None = None, order: str = "little") -> bytes:
    """A Simple Packet Block: no time, always of the first interface."""
    return pcapng_block(3, struct.pack(SIGN[order] + "I", len(data) if wire is None else wire) + data, order)


def pcapng(frames: Iterable[Frame], *, order: str = "little", link_type: int = 1) -> bytes:
    """One section, one interface, nanoseconds, a block per frame."""
    blocks = [enhanced(ts_ns, data, wire=wire[0] if wire else None, order=order) for ts_ns, data, *wire in frames]
    return section_header(order) + interface(link_type, resolution=9, order=order) + b"".join(blocks)
