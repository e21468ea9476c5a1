"""Purpose: what a capture holds a moment late comes where it belongs, across blocks, and a clock that was set back moves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.settled import ACROSS_NS, MOST_HELD, MOST_STEPS, SAME_NS, settled
from analyzer.packets.layout import FRAME, NO_TIME

MS = 1_000_000

Seen = Sequence[tuple[int, int]]
"""(time, interface) of each frame."""


def blocks_of(seen: Seen, size: int = BLOCK_FRAMES) -> Iterator[Block]:
    """The frames in blocks of `size`, each of four bytes that say its place."""
    for first in range(0, len(seen), size):
        part = seen[first : first + size]
        frames = np.zeros(len(part), FRAME)
        frames["ts_ns"], frames["interface"] = np.array(part, np.int64).reshape(-1, 2).T
        frames["start"], frames["captured_bytes"] = 4 * np.arange(len(part)), 4
        yield Block(np.arange(first, first + len(part), dtype=np.uint32).view(np.uint8), frames)


def places(seen: Seen, size: int = BLOCK_FRAMES) -> list[int]:
    """The places of the frames as they come, each read from its bytes."""
    result = []
    for block in settled(blocks_of(seen, size)):
        assert 0 < len(block.frames) <= BLOCK_FRAMES
        result += [int(block.data[start : start + 4].view(np.uint32)[0]) for start in block.frames["start"].tolist()]
    assert sorted(result) == list(range(len(seen)))
    return result


def by_time(seen: Seen) -> list[int]:
    return sorted(range(len(seen)), key=lambda place: (seen[place][0], place))


def test_what_is_in_order_passes_untouched() -> None:
    blocks = list(blocks_of([(10 * place, place % 2) for place in range(100)], 7))
    assert all(one is other for one, other in zip(settled(blocks), blocks, strict=True))


@pytest.mark.parametrize("size", [1, 3, 50, BLOCK_FRAMES])
def test_the_ports_of_a_tap_hand_over_by_turns(size: int) -> None:
    """One direction each; a late frame has a quarter of a second."""
    batches = [[(250 * MS * turn + MS * place + port, port) for place in range(250)] for turn in range(6) for port in (1, 0)]
    seen = [one for batch in batches for one in batch]
    assert seen != sorted(seen) and places(seen, size) == by_time(seen)


def test_the_queues_of_a_card_overtake_each_other() -> None:
    chance = Random(1)
    order = sorted(range(20_000), key=lambda place: place * 20_000 + chance.randrange(MS))
    seen = [(place * 20_000, 0) for place in order]
    assert places(seen) == by_time(seen)


@pytest.mark.parametrize(("back", "ports"), [(SAME_NS + 5 * MS, 1), (ACROSS_NS + 5 * MS, 2)])
def test_a_clock_that_was_set_back_moves_nothing(back: int, ports: int) -> None:
    seen = [(MS * place - (back if place >= 700 else 0), place % ports) for place in range(1400)]
    assert places(seen) == places(seen, 100) == list(range(1400))


def test_before_and_behind_a_clock_that_was_set_back_frames_are_late_as_ever() -> None:
    seen = [((place ^ 1) * MS - (5 * ACROSS_NS if place >= 700 else 0), 0) for place in range(1400)]
    assert places(seen) == places(seen, 64) == [place ^ 1 for place in range(1400)]


def test_a_clock_that_is_set_all_the_time_moves_nothing() -> None:
    seen = [(-ACROSS_NS * 2 * (place // 2), 0) for place in range(2 * MOST_STEPS + 4)] + [(1, 0), (0, 0)]
    seen[1:1] = [(place, 0) for place in range(1, MOST_STEPS)]
    assert places(seen) == list(range(len(seen)))


@pytest.mark.parametrize("size", [50, BLOCK_FRAMES])
def test_a_file_that_was_written_backwards_is_turned_round(size: int) -> None:
    seen = [(ACROSS_NS * (place // 3), 0) for place in range(10_000)]
    assert places(seen[::-1], size) == list(range(10_000))[::-1]
    set_back = [(MS * place - 2 * ACROSS_NS * (place // 10), 0) for place in range(100)]
    assert places(set_back, size) == list(range(100))


def test_a_frame_without_a_time_stays_behind_the_one_before_it() -> None:
    seen = [(NO_TIME, 0), (5 * MS, 0), (NO_TIME, 0), (3 * MS, 0), (9 * MS, 0)]
    assert places(seen) == [0, 3, 1, 2, 4]


def test_no_more_waits_than_there_is_room_for() -> None:
    """All within a moment, and the last of them the earliest."""
    n = 3 * MOST_HELD
    seen = [(place * 10 + 10, 0) for place in range(n)]
    for late in range(BLOCK_FRAMES, n, BLOCK_FRAMES):
        seen[late], seen[late - 1] = seen[late - 1], seen[late]
    assert places(seen) == by_time(seen)
    assert places([*seen, (0, 0)]).index(n) < n


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40 * MS), st.integers(0, 2)), min_size=1, max_size=40), st.integers(1, 9))
def test_whatever_was_seen_within_a_moment_is_in_order(seen: list[tuple[int, int]], size: int) -> None:
    assert places(seen, size) == by_time(seen)
