"""The size of a pcap file's packet headers, which patched libpcaps changed without changing the magic, and AIX's link types.

Source: Wireshark's wiretap/libpcap.c, 2026-11-27. The standard magic is also used with headers of 24 bytes (Alexey Kuznetzov's patch of
1999-04-17, in Red Hat 6.1) and of 20 (Nokia's IPSO); the modified one with 24 (his of 1999-10-29) and 28 (of 1999-09-15, in SuSE 6.3).
Only the packets show the size: the one by which three headers in a row are plausible. AIX writes interface types of RFC 1573 and
nanoseconds.
"""

from __future__ import annotations

from typing import Final, Literal

from analyzer.capture.block import MAX_FRAME
from analyzer.capture.stream import Window

STANDARD: Final = 16
MODIFIED: Final = 24
OTHERS: Final = {STANDARD: (24, 20), MODIFIED: (28,)}
TRIED: Final = 3
LOOK: Final = TRIED * (28 + MAX_FRAME)
YEAR_S: Final = 366 * 86_400
MOST_INTERFACES: Final = 10_000
MOST_KINDS: Final = 4  # packet types of Linux at that time: to us, broadcast, multicast, to others, outgoing
# Of Nokia's field only the values seen are known: 0x?fbf??0?. editcap writes zeros.
NOKIA_MASK: Final = 0x0FFF00F0
NOKIA_FIELD: Final = 0x0FBF0000
KERNEL_TYPES: Final = (0x0060, 0x0200, 0x0400)  # besides those below 0x18, which Linux uses for frames without an ethertype

AIX_VERSION: Final = b"\0\2\0\2"
AIX_LINK_TYPES: Final = {6: 1, 9: 6, 24: 0}  # Ethernet, token ring, loopback

# Ixia's pcap has one more field behind the file header, the size of all records; the rest is as with the standard magics.
IXIA: Final = {
    b"\xab\x01\x00\x1c": b"\xd4\xc3\xb2\xa1",
    b"\x1c\x00\x01\xab": b"\xa1\xb2\xc3\xd4",
    b"\xac\x01\x00\x1c": b"\x4d\x3c\xb2\xa1",
    b"\x1c\x00\x01\xac": b"\xa1\xb2\x3c\x4d",
}
IXIA_FIELD: Final = 4

MAGICS: Final = (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34)

Order = Literal["little", "big"]


def header_size(window: Window, size: int, unit_ns: int, order: Order) -> int:
    """The size of the packet headers at the window's start: `size`, as the magic gives it, unless only another size is plausible.

    Pipes and compressed files aren't waited for: the bytes read so far decide, because a pipe's first packet may be the only one for a
    long time.
    """
    if unit_ns != 1000:
        return size
    if not _makes_sense(window, size, order):
        for other in OTHERS[size]:
            if _makes_sense(window, other, order):
                return other
    return size


def _makes_sense(window: Window, size: int, order: Order) -> bool:
    """Whether up to three plausible headers of this size follow each other from the window's start, fewer at the end of the bytes.

    A size that the magic doesn't give needs at least two.
    """
    first, at = None, 0
    for n in range(TRIED):
        _fill(window, at + size)
        held = window.end - window.start - at
        if held < size:
            return (held == 0 or not window.has_size) and (size == STANDARD or n > 1)
        start = window.start + at
        header = bytes(window.data[start : start + size])
        seconds, fraction, captured, wire = (int.from_bytes(header[k : k + 4], order) for k in (0, 4, 8, 12))
        if n and seconds in MAGICS:  # another capture begins here
            return size == STANDARD
        if fraction >= 1_000_000 or captured > MAX_FRAME:
            return False
        if size != STANDARD and not (captured <= wire and _fields_make_sense(header, order)):
            return False
        if first is not None and abs(seconds - first) > YEAR_S:
            return False
        first, at = seconds, at + size + captured
    return True


def _fill(window: Window, wanted: int) -> None:
    """Read until the window holds `wanted` bytes, where the file is known to have them."""
    while window.has_size and window.end - window.start < min(wanted, window.rest()) and window.more():
        pass


def _fields_make_sense(header: bytes, order: Order) -> bool:
    """Whether the fields behind the lengths can be an interface index, an ethertype and a packet type, or Nokia's field."""
    if len(header) < MODIFIED:
        field = int.from_bytes(header[16:20], order)
        return field == 0 or (field & NOKIA_MASK == NOKIA_FIELD and field >> 28 in (9, 11) and field >> 12 & 15 in (11, 13))
    interface, ethertype, kind = int.from_bytes(header[16:20], order), int.from_bytes(header[20:22], order), header[22]
    known = ethertype >= 0x0600 or ethertype < 0x18 or ethertype in KERNEL_TYPES
    return interface <= MOST_INTERFACES and known and kind <= MOST_KINDS


def of_aix(head: bytes, order: Order) -> int | None:
    """The link type of AIX's file header; None for any other header."""
    version = head[4:8] if order == "big" else head[5:3:-1] + head[7:5:-1]
    return AIX_LINK_TYPES.get(int.from_bytes(head[20:24], order)) if version == AIX_VERSION else None
