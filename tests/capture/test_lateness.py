"""Where a span is sure of its frames' order, blocks may begin anywhere, and more may come before it: the order is the same."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.lateness import Lateness
from analyzer.capture.settled import LEAST_NS, settled
from analyzer.packets.layout import FRAME, NO_TIME

MS = 1_000_000


def blocks_of(times: list[int], size: int) -> Iterator[Block]:
    for first in range(0, len(times), size):
        part = times[first : first + size]
        frames = np.zeros(len(part), FRAME)
        frames["ts_ns"], frames["number"] = part, np.arange(first, first + len(part))
        yield Block(np.zeros(4, np.uint8), frames)


def is_sure(times: list[int], size: int = 100) -> bool:
    lateness = Lateness()
    read = sum(len(block.frames) for block in lateness.watched(blocks_of(times, size)))
    assert not lateness.sure or read == len(times)
    return lateness.sure


def order_of(times: list[int], size: int) -> list[int]:
    return [int(number) for block in settled(blocks_of(times, size)) for number in block.frames["number"]]


@pytest.mark.parametrize("late_ns", [MS, LEAST_NS, LEAST_NS + 1, 200 * MS])
def test_frames_may_be_late_by_so_much(late_ns: int) -> None:
    times = [k * MS for k in range(1_000)]
    times[507] = times[506] - late_ns
    assert is_sure(times) == (late_ns <= LEAST_NS)


def test_where_it_is_sure_the_order_depends_on_nothing_else() -> None:
    chance = Random(3)
    for _ in range(20):
        late_ns, apart = chance.choice([2, 8]) * MS, chance.choice([1, 4]) * MS // 4
        times = [k * apart - (chance.random() < 0.1) * chance.randrange(late_ns) for k in range(900)]
        assert is_sure(times)
        expected = sorted(range(len(times)), key=lambda place: (times[place], place))
        assert all(order_of(times, size) == expected for size in (30, 100, 333, BLOCK_FRAMES))


def test_behind_more_than_a_block_nobody_can_be_sure() -> None:
    times = [1_000 * k for k in range(300)]
    times[250] = times[40]
    assert all(is_sure(times, size) and order_of(times, size)[41] == 250 for size in (300, 100))
    assert not is_sure([k for k in range(2 * BLOCK_FRAMES) if k != 5] + [5], 2 * BLOCK_FRAMES)


def test_frames_without_a_time_and_files_turned_round() -> None:
    assert not is_sure([10, 20, NO_TIME, 30])
    assert not is_sure([90, 80, 70, 60, 50, 40])
    assert is_sure([]) and is_sure([5]) and is_sure([5, 5, 6])
