"""The classic capture file: pcap, in both byte orders, with micro- or nanoseconds, and its "modified" form.

Source: draft-ietf-opsawg-pcap; the modified form (magic a1b2cd34, 24-byte packet headers) is Alexey Kuznetsov's patch of
the 1990s, as in Wireshark's wiretap/libpcap.c. Other headers with these magics are in pcap_headers.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, MAX_WIRE, Block, Damage
from analyzer.capture.pcap_headers import IXIA, IXIA_FIELD, header_size, of_aix
from analyzer.capture.records import BAD, FULL, NEED_MORE, file_header, is_over
from analyzer.capture.stream import Window
from analyzer.compiled import kernel
from analyzer.packets.fields import u32, u32_little
from analyzer.packets.layout import FRAME
from analyzer.room import shared_room

FILE_HEADER: Final = 24

# magic in file order → (little-endian, nanoseconds per unit of the second field, packet header size)
MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": (True, 1000, 16),
    b"\xa1\xb2\xc3\xd4": (False, 1000, 16),
    b"\x4d\x3c\xb2\xa1": (True, 1, 16),
    b"\xa1\xb2\x3c\x4d": (False, 1, 16),
    b"\x34\xcd\xb2\xa1": (True, 1000, 24),
    b"\xa1\xb2\xcd\x34": (False, 1000, 24),
}

ANOTHER: Final = 3  # besides the reasons of records.py

# Seconds and fraction of a packet header that are another file's magic and version: concatenated captures, made by `cat` or from the
# pieces of one blob.
MAGIC_MICRO: Final = 0xA1B2C3D4
MAGIC_NANO: Final = 0xA1B23C4D
MAGIC_MODIFIED: Final = 0xA1B2CD34
VERSION_LITTLE: Final = 0x00040002
VERSION_BIG: Final = 0x00020004


def starts_like_pcap(head: bytes) -> bool:
    """True where a file with these first bytes is a pcap file."""
    return head[:4] in MAGICS or head[:4] in IXIA


def read_pcap(window: Window, damage: list[Damage]) -> Iterator[Block]:
    """The blocks of a pcap file; its damage is added to `damage`.

    A packet longer than MAX_FRAME is damage. Concatenated files are read as one.
    """
    room = shared_room(FRAME)
    header = 0
    while True:
        if not header:
            head = file_header(window, FILE_HEADER, damage)
            if head is None:
                return
            magic = IXIA.get(head[:4], head[:4])
            if magic != head[:4] and file_header(window, IXIA_FIELD, damage) is None:
                return
            little, unit_ns, header = MAGICS[magic]
            order: Literal["little", "big"] = "little" if little else "big"
            # The upper half of the field is the length of a frame check sequence; only the lower half is the link type.
            link_type = int.from_bytes(head[20:24], order) & 0xFFFF
            aix = of_aix(head, order)
            if aix is not None:
                link_type, unit_ns = aix, 1
            header = header_size(window, header, unit_ns, order)
        frames = room.take(BLOCK_FRAMES)
        n, at, status = index_pcap(window.data, window.start, window.end, little, unit_ns, header, link_type, frames, len(frames))
        window.start = at
        if n:
            yield Block(window.data, frames[:n])
        if status == ANOTHER:
            header, window.several = 0, True
            continue
        if is_over(window, status, damage):
            return


@kernel
def index_pcap(buf, start, end, little, unit_ns, header, link_type, frames, n_frames):
    """(frames found, where reading stopped, the reason: FULL, NEED_MORE, BAD or ANOTHER); fills frames[0:n].

    buf      uint8[n]           start, end: half-open, a packet header at start
    unit_ns  nanoseconds per unit of the fraction field
    header   size of a packet header
    """
    at = start
    n = 0
    for n in range(n_frames):
        if end - at < header:
            return n, at, NEED_MORE
        if little:
            seconds, fraction = u32_little(buf, at), u32_little(buf, at + 4)
            captured, wire = u32_little(buf, at + 8), u32_little(buf, at + 12)
        else:
            seconds, fraction = u32(buf, at), u32(buf, at + 4)
            captured, wire = u32(buf, at + 8), u32(buf, at + 12)
        if seconds in (MAGIC_MICRO, MAGIC_NANO, MAGIC_MODIFIED) and fraction == (VERSION_LITTLE if little else VERSION_BIG):
            return n, at, ANOTHER
        if captured > MAX_FRAME:
            return n, at, BAD
        if end - at - header < captured:
            return n, at, NEED_MORE
        frame = frames + n
        frame.ts_ns = seconds * 1_000_000_000 + fraction * unit_ns
        frame.start = at + header
        frame.captured_bytes = captured
        frame.wire_bytes = min(max(wire, captured), MAX_WIRE)
        frame.link_type = link_type
        frame.interface = 0
        frame.note_bytes = 0
        at += header + captured
    return n_frames, at, FULL
