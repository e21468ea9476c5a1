"""Finds where packets begin in the middle of a pcap or pcapng file.

Neither format marks the place. But each header gives the place of the next one, and sixteen plausible headers in a row are hardly
chance. Where they are chance (a capture file sent through a capture), the span before ends in the middle of a packet; its reader
notices, and the file is read as one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, MAX_FRAME
from analyzer.capture.pcap import FILE_HEADER, MAGICS, index_pcap
from analyzer.capture.pcapng import (
    CONTROL,
    ENHANCED_PACKET,
    FULL,
    INTERFACE,
    MAX_BLOCK,
    PACKET,
    SECTION,
    State,
    index_pcapng,
    starts_like_pcapng,
)
from analyzer.capture.stream import Feed, Window
from analyzer.packets.layout import FRAME, NO_TIME

Order = Literal["little", "big"]
Words = npt.NDArray[np.int64]

IN_A_ROW: Final = 16
PACKET_HEADER: Final = 16
BLOCK_HEAD: Final = 28
"""Bytes before the packet in a block with a time."""

PIECE: Final = 1 << 14
"""Bytes searched at a time: in most captures the first such piece has several packets."""

DESCRIBED: Final = 1 << 24
"""Bytes of a pcapng file that are searched for interfaces; as a rule they are described before the first packet."""

YEAR_S: Final = 366 * 86_400


@dataclass(frozen=True, eq=False)
class PcapFraming:
    """The plausible packet headers of a pcap file: times within a year of begin_s, and possible sizes.

    head    the file header;  align: all packets' offsets are multiples of it
    """

    head: bytes
    order: Order
    unit_ns: int
    begin_s: int
    n_interfaces: int = 0
    align: int = 1

    def starts(self, data: bytes, *, to_end: bool) -> Iterator[int]:
        """Offsets in `data` where sixteen plausible headers in a row begin, or as many as fit before the file's end."""
        for piece in range(0, len(data) - PACKET_HEADER + 1, PIECE):
            for start in self.plausible(data[piece : piece + PIECE + PACKET_HEADER - 1]):
                at, found = piece + start, 0
                while found < IN_A_ROW and at + PACKET_HEADER <= len(data) and (end := self.end_of_packet_at(data, at)) is not None:
                    at = end
                    found += 1
                if found == IN_A_ROW or (to_end and at == len(data)):
                    yield piece + start

    def end_of_packet_at(self, data: bytes, at: int) -> int | None:
        """The end of the packet whose header is at `at`; None where the header isn't plausible."""
        seconds, fraction, captured, wire = (int.from_bytes(data[k : k + 4], self.order) for k in range(at, at + PACKET_HEADER, 4))
        true = abs(seconds - self.begin_s) <= YEAR_S and fraction * self.unit_ns < 1_000_000_000 and 0 < captured <= wire <= MAX_FRAME
        return at + PACKET_HEADER + captured if true else None

    def plausible(self, data: bytes) -> list[int]:
        """The offsets in `data` of single plausible headers."""
        seconds, fraction, captured, wire = (words(data, at, self.order == "little") for at in (0, 4, 8, 12))
        found = (np.abs(seconds - self.begin_s) <= YEAR_S) & (fraction * self.unit_ns < 1_000_000_000)
        found &= (captured > 0) & (captured <= wire) & (wire <= MAX_FRAME)
        places: list[int] = np.flatnonzero(found).tolist()
        return places

    def frames_from(self, data: bytes, at: int, most: int) -> npt.NDArray[Any]:
        """FRAME[n] of the packets from `at` on, at most `most`."""
        frames, buf = np.zeros(most, FRAME), np.frombuffer(data, np.uint8)
        link_type = int.from_bytes(self.head[20:24], self.order) & 0xFFFF
        n = index_pcap(buf, at, len(buf), self.order == "little", self.unit_ns, PACKET_HEADER, link_type, frames, most)[0]
        return frames[:n]

    def begin_of(self, frame: Any) -> int:
        """The offset in `data` of the frame's header."""
        return int(frame["start"]) - PACKET_HEADER


def words(data: bytes, at: int, little: bool) -> Words:
    """int64[n]: the 32-bit number at each offset of data[at:] that leaves room for a packet's header before the end."""
    raw = np.frombuffer(data, np.uint8)
    n = max(0, len(data) - PACKET_HEADER + 1)
    result = np.zeros(n, np.int64)
    for k in range(4):
        result |= raw[at + k : at + k + n].astype(np.int64) << (8 * (k if little else 3 - k))
    return result


def pcapng_framing(data: bytes) -> PcapngFraming | None:
    """The framing of a pcapng file with these first bytes; None where it has several sections or describes no interface."""
    window = Window(Feed(io.BytesIO(data)), read=max(len(data), 1))
    window.more()
    state, head = State([], []), b""
    frames, left_out = np.zeros(BLOCK_FRAMES, FRAME), np.zeros(3, np.int64)
    while True:
        clocks = state.clocks[: state.n_clocks]
        _, at, status = index_pcapng(
            window.data, window.start, window.end, state.little, clocks, len(clocks), frames, len(frames), left_out
        )
        window.start = at
        if status == CONTROL:
            state.read_block(window)
            block = window.data[at : window.start].tobytes()
            kind = int.from_bytes(block[:4], "little" if state.little else "big")
            if kind == SECTION and head:
                return None
            if kind in (SECTION, INTERFACE):
                head += block
        elif status != FULL:
            break
    if not state.n_clocks:
        return None
    return PcapngFraming(head, "little" if state.little else "big", state.clocks[: state.n_clocks])


@dataclass(frozen=True, eq=False)
class PcapngFraming:
    """The plausible packet blocks of a pcapng file: of a described interface, with the same length at both ends.

    head    the section header and its interfaces;  clocks: the interfaces'
    """

    head: bytes
    order: Order
    clocks: npt.NDArray[Any]
    align: int = 4  # as the length of every block is

    @property
    def n_interfaces(self) -> int:
        """The number of interfaces that `head` describes."""
        return len(self.clocks)

    def starts(self, data: bytes, *, to_end: bool) -> Iterator[int]:
        """Offsets in `data` of packet blocks that fifteen more blocks follow, or as many as fit before the file's end."""
        whole = len(data) - len(data) % 4
        numbers = np.frombuffer(data, "<u4" if self.order == "little" else ">u4", whole // 4).astype(np.int64)
        for piece in range(0, len(numbers), PIECE):
            kinds = numbers[piece : piece + PIECE]
            for place in (piece + np.flatnonzero((kinds == ENHANCED_PACKET) | (kinds == PACKET))).tolist():
                at, found = place, 0
                while found < IN_A_ROW and at < len(numbers) and (end := self.end_of_block_at(numbers, at)) is not None:
                    at = end
                    found += 1
                if found == IN_A_ROW or (to_end and 4 * at == len(data)):
                    yield 4 * place

    def end_of_block_at(self, numbers: Words, at: int) -> int | None:
        """The end of the block at `at`, both in words; None where there is no valid block, or where a new section begins."""
        if at + 3 > len(numbers):
            return None
        kind, size = int(numbers[at]), int(numbers[at + 1])
        end = at + size // 4
        if kind == SECTION or size < 12 or size > MAX_BLOCK or size % 4 or end > len(numbers) or numbers[end - 1] != size:
            return None
        if kind == ENHANCED_PACKET and (size < 32 or numbers[at + 2] >= self.n_interfaces or numbers[at + 5] > size - 32):
            return None
        return end

    def frames_from(self, data: bytes, at: int, most: int) -> npt.NDArray[Any]:
        """FRAME[n] of the packets from `at` on, at most `most`, up to the first without a time."""
        frames, buf = np.zeros(most, FRAME), np.frombuffer(data, np.uint8)
        n = index_pcapng(buf, at, len(buf), self.order == "little", self.clocks, len(self.clocks), frames, most, np.zeros(3, np.int64))[0]
        without = np.flatnonzero(frames["ts_ns"][:n] == NO_TIME)
        return frames[: int(without[0]) if len(without) else n]

    def begin_of(self, frame: Any) -> int:
        """The offset in `data` of the frame's header."""
        return int(frame["start"]) - BLOCK_HEAD


Framing = PcapFraming | PcapngFraming


def framing_of(file: IO[bytes], most: int) -> Framing | None:
    """The file's framing; None where it can't be cut. most: bytes that may be read to find it."""
    head = file.read(FILE_HEADER + PACKET_HEADER)
    if len(head) < FILE_HEADER + PACKET_HEADER:
        return None
    if starts_like_pcapng(head):
        file.seek(0)
        return pcapng_framing(file.read(min(most, DESCRIBED)))
    little, unit_ns, header = MAGICS.get(head[:4], (True, 1, 0))
    if header != PACKET_HEADER:
        return None
    order: Order = "little" if little else "big"
    return PcapFraming(head[:FILE_HEADER], order, unit_ns, int.from_bytes(head[FILE_HEADER : FILE_HEADER + 4], order))
