"""Several captures merged in time order.

Files that follow each other pass through unchanged. Where files overlap in time (two capture points, two interfaces), their frames are
copied into common blocks in time order. Within a file the order stays, except for frames that arrived slightly late (settled.py).

A capture that was rotated into several files is read as one capture. Interfaces and queues deliver frames out of order by fractions of
a second; where a file ends amid such frames, the next one begins before its end and still follows it. Such a file is recognized
by its name, which is the same except for numbers, and by the time of its first packet.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.joined import joined
from analyzer.capture.settled import settled
from analyzer.capture.source import Source
from analyzer.packets.layout import FRAME, NO_TIME

# Interfaces, queues and merged capture points are out of order by fractions of a second, and a copy may be that much later still.
MOMENT_NS: Final = 2_000_000_000

DATE: Final = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{6,}")

# Blocks read ahead to see whether a file ends; a longer file counts as parallel to the other.
MAX_AHEAD: Final = 256


def in_time_order(sources: Sequence[Source]) -> Iterator[Block]:
    """The blocks of all sources in time order; frames[i].source is the index of a frame's source."""
    return settled(interleaved(sources), points_of(sources), lambda: len(sources) == 1 and sources[0].has_several_interfaces)


def points_of(sources: Sequence[Source]) -> npt.NDArray[np.int64]:
    """int64[n sources]: the index of the first source of each one's series."""
    first: dict[tuple[str, str], int] = {}
    return np.array([first.setdefault(series_of(source), number) for number, source in enumerate(sources)], np.int64)


def interleaved(sources: Sequence[Source]) -> Iterator[Block]:
    """The blocks of all sources in time order, but each file in its own order."""
    if not sources:
        return
    if len(sources) == 1:
        yield from numbered(sources[0], 0)
        return
    starts = [source.first_time() for source in sources]
    waiting = in_order_of_starts(sources, starts)
    active: list[_Reader] = []
    while waiting or active:
        if not active:
            active.append(_Reader(sources[waiting[0]], waiting.pop(0)))
        begun = max((reader.horizon for reader in active), default=NO_TIME)
        while waiting and ((start := starts[waiting[0]]) is None or start <= begun):
            index = waiting.pop(0)
            before = continued_by(sources[index], starts[index], active)
            if before is not None:
                before.follow(sources[index], index)
            else:
                active.append(_Reader(sources[index], index))
                begun = max(begun, active[-1].horizon)
        if len(active) == 1:
            block = active[0].rest()
            if block is not None:
                yield block
        else:
            # No later frame comes before this horizon, by time and then by source.
            horizon, last = min((reader.horizon, reader.index) for reader in active)
            active.sort(key=lambda reader: reader.index)
            yield from _merged([reader.until(horizon, including=reader.index <= last) for reader in active])
        for reader in active:
            reader.refill()
        active = [reader for reader in active if reader.block is not None]


def in_order_of_starts(sources: Sequence[Source], starts: Sequence[int | None]) -> list[int]:
    """The sources' indices by their first packets' times; files of one series by the numbers in their names at nearly equal times."""
    order = sorted(range(len(sources)), key=lambda i: (starts[i] if starts[i] is not None else NO_TIME, i))
    for end in range(1, len(order)):
        k = end
        while k > 0 and _comes_before(sources, starts, order[k], order[k - 1]):
            order[k - 1], order[k] = order[k], order[k - 1]
            k -= 1
    return order


def _comes_before(sources: Sequence[Source], starts: Sequence[int | None], later: int, earlier: int) -> bool:
    """Whether the source that begins slightly later comes before the other in their series."""
    if series_of(sources[later]) != series_of(sources[earlier]) or not _hardly_differ(starts[later], starts[earlier]):
        return False
    return numbers_in(sources[later]) < numbers_in(sources[earlier])


def _hardly_differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= MOMENT_NS


def series_of(source: Source) -> tuple[str, str]:
    """The key that all files of a rotated capture share: the name without numbers, the folder without dates.

    gw1/ and gw2/ are two gateways.
    """
    return _series_of(source.name)


@lru_cache(1 << 16)
def _series_of(path: str) -> tuple[str, str]:
    folder, _, name = path.replace("\\", "/").rpartition("/")
    return DATE.sub("#", folder), re.sub(r"\d+", "#", name)


def numbers_in(source: Source) -> list[int]:
    """The numbers in the file's name, which count the files of a rotated capture."""
    return [int(digits) for digits in re.findall(r"\d+", source.name)]


def continued_by(source: Source, start: int | None, active: Sequence[_Reader]) -> _Reader | None:
    """The reader of the source's series that ends at most a moment behind its beginning; of several the one that ends first."""
    if start is None:
        return None
    found = [reader for reader in active if series_of(reader.source) == series_of(source) and reader.ends_by(start + MOMENT_NS)]
    return min(found, key=lambda reader: (reader.end, reader.index), default=None)


def numbered(source: Source, index: int) -> Iterator[Block]:
    """The source's blocks, with this index in their frames."""
    return source.blocks(index)


class _Reader:
    """One source and its continuations while they are merged: the current block, how much of it was used, a monotonic clock.

    source   the last of them;  index: the first one's index;  end: the clock's last time, once ends_by was true
    """

    def __init__(self, source: Source, index: int) -> None:
        self.source = source
        self.index = index
        self.end = NO_TIME
        self._blocks = numbered(source, index)
        self._ahead: list[Block] = []
        self._ahead_until = NO_TIME  # latest time in any block that was ever ahead; blocks used since then are in _clock too
        self._used = 0
        self._clock = NO_TIME
        self.block: Block | None = None
        self._times: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._next()

    @property
    def horizon(self) -> int:
        """A time before which no further frame of this source comes."""
        return int(self._times[-1]) if len(self._times) else self._clock

    def follow(self, source: Source, index: int) -> None:
        """Continue with this source when the current ones are read."""
        self.source = source
        self._blocks = itertools.chain(self._blocks, numbered(source, index))

    def ends_by(self, time_ns: int) -> bool:
        """True when no further frame of the sources known so far is later than this; blocks read to find out are kept."""
        while (until := max(self._clock, self._ahead_until)) <= time_ns and len(self._ahead) < MAX_AHEAD:
            following = next(self._blocks, None)
            if following is None:
                self.end = until
                return True
            self._ahead.append(following)
            self._ahead_until = max(self._ahead_until, int(following.frames["ts_ns"].max()))
        return False

    def _next(self) -> None:
        self.block = self._ahead.pop(0) if self._ahead else next(self._blocks, None)
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
        """The unused frames of the current block."""
        if self.block is None:
            return None
        block = Block(self.block.data, self.block.frames[self._used :])
        self._used = len(self.block.frames)
        return block

    def until(self, horizon: int, *, including: bool) -> tuple[Block, npt.NDArray[np.int64]]:
        """The frames before `horizon`, with `including` also those at it, and their monotonic times."""
        if self.block is None:
            return Block(np.zeros(0, np.uint8), np.zeros(0, FRAME)), np.zeros(0, np.int64)
        stop = int(np.searchsorted(self._times, horizon, side="right" if including else "left"))
        first, self._used = self._used, max(stop, self._used)
        return Block(self.block.data, self.block.frames[first : self._used]), self._times[first : self._used]


def _merged(parts: list[tuple[Block, npt.NDArray[np.int64]]]) -> Iterator[Block]:
    """The frames of all parts, given in the order of their sources, by time, then by source."""
    held = [(block, times) for block, times in parts if len(block.frames)]
    if not held:
        return
    order = np.argsort(np.concatenate([times for _, times in held]), kind="stable")
    merged = joined([block for block, _ in held], order)
    for first in range(0, len(merged.frames), BLOCK_FRAMES):
        yield Block(merged.data, merged.frames[first : first + BLOCK_FRAMES])
