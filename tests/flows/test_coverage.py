"""Distinct bytes of a stream, against a set of integers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import plain
from analyzer.flows.coverage import MAX_HOLES, behind, cover_out_of_order
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import FREE_HOLE, N_HOLES
from analyzer.packets.layout import PSH
from tests.streams.harness import ACK, CLIENT, Segment, Stage


class Covered:
    """A side of its own; positions count from `first`, where coverage begins with nothing."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.tables = empty_tables()
        self.side = self.tables.sides[0]
        self.side["low"] = self.side["high"] = first
        self.side["holes"] = -1

    def add(self, at: int, size: int) -> None:
        seq = (self.first + at) & 0xFFFFFFFF
        plain(cover_out_of_order)(self.tables.holes, self.tables.counts, self.tables.sides[:1], seq, size)

    @property
    def distinct(self) -> int:
        return int(self.side["distinct"])

    def span(self) -> tuple[int, int]:
        low, high = (((int(self.side[name]) - self.first + 2**31) & 0xFFFFFFFF) - 2**31 for name in ("low", "high"))
        return low, high

    def holes(self) -> list[tuple[int, int]]:
        found, row = [], int(self.side["holes"])
        while row >= 0:
            hole: Any = self.tables.holes[row]
            start, end = (((int(hole[name]) - self.first + 2**31) & 0xFFFFFFFF) - 2**31 for name in ("start", "end"))
            found.append((start, end))
            row = int(hole["next"])
        return found

    def free_rows(self) -> int:
        n, row = 0, int(self.tables.counts[FREE_HOLE])
        while row >= 0:
            n, row = n + 1, int(self.tables.holes[row]["next"])
        return n


SPANS = st.lists(st.tuples(st.integers(-60, 200), st.integers(1, 40)), max_size=40)
FIRST = st.sampled_from([0, 1, 5000, 2**31 - 30, 2**31, 2**32 - 1, 2**32 - 100])


@given(SPANS, FIRST)
@example([(10, 5), (0, 5), (5, 5)], 2**32 - 7)
@example([(0, 10), (50, 10), (20, 10), (5, 50)], 0)
@settings(max_examples=300, deadline=None)
def test_equals_a_set_of_integers(spans: list[tuple[int, int]], first: int) -> None:
    covered = Covered(first)
    seen: set[int] = set()
    low = high = 0
    for at, size in spans:
        covered.add(at, size)
        seen |= set(range(at, at + size))
        low, high = min(low, at), max(high, at + size)
        assert covered.distinct == len(seen)
        assert covered.span() == (low, high)
        missing = sorted(set(range(low, high)) - seen)
        assert [i for start, end in covered.holes() for i in range(start, end)] == missing
    assert covered.tables.counts[N_HOLES] == len(covered.holes()) + covered.free_rows()


@pytest.mark.parametrize(
    ("seq", "other", "ahead"), [(5, 3, 2), (3, 5, -2), (0, 2**32 - 1, 1), (2**32 - 1, 0, -1), (2**31 - 1, 0, 2**31 - 1), (7, 7, 0)]
)
def test_behind(seq: int, other: int, ahead: int) -> None:
    assert behind(seq, other) == ahead


UNIT = 7_000_003  # so that sequence numbers come round within a few hundred


@given(st.lists(st.tuples(st.integers(-100, 100), st.integers(1, 40)), max_size=60), FIRST)
@example([(60, 5), (80, 5), (80, 5), (80, 5), (80, 5), (-20, 6), (-90, 6), (-120, 6)], 0)
@example([(0, 30)] * 20 + [(-3, 3), (-30, 10)], 2**32 - 7)
@settings(max_examples=200, deadline=None)
def test_streams_longer_than_sequence_numbers(steps: list[tuple[int, int]], first: int) -> None:
    """Gaps further apart than 2 GiB, and packets sent again behind gigabytes of others. No window is larger than 1 GiB (RFC 7323).

    Where less than a quarter of 4 GiB was captured, what lies before the beginning and what behind can't be distinguished.
    """
    covered = Covered(first)
    seen: set[int] = set()
    high = 0
    for step, size in steps:
        at = max(0, high + step)
        if high - at > 140:
            continue
        covered.add(at * UNIT, size * UNIT)
        seen |= set(range(at, at + size))
        high = max(high, at + size)
        if len(seen) * UNIT < 2**30 and high * UNIT >= 2**32:
            return
        assert covered.distinct == len(seen) * UNIT
        assert int(covered.side["high"]) == (first + high * UNIT) & 0xFFFFFFFF and int(covered.side["low"]) == first
    spans = [(int(covered.side["high"]) - first - start) & 0xFFFFFFFF for start, _ in covered.holes()]
    if high * UNIT < 2**31:
        assert spans == sorted(spans, reverse=True)
    assert covered.tables.counts[N_HOLES] == len(covered.holes()) + covered.free_rows()


def test_more_holes_than_are_kept() -> None:
    """The lowest are given up: what fills them counts as sent again, what fills the others doesn't."""
    covered = Covered(1000)
    for i in range(1, MAX_HOLES + 11):
        covered.add(10 * i, 5)
    assert len(covered.holes()) == MAX_HOLES
    assert covered.distinct == 5 * (MAX_HOLES + 10)
    covered.add(0, 10)
    assert covered.distinct == 5 * (MAX_HOLES + 10)
    covered.add(10 * (MAX_HOLES + 9), 10)
    assert covered.distinct == 5 * (MAX_HOLES + 10) + 5
    assert covered.tables.counts[N_HOLES] <= MAX_HOLES + 1


def test_a_full_list_takes_a_hole_before_all_others() -> None:
    covered = Covered(1000)
    for i in range(1, MAX_HOLES + 1):
        covered.add(10 * i, 5)
    covered.add(-50, 5)
    assert len(covered.holes()) <= MAX_HOLES
    assert covered.holes() == sorted(covered.holes())


@given(SPANS)
@settings(max_examples=60, deadline=None)
def test_through_the_flow_table(spans: list[tuple[int, int]]) -> None:
    """As count_packets calls it, which takes a shorter way for packets in order."""
    stage = Stage(isns=(2**32 - 90, 0))
    seen: set[int] = set()
    for at, size in spans:
        stage.add([Segment(CLIENT, b"", at, PSH | ACK, wire_bytes=size)])
        seen |= set(range(at, at + size))
    side = stage.side(CLIENT)
    assert (int(side["distinct"]), int(side["bytes"])) == (len(seen), sum(size for _, size in spans))
