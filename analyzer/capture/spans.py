"""One large pcap or pcapng file cut between packets into spans that follow each other, so that they can be read in parallel.

Queues and interfaces deliver some packets late, so packets behind a cut may be earlier than some before it. Those are read with the
span before the cut, where one pass would have put them; the span behind leaves them out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block
from analyzer.capture.joined import joined
from analyzer.capture.packet_starts import Framing, framing_of
from analyzer.packets.layout import NO_TIME
from analyzer.room import PAGE

LOOK: Final = 1 << 22
"""Bytes searched for a packet's beginning: sixteen packets of the largest size."""

BESIDE: Final = 4096
"""Packets whose times are compared to find a place where none or few are out of order."""

ACROSS: Final = 4
"""Factor for these two where the file has several interfaces: one's packets may come behind thousands of the others'."""


class Span(NamedTuple):
    """A piece of a file, [begin, end) in bytes.

    head     the file's header, read before the span; b"" for the first span, which contains it
    from_ns  earlier packets of this span (`early` of them) were read with the spans before;  NO_TIME: none
    late     packets of the next span that belong to this one, numbered from the next span's first packet on; None: none
    n_interfaces   the number of interfaces that `head` describes
    """

    begin: int
    end: int
    head: bytes = b""
    from_ns: int = NO_TIME
    early: int = 0
    late: Block | None = None
    n_interfaces: int = 0

    @property
    def size(self) -> int:
        """The number of bytes of its file."""
        return len(self.head) + self.end - self.begin


class Cut(NamedTuple):
    """A place between two packets: its offset, the latest time before it, and the earlier packets behind it (None: none)."""

    at: int
    latest_ns: int
    late: Block | None


def spans_of(path: Path, n: int) -> list[Span]:
    """At most n spans of about equal size that together hold all packets of the file; one span where it can't be cut."""
    size = path.stat().st_size
    with path.open("rb") as file:
        framing = framing_of(file, size // n)
        if framing is None:
            return [Span(0, size)]
        cuts: list[Cut] = []
        for k in range(1, n):
            target = -(-max(size * k // n, cuts[-1].at + 1 if cuts else len(framing.head)) // framing.align) * framing.align
            file.seek(target)
            data = file.read(LOOK * (ACROSS if framing.n_interfaces > 1 else 1))
            at = next(framing.starts(data, to_end=target + len(data) >= size), None)
            found = None if at is None else cut_behind(data, framing, at)
            if found is not None:
                cuts.append(found._replace(at=target + found.at))
    return spans_between(cuts, framing, size)


def spans_between(cuts: Sequence[Cut], framing: Framing, size: int) -> list[Span]:
    """The spans between these cuts of a file of that size."""
    spans = [Span(0, size)]
    for cut in cuts:
        early = 0 if cut.late is None else len(cut.late.frames)
        spans[-1] = spans[-1]._replace(end=cut.at, late=cut.late)
        spans.append(Span(cut.at, size, framing.head, cut.latest_ns, early, None, framing.n_interfaces))
    return spans


def cut_behind(data: bytes, framing: Framing, at: int) -> Cut | None:
    """The place with the fewest late packets behind it, near the middle of the packets from `at` on; None where there are no packets."""
    frames = framing.frames_from(data, at, BESIDE * (ACROSS if framing.n_interfaces > 1 else 1))
    times = frames["ts_ns"]
    n = len(times)
    if not n:
        return None
    latest, earliest = np.maximum.accumulate(times)[:-1], np.minimum.accumulate(times[::-1])[::-1]
    places = np.arange(1, n)
    until = np.maximum(np.searchsorted(earliest, latest, "left"), places)  # from here on no packet is earlier than one before the place
    places, until = places[n // 4 : n - n // 4], until[n // 4 : n - n // 4]
    if not len(places):
        return Cut(at, int(times[0]), late_among(data, frames, int(times[0])))
    best = np.lexsort((np.abs(places - n // 2), until - places))[0]
    place = int(places[best])
    latest_ns = int(latest[place - 1])
    return Cut(framing.begin_of(frames[place]), latest_ns, late_among(data, frames[place:], latest_ns))


def late_among(data: bytes, frames: npt.NDArray[Any], latest_ns: int) -> Block | None:
    """The frames earlier than latest_ns, numbered by their index, with a copy of their bytes; None where there are none."""
    late = np.flatnonzero(frames["ts_ns"] < latest_ns)
    if not len(late):
        return None
    chosen = frames[late]
    chosen["number"], chosen["source"] = late + 1, 0
    return joined([Block(np.frombuffer(data, np.uint8), chosen)], np.arange(len(late)))


class SpanFile(io.RawIOBase):
    """A span's bytes behind the file's header, as a file."""

    def __init__(self, path: Path, span: Span) -> None:
        self._file = path.open("rb", buffering=0)
        self._before = span.head
        self._at, self._end = self._file.seek(span.begin), span.end

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        """The number of bytes put into `place`, 0 at the end."""
        if self._before:
            got = min(len(place), len(self._before))
            place[:got] = self._before[:got]
            self._before = self._before[got:]
            return got
        # The first piece ends with a page of the file, so that all others begin with one, as the room for them does (stream.at_a_page).
        most = min(-self._at % PAGE or len(place), self._end - self._at)
        got = self._file.readinto(memoryview(place)[:most]) or 0
        self._at += got
        return got

    def close(self) -> None:
        self._file.close()
        super().close()
