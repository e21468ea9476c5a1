"""Several captures as one, in the order of time.

Files that follow each other pass through as they are. Where they overlap (two capture points, two interfaces) their frames
are copied into common blocks, ordered by time; the order within each file is never changed, whatever its clock did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.source import Source
from analyzer.kernels import kernel
from analyzer.memory import copy_bytes
from analyzer.packets.layout import FRAME, NO_TIME


def in_time_order(sources: Sequence[Source]) -> Iterator[Block]:
    """The blocks of all sources together; frames[i].source says which one a frame came from."""
    if not sources:
        return
    if len(sources) == 1:
        yield from _numbered(sources[0], 0)
        return
    starts = [source.first_time() for source in sources]
    waiting = sorted(range(len(sources)), key=lambda i: (starts[i] if starts[i] is not None else NO_TIME, i))
    active: list[_Reader] = []
    while waiting or active:
        if not active:
            active.append(_Reader(sources[waiting[0]], waiting.pop(0)))
        begun = max((reader.horizon for reader in active), default=NO_TIME)
        while waiting and (starts[waiting[0]] is None or starts[waiting[0]] <= begun):  # type: ignore[operator]
            active.append(_Reader(sources[waiting[0]], waiting.pop(0)))
            begun = max(begun, active[-1].horizon)
        if len(active) == 1:
            block = active[0].rest()
            if block is not None:
                yield block
        else:
            # Up to here, by time and then by source, nothing that is still to come belongs.
            horizon, last = min((reader.horizon, reader.index) for reader in active)
            active.sort(key=lambda reader: reader.index)
            yield from _merged([reader.until(horizon, including=reader.index <= last) for reader in active])
        for reader in active:
            reader.refill()
        active = [reader for reader in active if reader.block is not None]


def _numbered(source: Source, index: int) -> Iterator[Block]:
    for block in source.blocks():
        block.frames["source"] = index
        yield block


class _Reader:
    """One source while it is merged: its current block, how far it was used, and its clock made monotonic."""

    def __init__(self, source: Source, index: int) -> None:
        self.index = index
        self._blocks = _numbered(source, index)
        self._used = 0
        self._clock = NO_TIME
        self.block: Block | None = None
        self._times: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._next()

    @property
    def horizon(self) -> int:
        """No frame that is still to come from this source is earlier."""
        return int(self._times[-1]) if len(self._times) else self._clock

    def _next(self) -> None:
        self.block = next(self._blocks, None)
        self._used = 0
        if self.block is None:
            self._times = np.zeros(0, np.int64)
            return
        self._times = np.maximum.accumulate(np.maximum(self.block.frames["ts_ns"], self._clock))
        self._clock = int(self._times[-1])

    def refill(self) -> None:
        if self.block is not None and self._used == len(self.block.frames):
            self._next()

    def rest(self) -> Block | None:
        """What is left of the current block."""
        if self.block is None:
            return None
        block = Block(self.block.data, self.block.frames[self._used :])
        self._used = len(self.block.frames)
        return block

    def until(self, horizon: int, *, including: bool) -> tuple[Block, npt.NDArray[np.int64]]:
        """The frames before `horizon`, or up to and at it, and their monotonic times."""
        if self.block is None:
            return Block(np.zeros(0, np.uint8), np.zeros(0, FRAME)), np.zeros(0, np.int64)
        stop = int(np.searchsorted(self._times, horizon, side="right" if including else "left"))
        first, self._used = self._used, max(stop, self._used)
        return Block(self.block.data, self.block.frames[first : self._used]), self._times[first : self._used]


def _merged(parts: list[tuple[Block, npt.NDArray[np.int64]]]) -> Iterator[Block]:
    """The frames of all parts, which are in the order of their sources, by time, then by source."""
    held = [(block, times) for block, times in parts if len(block.frames)]
    if not held:
        return
    frames = np.concatenate([block.frames for block, _ in held])
    ends = np.cumsum(frames["captured_bytes"], dtype=np.int64)
    data = np.empty(int(ends[-1]), np.uint8)
    first = 0
    for block, _ in held:
        n = len(block.frames)
        copy_frames(block.data, frames[first : first + n], ends[first] - frames["captured_bytes"][first], data)
        first += n
    order = np.argsort(np.concatenate([times for _, times in held]), kind="stable")
    frames = frames[order]
    for first in range(0, len(frames), BLOCK_FRAMES):
        yield Block(data, frames[first : first + BLOCK_FRAMES])


@kernel
def copy_frames(buf, frames, at, out):  # type: ignore[no-untyped-def]
    """Copy each frame's bytes behind each other into `out`, from `at` on, and let the frames point there."""
    for i in range(len(frames)):
        frame = frames[i]
        start = frame.start
        copy_bytes(buf, start, frame.captured_bytes, out, at)
        frame.start = at
        at += frame.captured_bytes


def progress_of(sources: Sequence[Source]) -> tuple[int, int | None]:
    """Bytes used so far and in all; None where a stream's length can't be known."""
    sizes: list[Any] = [source.size for source in sources]
    return sum(source.taken() for source in sources), (None if None in sizes else sum(sizes))
