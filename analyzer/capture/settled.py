"""Puts frames that a capture holds slightly out of order into time order.

The queues of a network card, the two ports of a tap and merged capture points deliver frames in batches, so an answer may come before
its request, and a connection's data before its SYN. Holding frames back for a moment corrects that. A larger step back in time is a
clock that was set: there the file's order is the true one, and it is kept. A file with its frames in reverse order, as some tools
write it, is reversed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.joined import joined
from analyzer.compiled import kernel
from analyzer.packets.layout import NO_TIME

SAME_NS: Final = 50_000_000
"""Nanoseconds that a frame of the same interface may be late. Queues of a card differ by fractions of a millisecond; clocks are set by
more than this (timesyncd slews below 400 ms, ntpd below 128 ms)."""

ACROSS_NS: Final = 1_000_000_000
"""Nanoseconds that a frame of another interface may be late: dumpcap waits 250 ms at most before it delivers an interface's packets."""

MOST_HELD: Final = 8 * BLOCK_FRAMES
"""The most frames that are held back, at whatever rate."""

LEAST_NS: Final = SAME_NS
"""Nanoseconds that frames are held back at least, once any came late."""

LEAST_BACKWARDS: Final = 4
"""Backward steps in the first block of a file that counts as reversed. A clock isn't set that often."""

MOST_TURNED: Final = 1 << 20
"""Frames of a reversed file that are held at once."""

MOST_STEPS: Final = 32
"""The most backward steps among held frames that count as a clock that was set. With more, nothing is reordered."""

Times = npt.NDArray[np.int64]
Points = npt.NDArray[np.int64]


def settled(blocks: Iterable[Block], points: Points | None = None, across: Callable[[], bool] = bool) -> Iterator[Block]:
    """The same frames in time order, as far as batched delivery explains their order; blocks in order pass unchanged.

    A block is held until the next one is read, which may contain frames that belong into it. Meanwhile its bytes leave the nearest cache,
    so the decoder prefetches them; then holding costs 2 to 4 % of the reading. After a late frame, frames are held for four times its
    lateness. With several interfaces frames are held as long as any may be late.

    points   for each input, the index of the first input of its capture point, as of a rotated capture's files; None: each its own
    across   whether several interfaces captured the frames; called once there are any
    """
    blocks = (block for block in blocks if len(block.frames))
    first = next(blocks, None)
    if first is None:
        return
    blocks = itertools.chain([first], blocks)
    if is_backwards(first):
        blocks = _turned(blocks)
    held: list[Waiting] = []
    several = across()
    wait_ns, room = ACROSS_NS, MOST_HELD if several else BLOCK_FRAMES
    latest_ns = 0
    waiting = 0
    for block in blocks:
        one = _waiting(block, held[-1].last_ns if held else NO_TIME)
        if one.ordered and (not held or held[-1].ordered):
            held.append(one)
            waiting += len(block.frames)
        else:
            whole, late_ns = _sorted([*_taken_from(held, block), block], points)
            latest_ns = max(latest_ns, late_ns)
            held.append(_waiting(whole))
            wait_ns, room = ACROSS_NS if several else min(ACROSS_NS, max(4 * latest_ns, LEAST_NS)), MOST_HELD
            waiting = sum(len(each.block.frames) for each in held)
        while len(held) > 1 and (held[0].last_ns <= held[-1].last_ns - wait_ns or waiting - len(held[0].block.frames) >= room):
            due = held.pop(0).block
            waiting -= len(due.frames)
            yield from _pieces(due)
        if len(held) == 1 and waiting > BLOCK_FRAMES:
            yield from _cut(held, wait_ns, room)
            waiting = len(held[0].block.frames)
    for each in held:
        yield from _pieces(each.block)


class Waiting(NamedTuple):
    """A held block: its last frame's time, and whether its times ascend."""

    block: Block
    last_ns: int
    ordered: bool


def _waiting(block: Block, before_ns: int = NO_TIME) -> Waiting:
    """before_ns: the time of the frame before the first."""
    if block.times is not None:
        return Waiting(block, block.times[1], block.times[0] >= before_ns)
    n = len(block.frames)
    return Waiting(block, int(block.frames["ts_ns"][n - 1]), bool(are_ordered(block.frames, n, before_ns)))


@kernel
def are_ordered(frames, n_frames, before_ns):
    """Whether the frames' times ascend; before_ns: the time of the frame before the first."""
    for i in range(n_frames):
        now = (frames + i).ts_ns
        if now < before_ns:
            return False
        before_ns = now
    return True


def is_backwards(block: Block) -> bool:
    """Whether nearly every frame is earlier than the one before it."""
    times = block.frames["ts_ns"]
    back, on = int(np.sum(times[1:] < times[:-1])), int(np.sum(times[1:] > times[:-1]))
    return back >= LEAST_BACKWARDS and back >= 9 * on


def _turned(blocks: Iterator[Block]) -> Iterator[Block]:
    """The frames that are held at once, by time, those of equal time in reverse; then the rest unchanged."""
    taken: list[Block] = []
    while sum(len(block.frames) for block in taken) < MOST_TURNED and (block := next(blocks, None)) is not None:
        taken.append(block)
    times = _filled(np.concatenate([block.frames["ts_ns"] for block in taken]))
    yield from _pieces(joined(taken, np.lexsort((-np.arange(len(times)), times))))
    yield from blocks


def _taken_from(held: list[Waiting], block: Block) -> list[Block]:
    """The held blocks that the block's frames may belong into, removed from `held`: from the first frame on that is later than one of it.

    The frames before it aren't copied again with each block that comes.
    """
    times = block.frames["ts_ns"]
    earliest = int(times.min(where=times != NO_TIME, initial=np.iinfo(np.int64).max))
    for number, (one, last_ns, ordered) in enumerate(held):
        if ordered and last_ns <= earliest:
            continue
        later = np.flatnonzero(one.frames["ts_ns"] > earliest)
        if len(later):
            place = int(later[0])
            taken = [Block(one.data, one.frames[place:]), *(each.block for each in held[number + 1 :])]
            held[number:] = [_waiting(Block(one.data, one.frames[:place]))] if place else []
            return taken
    return []


def _sorted(blocks: list[Block], points: Points | None) -> tuple[Block, int]:
    """(all frames as one block, in order; the largest lateness among them, in ns)."""
    times = _filled(np.concatenate([block.frames["ts_ns"] for block in blocks]))
    source, interface = (np.concatenate([block.frames[name] for block in blocks]).astype(np.int64) for name in ("source", "interface"))
    where = (source if points is None else points[source]) << 32 | interface
    ends = steps(times, where)
    order = np.arange(len(times))
    late_ns = 0
    if len(ends) <= MOST_STEPS:
        for start, end in zip([0, *ends], [*ends, len(times)], strict=True):
            part = times[start:end]
            order[start:end] = start + np.argsort(part, kind="stable")
            late_ns = max(late_ns, int((np.maximum.accumulate(part) - part).max()))
    return joined(blocks, order), late_ns


def steps(times: Times, where: Times) -> list[int]:
    """The indices of the frames where the clock was set back: too early to have come late.

    where   the interface, of which input, that captured the frame
    """
    found: list[int] = []
    start = 0
    while start < len(times) and len(found) <= MOST_STEPS:
        back = np.maximum.accumulate(times[start:]) - times[start:] > ACROSS_NS
        for one in np.unique(where[start:]):
            own = np.flatnonzero(where[start:] == one)
            back[own] |= np.maximum.accumulate(times[start:][own]) - times[start:][own] > SAME_NS
        if not back.any():
            break
        start += int(np.argmax(back))
        found.append(start)
    return found


def _filled(times: Times) -> Times:
    """The times; a frame without one gets that of the frame before it."""
    known = np.where(times == NO_TIME, 0, np.arange(len(times)))
    result: Times = times[np.maximum.accumulate(known)]
    return result


def _cut(held: list[Waiting], wait_ns: int, room: int) -> Iterator[Block]:
    """The frames cut off the only held block that needn't be held: older than `wait_ns`, or beyond the room."""
    block = held[0].block
    young = block.frames["ts_ns"] > held[0].last_ns - wait_ns
    due = max(int(np.argmax(young)), len(block.frames) - room)
    yield from _pieces(Block(block.data, block.frames[:due]))
    held[0] = _waiting(Block(block.data, block.frames[due:]))


def _pieces(block: Block) -> list[Block]:
    """The frames in blocks of the size that engines take."""
    n = len(block.frames)
    if n <= BLOCK_FRAMES:
        return [block] if n else []
    return [Block(block.data, block.frames[first : first + BLOCK_FRAMES]) for first in range(0, n, BLOCK_FRAMES)]
