"""How late the frames of a span came: little enough that the order they are put in is the same wherever the reading began.

What waits for late frames (settled.py) depends on where blocks begin and on how late frames were before. But what is late by less than
is always waited for, and behind fewer frames, comes to its place in any case. A span whose frames are later than that is not read alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.settled import LEAST_NS, are_ordered, is_backwards
from analyzer.packets.layout import NO_TIME

Times = npt.NDArray[np.int64]


class Lateness:
    """What the times of a span's frames, in the order of the file, say of where its blocks may begin.

    sure   whether they are put in the same order wherever blocks begin, as far as they were read
    early  how many were left out because they belong to the span before
    """

    def __init__(self, from_ns: int = NO_TIME) -> None:
        """from_ns: what is earlier belongs to the span before."""
        self.sure = True
        self.early = 0
        self._from_ns = from_ns
        self._before: Times = np.zeros(0, np.int64)
        self._latest = self._earlier = NO_TIME  # of all blocks so far; of those before `_before`

    def watched(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The same blocks without what belongs to the span before; nothing further once it isn't sure."""
        first = True
        for block in blocks:
            times, before = np.ascontiguousarray(block.frames["ts_ns"]), self._latest
            ordered = are_ordered(block.frames, len(times), before)
            self.sure = bool(ordered) or self._in_reach(times)
            self._latest = max(before, int(times[-1] if ordered else times.max()))
            self._earlier, self._before = before, times
            if int(times[0] if ordered else times.min()) < self._from_ns:
                own = times >= self._from_ns
                self.early += len(own) - int(np.count_nonzero(own))
                block = Block(block.data, block.frames[own])
            if first and len(block.frames):
                self.sure, first = self.sure and not is_backwards(block), False
            if not self.sure:
                return
            if len(block.frames):
                yield block

    def _in_reach(self, times: Times) -> bool:
        if (earliest := int(times.min())) == NO_TIME or earliest < self._earlier:  # without a time, or later than a whole block
            return False
        both = np.concatenate([self._before, times])
        latest = np.maximum.accumulate(both)
        late = np.flatnonzero(both < latest)
        overtaken = late - np.searchsorted(latest, both[late], "right")
        return int((latest - both)[late].max(initial=0)) <= LEAST_NS and int(overtaken.max(initial=0)) <= BLOCK_FRAMES
