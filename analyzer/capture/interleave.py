"""Several captures as one, in the order of time.

Files that follow each other pass through as they are. Where they overlap (two capture points, two interfaces) their frames
are copied into common blocks, ordered by time. Within a file the order stays, but for what was handed over a moment late (settled.py).

One capture that was rotated into several files is read as the one it was. What interfaces and queues hand over is out of order by
fractions of a second, and where a file ends in the middle of that, the next one begins before its end: that one follows all the
same. It is recognised by its name, which but for the numbers in it is the same, and by the time of its first packet.
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

# Blocks that are read ahead to see whether a file ends; beyond, it is one that goes on beside the other.
MAX_AHEAD: Final = 256


def in_time_order(sources: Sequence[Source]) -> Iterator[Block]:
    """The blocks of all sources together; frames[i].source says which one a frame came from."""
    return settled(interleaved(sources), points_of(sources), lambda: len(sources) == 1 and sources[0].has_several_interfaces)


def points_of(sources: Sequence[Source]) -> npt.NDArray[np.int64]:
    """int64[n sources]: the number of the first source of each one's series."""
    first: dict[tuple[str, str], int] = {}
    return np.array([first.setdefault(series_of(source), number) for number, source in enumerate(sources)], np.int64)


def interleaved(sources: Sequence[Source]) -> Iterator[Block]:
    """As in_time_order, each file in its own order."""
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
            # Up to here, by time and then by source, nothing that is still to come belongs.
            horizon, last = min((reader.horizon, reader.index) for reader in active)
            active.sort(key=lambda reader: reader.index)
            yield from _merged([reader.until(horizon, including=reader.index <= last) for reader in active])
        for reader in active:
            reader.refill()
        active = [reader for reader in active if reader.block is not None]


def in_order_of_starts(sources: Sequence[Source], starts: Sequence[int | None]) -> list[int]:
    """The sources' numbers by their first packets' times; files of one series by the numbers in their names where those hardly differ."""
    order = sorted(range(len(sources)), key=lambda i: (starts[i] if starts[i] is not None else NO_TIME, i))
    for end in range(1, len(order)):
        k = end
        while k > 0 and _comes_before(sources, starts, order[k], order[k - 1]):
            order[k - 1], order[k] = order[k], order[k - 1]
            k -= 1
    return order


def _comes_before(sources: Sequence[Source], starts: Sequence[int | None], later: int, earlier: int) -> bool:
    """Whether the source that begins a moment later comes before the other in their series."""
    if series_of(sources[later]) != series_of(sources[earlier]) or not _hardly_differ(starts[later], starts[earlier]):
        return False
    return numbers_in(sources[later]) < numbers_in(sources[earlier])


def _hardly_differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= MOMENT_NS


def series_of(source: Source) -> tuple[str, str]:
    """What the files have in common that a capture was rotated into: their names but for numbers, their folder but for dates.

    gw1/ and gw2/ are two gateways.
    """
    return _series_of(source.name)


@lru_cache(1 << 16)
def _series_of(path: str) -> tuple[str, str]:
    folder, _, name = path.replace("\\", "/").rpartition("/")
    return DATE.sub("#", folder), re.sub(r"\d+", "#", name)


def numbers_in(source: Source) -> list[int]:
    """The numbers in the file's name, which count a rotated capture's files."""
    return [int(digits) for digits in re.findall(r"\d+", source.name)]


def continued_by(source: Source, start: int | None, active: Sequence[_Reader]) -> _Reader | None:
    """The reader of the source's series that ends at most a moment behind its beginning; of several the one that ends first."""
    if start is None:
        return None
    found = [reader for reader in active if series_of(reader.source) == series_of(source) and reader.ends_by(start + MOMENT_NS)]
    return min(found, key=lambda reader: (reader.end, reader.index), default=None)


def numbered(source: Source, index: int) -> Iterator[Block]:
    """The source's blocks, as those of the input of that number."""
    return source.blocks(index)


class _Reader:
    """One source, and those that continue it, while they are merged: the current block, how far it was used, a monotonic clock.

    source   the last of them;  index: the first one's number;  end: the clock's last time, once ends_by was true
    """

    def __init__(self, source: Source, index: int) -> None:
        self.source = source
        self.index = index
        self.end = NO_TIME
        self._blocks = numbered(source, index)
        self._ahead: list[Block] = []
        self._used = 0
        self._clock = NO_TIME
        self.block: Block | None = None
        self._times: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._next()

    @property
    def horizon(self) -> int:
        """No frame that is still to come from this source is earlier."""
        return int(self._times[-1]) if len(self._times) else self._clock

    def follow(self, source: Source, index: int) -> None:
        """Go on with this source when the last one is read."""
        self.source = source
        self._blocks = itertools.chain(self._blocks, numbered(source, index))

    def ends_by(self, time_ns: int) -> bool:
        """True when nothing is still to come, from the sources known so far, that is later; what is read to see it is kept."""
        clock = self._clock
        for block in self._ahead:
            clock = max(clock, int(block.frames["ts_ns"].max()))
        while clock <= time_ns and len(self._ahead) < MAX_AHEAD:
            following = next(self._blocks, None)
            if following is None:
                self.end = clock
                return True
            self._ahead.append(following)
            clock = max(clock, int(following.frames["ts_ns"].max()))
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
    order = np.argsort(np.concatenate([times for _, times in held]), kind="stable")
    merged = joined([block for block, _ in held], order)
    for first in range(0, len(merged.frames), BLOCK_FRAMES):
        yield Block(merged.data, merged.frames[first : first + BLOCK_FRAMES])
