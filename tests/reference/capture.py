"""Frames of a capture file: pcap, modified pcap, pcapng, each in either byte order, also gzipped.

Written from draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

MAX_FRAME_BYTES = 262144  # libpcap's MAXIMUM_SNAPLEN: a longer record is damage, not a packet
INT64 = range(-(2**63), 2**63)


class Frame(NamedTuple):
    """One captured frame. ts_ns is None where the capture has no time, or none that fits in 64 bits of nanoseconds."""

    ts_ns: int | None
    link_type: int
    data: bytes
    wire_bytes: int


class NotACapture(ValueError):
    """The bytes begin like no known capture format."""


def read_capture(data: bytes) -> list[Frame]:
    """Every whole frame, in file order; reading stops at the first damage that hides where the next record begins."""
    if data[:2] == b"\x1f\x8b":
        data = gunzip(data)
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return read_pcapng(data)
    for order in "<>":
        (magic,) = struct.unpack_from(order + "I", data.ljust(4, b"\0"))
        if magic in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34) and len(data) >= 24:
            return read_pcap(data, order, magic)
    raise NotACapture(data[:4].hex())


def gunzip(data: bytes) -> bytes:
    """Everything that can be unpacked: members one after the other, the last one perhaps cut."""
    whole = b""
    while data[:2] == b"\x1f\x8b":
        member = zlib.decompressobj(wbits=31)
        try:
            whole += member.decompress(data)
        except zlib.error:
            break
        data = member.unused_data
    return whole


def in_range(ts_ns: int) -> int | None:
    """The time, or None when it doesn't fit the table's 64-bit column."""
    return ts_ns if ts_ns in INT64 else None


def read_pcap(data: bytes, order: str, magic: int) -> list[Frame]:
    """Frames of a pcap file; FCS bits above the 16-bit link type are left out."""
    (network,) = struct.unpack_from(order + "I", data, 20)
    unit_ns = 1 if magic == 0xA1B23C4D else 1000
    header_bytes = 24 if magic == 0xA1B2CD34 else 16
    frames = []
    at = 24
    while at + header_bytes <= len(data):
        seconds, fraction, captured, wire = struct.unpack_from(order + "4I", data, at)
        at += header_bytes
        if captured > MAX_FRAME_BYTES or at + captured > len(data):
            break
        frames.append(Frame(in_range(seconds * 10**9 + fraction * unit_ns), network & 0xFFFF, data[at : at + captured], wire))
        at += captured
    return frames


class Interface(NamedTuple):
    """The fields of an Interface Description Block that matter here."""

    link_type: int
    snap_bytes: int
    resolution: int  # if_tsresol as in the file
    offset_s: int

    def ts_ns(self, ticks: int) -> int | None:
        """Nanoseconds since 1970, rounded down."""
        per_second = 2 ** (self.resolution & 0x7F) if self.resolution & 0x80 else 10**self.resolution
        return in_range(ticks * 10**9 // per_second + self.offset_s * 10**9)


def read_pcapng(data: bytes) -> list[Frame]:
    """Frames of every section.

    A packet of an undescribed interface, or longer than its block, is left out; a block whose two lengths differ ends the reading.
    """
    frames: list[Frame] = []
    interfaces: list[Interface] = []
    order = "<"
    at = 0
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(data[at + 8 : at + 12], "")
            if not order:
                break
            interfaces = []
        kind, length = struct.unpack_from(order + "2I", data, at)
        if length < 12 or length % 4 or at + length > len(data):
            break
        if struct.unpack_from(order + "I", data, at + length - 4)[0] != length:
            break
        body = data[at + 8 : at + length - 4]
        if kind == 1 and len(body) >= 8:
            interfaces.append(read_interface(body, order))
        frame = read_packet(kind, body, order, interfaces)
        if frame:
            frames.append(frame)
        at += length
    return frames


def read_interface(body: bytes, order: str) -> Interface:
    """An IDB's link type, snap length, if_tsresol (9) and if_tsoffset (14)."""
    link_type, _, snap_bytes = struct.unpack_from(order + "2HI", body)
    resolution, offset_s = 6, 0
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "2H", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == 9 and length == 1:
            resolution = value[0]
        if code == 14 and length == 8:
            (offset_s,) = struct.unpack(order + "q", value)
        at += 4 + (length + 3) // 4 * 4
    return Interface(link_type, snap_bytes, resolution, offset_s)


def read_packet(kind: int, body: bytes, order: str, interfaces: list[Interface]) -> Frame | None:
    """The frame of an Enhanced (6), obsolete (2) or Simple (3) Packet Block; None for any other block."""
    if kind in (2, 6) and len(body) >= 20:
        number, high, low, captured, wire = struct.unpack_from(order + "5I", body)
        if kind == 2:
            (number,) = struct.unpack_from(order + "H", body)
        if number >= len(interfaces) or captured > len(body) - 20 or captured > MAX_FRAME_BYTES:
            return None
        interface = interfaces[number]
        return Frame(interface.ts_ns(high << 32 | low), interface.link_type, body[20 : 20 + captured], wire)
    if kind == 3 and len(body) >= 4 and interfaces:
        (wire,) = struct.unpack_from(order + "I", body)
        captured = min(wire, interfaces[0].snap_bytes or wire)
        if captured > len(body) - 4 or captured > MAX_FRAME_BYTES:
            return None
        return Frame(None, interfaces[0].link_type, body[4 : 4 + captured], wire)
    return None
