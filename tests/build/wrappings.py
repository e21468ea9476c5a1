"""Headers that gateways, mirrors and tunnels put around packets, from plain arguments; each gives the bytes behind its number."""

from __future__ import annotations

import struct

SNAP = b"\xaa\xaa\x03\0\0\0"


def wccp(packet: bytes, version: int = 2, *, flags: int = 0, redirect: bytes = b"\0\x01\x02\x03") -> bytes:
    """GRE of a redirected packet; flags: GRE's C (0x8000), K (0x2000) and S (0x1000), each with four bytes."""
    optional = bytes(4 * sum(bool(flags & bit) for bit in (0x8000, 0x2000, 0x1000)))
    return struct.pack(">2H", flags, 0x883E) + optional + (redirect if version == 2 else b"") + packet


def eoip(frame: bytes, tunnel: int) -> bytes:
    """MikroTik's GRE."""
    return struct.pack(">3H", 0x2001, 0x6400, len(frame)) + struct.pack("<H", tunnel) + frame


def etherip(frame: bytes, version: int = 0x30) -> bytes:
    """IP protocol 97."""
    return bytes((version, 0)) + frame


def pbb(frame: bytes, service: int) -> bytes:
    """Behind ethertype 0x88e7."""
    return struct.pack(">I", service) + frame


def ttag(kind: int, packet: bytes) -> bytes:
    """Behind ethertype 0x8988."""
    return bytes(6) + struct.pack(">H", kind) + packet


def arista(kind: int, packet: bytes, bits: int = 64, utc: bool = False) -> bytes:
    """Behind ethertype 0xd28b: a time of 48 or 64 bits."""
    return struct.pack(">2H", 1, (0x10 if bits == 64 else 0x20) | utc << 8) + bytes(bits // 8) + struct.pack(">H", kind) + packet


def authentication(packet: bytes, following: int, digest: bytes = bytes(12)) -> bytes:
    """IP protocol 51."""
    return struct.pack(">2BH2I", following, len(digest) // 4 + 1, 0, 1, 1) + digest + packet


def tzsp(frame: bytes, kind: int = 1, tags: bytes = b"", message: int = 0) -> bytes:
    """UDP port 37008; tags end with 1."""
    return struct.pack(">2BH", 1, message, kind) + tags + b"\x01" + frame


def jmirror(packet: bytes) -> bytes:
    """UDP port 30030."""
    return struct.pack(">2I", 0x40000001, 2) + packet


def hp_erm(frame: bytes) -> bytes:
    """UDP port 7932."""
    return bytes(range(12)) + frame


def capwap(frame: bytes, *, flags: int = 0, words: int = 2, fragment: int = 0) -> bytes:
    """UDP port 5247; flags: T 0x100 (802.11), F 0x80, L 0x40, W 0x20, M 0x10, K 0x08."""
    return struct.pack(">I2H", words << 19 | 1 << 9 | flags, 0, fragment) + bytes(4 * words - 8) + frame


def lwapp(frame: bytes, flags: int = 0) -> bytes:
    """LWAPP's header before a frame (RFC 5412 3.3)."""
    return struct.pack(">2BHH", flags, 0, len(frame), 0) + frame


def l2tp(frame: bytes, session: int, *, flags: int = 0) -> bytes:
    """UDP port 1701, version 2; flags: L 0x4000, S 0x0800, O 0x0200, P 0x0100."""
    numbers = bytes(4) if flags & 0x0800 else b""
    offset = b"\0\x03abc" if flags & 0x0200 else b""
    rest = struct.pack(">2H", 7, session) + numbers + offset + frame
    length = struct.pack(">H", 4 + len(rest)) if flags & 0x4000 else b""
    return struct.pack(">H", 2 | flags) + length + rest


def l2tp3(frame: bytes, session: int, between: bytes = b"", *, udp: bool = True) -> bytes:
    """UDP port 1701, or IP protocol 115; between: the cookie and a sublayer's header."""
    return (struct.pack(">2H", 3, 0) if udp else b"") + struct.pack(">I", session) + between + frame


def lisp(packet: bytes, instance: int | None = None) -> bytes:
    """UDP port 4341."""
    return struct.pack(">2I", 0x80000001 | (0x08000000 if instance is not None else 0), (instance or 0) << 8) + packet


def ayiya(packet: bytes, following: int, operation: int = 1) -> bytes:
    """UDP port 5072, with an identity of 16 bytes and a signature of 20."""
    return bytes((0x41, 0x52, 0x10 | operation, following)) + bytes(4) + bytes(16) + bytes(20) + packet


def ppp(packet: bytes) -> bytes:
    """PPP with address and control."""
    return b"\xff\x03\0" + (b"\x57" if packet[0] >> 4 == 6 else b"\x21") + packet


def wlan(packet: bytes, *, swapped: bool = False) -> bytes:
    """An 802.11 data frame; swapped: the bytes of its frame control exchanged."""
    kind = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"
    return (b"\x01\x08" if swapped else b"\x08\x01") + bytes(22) + SNAP + kind + packet


def pflog(packet: bytes, length: int = 61, action: int = 0) -> bytes:
    """Link type 117, its header filled up to a multiple of four."""
    family = 24 if packet[0] >> 4 == 6 else 2
    return (bytes((length, family, action, 0)) + b"em0" + bytes(length - 7)).ljust((length + 3) // 4 * 4, b"\0") + packet


def enc(packet: bytes) -> bytes:
    """Link type 109."""
    return struct.pack("<IQ", 24 if packet[0] >> 4 == 6 else 2, 0x1000) + packet


def pktap(frame: bytes, link_type: int = 1, *, name: bytes = b"wdavdaemon", pid: int = 501, length: int = 108) -> bytes:
    """Link type 258, and 149."""
    head = struct.pack("<3I24s4Ii20s", length, 1, link_type, b"en0", 1, 2, 14, 0, pid, name)
    return head.ljust(length, b"\0") + frame


def ppi(frame: bytes, link_type: int, fields: bytes = b"") -> bytes:
    """Link type 192."""
    return struct.pack("<2BHI", 0, 0, 8 + len(fields), link_type) + fields + frame


def juniper(rest: bytes, *, flags: int = 1, extensions: bytes | None = None, protocol: int | None = None) -> bytes:
    """Link types 130 to 137 and others; protocol: where the link's own header was taken off."""
    flags |= (0x80 if extensions is not None else 0) | (0x02 if protocol is not None else 0)
    head = b"MGC" + bytes((flags,))
    if extensions is not None:
        head += struct.pack(">H", len(extensions)) + extensions
    return head + (b"" if protocol is None else struct.pack("<I", protocol)) + rest


def ipnet(packet: bytes) -> bytes:
    """Link type 226."""
    return struct.pack(">2BH5I", 1, 26 if packet[0] >> 4 == 6 else 2, 0, len(packet), 1, 0, 0, 0) + packet


def ipoib(packet: bytes, before: int = 40) -> bytes:
    """Link type 242."""
    return bytes(before) + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0") + b"\0\0" + packet


def relay(packet: bytes) -> bytes:
    """Frame relay, link type 107."""
    return b"\x18\x41\x03" + (b"\x8e" if packet[0] >> 4 == 6 else b"\xcc") + packet
