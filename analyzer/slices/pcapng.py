"""Blocks of a pcapng file with one section, times in nanoseconds. Source: draft-ietf-opsawg-pcapng."""

from __future__ import annotations

import struct
from typing import Final

SECTION: Final = 0x0A0D0D0A
INTERFACE: Final = 1
ENHANCED_PACKET: Final = 6

COMMENT: Final = 1
APPLICATION: Final = 4
NAME: Final = 2
DESCRIPTION: Final = 3
RESOLUTION: Final = 9
NANOSECONDS: Final = b"\x09"

# An option's length is 16 bits.
MOST_TEXT: Final = 60_000


def section_block(comment: str, application: str) -> bytes:
    """The section header block: little-endian, version 1.0, length unspecified."""
    return _block(
        SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((COMMENT, _text(comment)), (APPLICATION, _text(application)))
    )


def interface_block(link_type: int, name: str = "", description: str = "") -> bytes:
    """An interface description block without a snap length."""
    texts = [(code, _text(text)) for code, text in ((NAME, name), (DESCRIPTION, description)) if text]
    return _block(INTERFACE, struct.pack("<HHI", link_type, 0, 0) + _options(*texts, (RESOLUTION, NANOSECONDS)))


def packet_block(interface: int, ts_ns: int, data: bytes, wire_bytes: int, comment: str | None = None) -> bytes:
    """An enhanced packet block; the time of a packet before 1970 can't be written and is 0."""
    ticks = max(0, ts_ns)
    head = struct.pack("<IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), max(wire_bytes, len(data)))
    options = _options((COMMENT, _text(comment))) if comment else b""
    return _block(ENHANCED_PACKET, head + _padded(data) + options)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")[:MOST_TEXT].decode("utf-8", "ignore").encode()


def _options(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in pairs) + bytes(4)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size
