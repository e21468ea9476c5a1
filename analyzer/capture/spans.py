"""One large pcap or pcapng file as several that follow each other: cut between two packets, so that they can be read side by side.

Queues and interfaces hand over what they saw a moment late, so behind a cut there may lie packets that were seen before it. Those are
read with what lies before the cut, where one pass would have put them; the span behind leaves them out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block
from analyzer.capture.joined import joined
from analyzer.capture.packet_starts import Framing, framing_of
from analyzer.capture.stream import PAGE
from analyzer.packets.layout import NO_TIME

LOOK: Final = 1 << 22
"""How much is looked at to find a packet's beginning: sixteen packets of the largest size."""

BESIDE: Final = 4096
"""Packets whose times are looked at to find a place where none is out of order, or few are."""

ACROSS: Final = 4
"""So much more is looked at where several interfaces saw them: what one of them saw may come behind thousands of the others'."""


@dataclass(frozen=True)
class Span:
    """A piece of a file, [begin, end) in bytes.

    head     what is read before it, which says how the file is to be read: b"" for the first span, which has it itself
    from_ns  what is earlier was read with the spans before: `early` packets of it;  NO_TIME: nothing is
    late     packets of the next span that belong to this one, numbered from that one's first on; None: there are none
    n_interfaces   how many interfaces `head` describes
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
        """How many bytes its file has."""
        return len(self.head) + self.end - self.begin


class Cut(NamedTuple):
    """A place between two packets: in bytes, the latest time before it, and the packets behind it that are earlier (None: none are)."""

    at: int
    latest_ns: int
    late: Block | None


def spans_of(path: Path, n: int) -> list[Span]:
    """At most n spans of the file, of about one size, which together are all its packets; one of all where it can't be cut."""
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
    """The spans that these cuts leave of a file of that size."""
    spans = [Span(0, size)]
    for cut in cuts:
        early = 0 if cut.late is None else len(cut.late.frames)
        spans[-1] = replace(spans[-1], end=cut.at, late=cut.late)
        spans.append(Span(cut.at, size, framing.head, cut.latest_ns, early, None, framing.n_interfaces))
    return spans


def cut_behind(data: bytes, framing: Framing, at: int) -> Cut | None:
    """The place near the middle of the packets that lie behind `at` behind which the fewest are late; None where they have no times."""
    frames = framing.frames_from(data, at, BESIDE * (ACROSS if framing.n_interfaces > 1 else 1))
    times = frames["ts_ns"]
    n = len(times)
    if not n:
        return None
    latest, earliest = np.maximum.accumulate(times)[:-1], np.minimum.accumulate(times[::-1])[::-1]
    places = np.arange(1, n)
    until = np.maximum(np.searchsorted(earliest, latest, "left"), places)  # from there on nothing is earlier than what lies before
    places, until = places[n // 4 : n - n // 4], until[n // 4 : n - n // 4]
    if not len(places):
        return Cut(at, int(times[0]), late_among(data, frames, int(times[0])))
    best = np.lexsort((np.abs(places - n // 2), until - places))[0]
    place = int(places[best])
    latest_ns = int(latest[place - 1])
    return Cut(framing.begin_of(frames[place]), latest_ns, late_among(data, frames[place:], latest_ns))


def late_among(data: bytes, frames: npt.NDArray[Any], latest_ns: int) -> Block | None:
    """Those of the frames that are earlier, with their numbers among them and bytes of their own; None where none is."""
    late = np.flatnonzero(frames["ts_ns"] < latest_ns)
    if not len(late):
        return None
    chosen = frames[late]
    chosen["number"], chosen["source"] = late + 1, 0
    return joined([Block(np.frombuffer(data, np.uint8), chosen)], np.arange(len(late)))


class SpanFile(io.RawIOBase):
    """The bytes of a span behind what has to be read before them: a file that was never written."""

    def __init__(self, path: Path, span: Span) -> None:
        self._file = path.open("rb", buffering=0)
        self._before = span.head
        self._at, self._end = self._file.seek(span.begin), span.end

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        """Bytes put into `place`, 0 at the end."""
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
