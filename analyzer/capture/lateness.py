"""How late frames of a span arrived: if little enough, the order they are put in doesn't depend on where the reading began.

How long late frames are waited for (settled.py) depends on where blocks begin and on how late frames were before. But a frame that is
late by less than the minimum wait, behind fewer frames than are always held, gets its place in any case. A span with later frames isn't
read alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.settled import ACROSS_NS, LEAST_NS, MOST_HELD, SAME_NS, are_ordered, is_backwards
from analyzer.packets.layout import NO_TIME

Times = npt.NDArray[np.int64]


class Before(NamedTuple):
    """The frames of a block that was read, and the latest time before them."""

    frames: npt.NDArray[Any]
    latest: int

    @property
    def times(self) -> Times:
        """The frames' times."""
        times: Times = self.frames["ts_ns"]
        return times


class Lateness:
    """Checks, from the times of a span's frames in file order, whether the span can be read alone.

    sure     whether the frames read so far are put in the same order wherever blocks begin
    early    number of frames left out because they belong to the span before
    several  whether the frames came from several interfaces
    """

    def __init__(self, from_ns: int = NO_TIME, across: Callable[[], bool] = bool) -> None:
        """from_ns: earlier frames belong to the span before; across: as in settled."""
        self.sure = True
        self.early = 0
        self.several = False
        self._across = across
        self._from_ns = from_ns
        self._latest = NO_TIME
        self._before: deque[Before] = deque()  # as many blocks as hold all frames that may wait
        self._n_before = 0

    def watched(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The blocks without frames of the span before; ends once `sure` is False."""
        asked, first = False, True
        for block in blocks:
            if not asked:
                self.several, asked = self._across(), True
            one = Before(block.frames, self._latest)
            if block.times is not None and block.times[0] >= self._latest:
                first_ns, last_ns = block.times
            else:
                times, ordered = one.times, bool(are_ordered(block.frames, len(block.frames), self._latest))
                self.sure = ordered or self._in_reach(one)
                first_ns, last_ns = (int(times[0]), int(times[-1])) if ordered else (int(times.min()), int(times.max()))
            self._latest = max(self._latest, last_ns)
            self._remember(one)
            if first_ns < self._from_ns:
                own = one.times >= self._from_ns
                self.early += len(own) - int(np.count_nonzero(own))
                block = Block(block.data, block.frames[own])
            if first and len(block.frames):
                self.sure, first = self.sure and not is_backwards(block), False
            if not self.sure:
                return
            if len(block.frames):
                yield block

    @property
    def _room(self) -> int:
        return MOST_HELD if self.several else BLOCK_FRAMES

    def _remember(self, one: Before) -> None:
        self._before.append(one)
        self._n_before += len(one.frames)
        while self._n_before - len(self._before[0].frames) >= self._room:
            self._n_before -= len(self._before.popleft().frames)

    def _in_reach(self, one: Before) -> bool:
        earliest = int(one.times.min())
        if earliest == NO_TIME:
            return False
        parts = [one]
        for before in reversed(self._before):
            if parts[-1].latest <= earliest:
                break
            parts.append(before)
        if parts[-1].latest > earliest:  # further back than the blocks that are kept
            return False
        both = np.concatenate([part.times for part in reversed(parts)])
        latest = np.maximum.accumulate(both)
        late = np.flatnonzero(both < latest)
        furthest = int((latest - both)[late].max(initial=0))
        overtaken = late - np.searchsorted(latest, both[late], "right")
        if furthest > (ACROSS_NS if self.several else LEAST_NS) or int(overtaken.max(initial=0)) > self._room:
            return False
        interfaces = np.concatenate([part.frames["interface"] for part in reversed(parts)])
        return furthest <= SAME_NS or all(are_within(both[interfaces == each], SAME_NS) for each in np.unique(interfaces))


def are_within(times: Times, reach_ns: int) -> bool:
    """Whether none of the times is more than reach_ns earlier than one before it."""
    return bool((np.maximum.accumulate(times) - times).max(initial=0) <= reach_ns)
