"""Solaris' capture file: snoop, version 2 (RFC 1761); it counts the packets dropped before each one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME, MAX_WIRE, Block, Damage
from analyzer.capture.records import BAD, FULL, NEED_MORE, file_header, is_over
from analyzer.capture.stream import Window
from analyzer.compiled import kernel
from analyzer.packets.fields import u32
from analyzer.packets.layout import FRAME
from analyzer.packets.link_types import SNOOP
from analyzer.room import shared_room

MAGIC: Final = b"snoop\0\0\0"
FILE_HEADER: Final = 16
HEADER: Final = 24

# The file's datalink → pcap's link type: 802.3, Ethernet, FDDI, IP over InfiniBand, ipnet. Others keep their number, from SNOOP on.
LINK_TYPES: Final = {0: 1, 4: 1, 8: 10, 0x12: 242, 0x13: 226}
MOST: Final = 0xFFFF


def starts_like_snoop(head: bytes) -> bool:
    """True where a file with these first bytes is a snoop file of version 2."""
    return head[:8] == MAGIC and head[8:12] == b"\0\0\0\2"


def read_snoop(window: Window, damage: list[Damage]) -> Iterator[Block]:
    """The blocks of a snoop file; its damage, and the packets its writer reports lost, are added to `damage`."""
    head = file_header(window, FILE_HEADER, damage)
    if head is None:
        return
    datalink = int.from_bytes(head[12:16], "big")
    link_type = LINK_TYPES.get(datalink, SNOOP + min(datalink, MOST))
    room, drops = shared_room(FRAME), np.zeros(1, np.int64)
    dropped: Damage | None = None
    while True:
        frames = room.take(BLOCK_FRAMES)
        n, at, status = index_snoop(window.data, window.start, window.end, link_type, frames, len(frames), drops)
        window.start = at
        if drops[0] and dropped is None:
            dropped = Damage("packets-dropped", "")
            damage.append(dropped)
        if dropped is not None:
            dropped.count, dropped.text = int(drops[0]), f"the capturing machine dropped {int(drops[0])} packets"
        if n:
            yield Block(window.data, frames[:n])
        if is_over(window, status, damage):
            return


@kernel
def index_snoop(buf, start, end, link_type, frames, n_frames, drops):
    """(frames found, where reading stopped, the reason: FULL, NEED_MORE or BAD); fills frames[0:n].

    drops   int64[1]  the highest count of dropped packets so far
    """
    at = start
    for n in range(n_frames):
        if end - at < HEADER:
            return n, at, NEED_MORE
        wire, captured, size = u32(buf, at), u32(buf, at + 4), u32(buf, at + 8)
        if captured > MAX_FRAME or size < HEADER + captured or size > HEADER + captured + MAX_FRAME:
            return n, at, BAD
        if end - at < size:
            return n, at, NEED_MORE
        drops[0] = max(drops[0], u32(buf, at + 12))
        frame = frames + n
        frame.ts_ns = u32(buf, at + 16) * 1_000_000_000 + u32(buf, at + 20) * 1000
        frame.start = at + HEADER
        frame.captured_bytes = captured
        frame.wire_bytes = min(max(wire, captured), MAX_WIRE)
        frame.link_type = link_type
        frame.interface = 0
        frame.note_bytes = 0
        at += size
    return n_frames, at, FULL
