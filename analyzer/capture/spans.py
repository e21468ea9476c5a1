"""One large pcap file as several that follow each other: cut between two packets, so that they can be read side by side.

Nothing in a pcap file marks where a packet begins. But a header says where the next one is, and sixteen that follow each other so,
all of them plausible, are hardly chance. Where they are (a capture file sent through a capture), the span before ends in the middle
of a packet; whoever reads it learns so, and reads the file as one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import MAX_FRAME
from analyzer.capture.pcap import FILE_HEADER, MAGICS

IN_A_ROW: Final = 16
PACKET_HEADER: Final = 16

LOOK: Final = 1 << 22
"""How much is looked at to find a packet's beginning: sixteen packets of the largest size."""

YEAR_S: Final = 366 * 86_400


def spans_of(path: Path, n: int) -> list[tuple[int, int]]:
    """At most n spans [begin, end) of the file, of about one size, which together are all its packets; one of all where it can't be cut."""
    size = path.stat().st_size
    whole = [(FILE_HEADER, size)]
    with path.open("rb") as file:
        head = file.read(FILE_HEADER)
        if len(head) < FILE_HEADER or MAGICS.get(head[:4], (True, 1, 0))[2] != PACKET_HEADER:
            return whole
        cuts = [FILE_HEADER]
        for k in range(1, n):
            target = max(size * k // n, cuts[-1] + 1)
            file.seek(FILE_HEADER)
            first = file.read(PACKET_HEADER)
            file.seek(target)
            at = next(packet_starts(file.read(LOOK), head, first, to_end=target + LOOK >= size), None)
            if at is not None:
                cuts.append(target + at)
    return list(zip(cuts, [*cuts[1:], size], strict=True))


def packet_starts(data: bytes, head: bytes, first: bytes, *, to_end: bool) -> Iterator[int]:
    """Where in `data` sixteen plausible headers begin that follow each other, or as many as there are up to the file's end.

    head, first   the file's header and its first packet's
    """
    little, unit_ns, _ = MAGICS[head[:4]]
    order = "little" if little else "big"
    if len(first) < PACKET_HEADER or len(data) < PACKET_HEADER:
        return
    begin_s = int.from_bytes(first[:4], order)  # type: ignore[arg-type]
    seconds, fraction, captured, wire = (words(data, at, little) for at in (0, 4, 8, 12))
    plausible = (np.abs(seconds - begin_s) <= YEAR_S) & (fraction * unit_ns < 1_000_000_000)
    plausible &= (captured > 0) & (captured <= wire) & (wire <= MAX_FRAME)
    ends = captured + PACKET_HEADER
    for start in np.flatnonzero(plausible).tolist():
        at, found = start, 0
        while found < IN_A_ROW and at < len(plausible) and plausible[at]:
            at += int(ends[at])
            found += 1
        if found == IN_A_ROW or (to_end and at == len(data)):
            yield start


def words(data: bytes, at: int, little: bool) -> npt.NDArray[np.int64]:
    """int64[n]: the 32-bit number at each place of data[at:], as many as have room for a packet's header before the end."""
    raw = np.frombuffer(data, np.uint8)
    n = len(data) - PACKET_HEADER + 1
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
