"""One large pcap file as several that follow each other: cut between two packets, so that they can be read side by side.

Nothing in a pcap file marks where a packet begins. But a header says where the next one is, and sixteen that follow each other so,
all of them plausible, are hardly chance. Where they are (a capture file sent through a capture), the span before ends in the middle
of a packet; whoever reads it learns so, and reads the file as one. Of the packets behind, one is taken before which, as far as can be
seen from there, nothing lies that was seen later: queues hand over what they saw a moment late.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import MAX_FRAME
from analyzer.capture.pcap import FILE_HEADER, MAGICS, index_pcap
from analyzer.packets.layout import FRAME

IN_A_ROW: Final = 16
PACKET_HEADER: Final = 16

LOOK: Final = 1 << 22
"""How much is looked at to find a packet's beginning: sixteen packets of the largest size."""

PIECE: Final = 1 << 14
"""So much of it at a time: of most captures the first has several packets."""

BESIDE: Final = 4096
"""Packets whose times are looked at to find a place where none is out of order."""

YEAR_S: Final = 366 * 86_400


class Header(NamedTuple):
    """What a packet's header has to be like: its time no more than a year from begin_s, its sizes such as packets have."""

    order: Literal["little", "big"]
    unit_ns: int
    begin_s: int

    def end_of_packet_at(self, data: bytes, at: int) -> int | None:
        """Where the packet ends whose header lies there; None where none can."""
        seconds, fraction, captured, wire = (int.from_bytes(data[k : k + 4], self.order) for k in range(at, at + PACKET_HEADER, 4))
        true = abs(seconds - self.begin_s) <= YEAR_S and fraction * self.unit_ns < 1_000_000_000 and 0 < captured <= wire <= MAX_FRAME
        return at + PACKET_HEADER + captured if true else None


def spans_of(path: Path, n: int) -> list[tuple[int, int]]:
    """At most n spans [begin, end) of the file, of about one size, which together are all its packets; one of all where it can't be cut."""
    size = path.stat().st_size
    whole = [(FILE_HEADER, size)]
    with path.open("rb") as file:
        head = file.read(FILE_HEADER)
        if len(head) < FILE_HEADER or MAGICS.get(head[:4], (True, 1, 0))[2] != PACKET_HEADER:
            return whole
        little, unit_ns, _ = MAGICS[head[:4]]
        first = file.read(PACKET_HEADER)
        if len(first) < PACKET_HEADER:
            return whole
        order: Literal["little", "big"] = "little" if little else "big"
        header = Header(order, unit_ns, int.from_bytes(first[:4], order))
        cuts = [FILE_HEADER]
        for k in range(1, n):
            target = max(size * k // n, cuts[-1] + 1)
            file.seek(target)
            data = file.read(LOOK)
            at = next(packet_starts(data, header, to_end=target + LOOK >= size), None)
            if at is not None:
                cuts.append(target + in_order_from(data, header, at))
    return list(zip(cuts, [*cuts[1:], size], strict=True))


def packet_starts(data: bytes, header: Header, *, to_end: bool) -> Iterator[int]:
    """Where in `data` sixteen plausible headers begin that follow each other, or as many as there are up to the file's end."""
    for piece in range(0, len(data) - PACKET_HEADER + 1, PIECE):
        for start in plausible(data[piece : piece + PIECE + PACKET_HEADER - 1], header):
            at, found = piece + start, 0
            while found < IN_A_ROW and at + PACKET_HEADER <= len(data) and (end := header.end_of_packet_at(data, at)) is not None:
                at = end
                found += 1
            if found == IN_A_ROW or (to_end and at == len(data)):
                yield piece + start


def plausible(data: bytes, header: Header) -> list[int]:
    """The places in `data` where a packet's header may lie."""
    seconds, fraction, captured, wire = (words(data, at, header.order == "little") for at in (0, 4, 8, 12))
    found = (np.abs(seconds - header.begin_s) <= YEAR_S) & (fraction * header.unit_ns < 1_000_000_000)
    found &= (captured > 0) & (captured <= wire) & (wire <= MAX_FRAME)
    places: list[int] = np.flatnonzero(found).tolist()
    return places


def in_order_from(data: bytes, header: Header, at: int) -> int:
    """Where one of the packets behind `at` begins before which none was seen later, and behind which none earlier; `at`, without one."""
    frames = np.zeros(BESIDE, FRAME)
    buf = np.frombuffer(data, np.uint8)
    n = index_pcap(buf, at, len(buf), header.order == "little", header.unit_ns, PACKET_HEADER, 0, frames, len(frames))[0]
    times = frames["ts_ns"][:n]
    latest, earliest = np.maximum.accumulate(times)[:-1], np.minimum.accumulate(times[::-1])[::-1][1:]
    clean = np.flatnonzero(latest <= earliest) + 1
    if not len(clean):
        return at
    middle = clean[np.argmin(np.abs(clean - n // 2))]
    return int(frames["start"][middle]) - PACKET_HEADER


def words(data: bytes, at: int, little: bool) -> npt.NDArray[np.int64]:
    """int64[n]: the 32-bit number at each place of data[at:], as many as have room for a packet's header before the end."""
    raw = np.frombuffer(data, np.uint8)
    n = max(0, len(data) - PACKET_HEADER + 1)
    result = np.zeros(n, np.int64)
    for k in range(4):
        result |= raw[at + k : at + k + n].astype(np.int64) << (8 * (k if little else 3 - k))
    return result


class Span(io.RawIOBase):
    """The bytes of a file's span behind the file's own header: a pcap file that was never written."""

    def __init__(self, path: Path, begin: int, end: int) -> None:
        self._file = path.open("rb")
        self._before = self._file.read(FILE_HEADER)
        self._file.seek(begin)
        self._left = end - begin

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        """Bytes put into `place`, 0 at the end."""
        if self._before:
            got = min(len(place), len(self._before))
            place[:got] = self._before[:got]
            self._before = self._before[got:]
            return got
        got = self._file.readinto(memoryview(place)[: self._left])
        self._left -= got
        return got

    def close(self) -> None:
        self._file.close()
        super().close()
