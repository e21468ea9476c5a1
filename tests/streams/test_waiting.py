"""The list of segments that wait, against a plain one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import by_address
from analyzer.flows.grow import empty_tables, pack_arena
from analyzer.flows.layout import ARENA_LIVE, ARENA_USED, FREE_SEGMENT, N_RECORDS, N_SEGMENTS
from analyzer.streams.waiting import COALESCED, SEGMENT_COST, drop_all, drop_before, drop_first, gather, wait

BASE = 2**32 - 50  # numbers wrap within the test


class Waiting:
    """A side of its own in fresh tables; positions count from BASE.

    rows, side   the tables and the side as kernels see them
    """

    def __init__(self, **others: Any) -> None:
        self.tables = empty_tables()._replace(**others)
        self.tables.counts[N_RECORDS] = 1
        self.tables.sides["waiting"][:2] = -1
        self.rows = by_address(self.tables)
        self.side = self.rows.sides

    def wait(self, at: int, data: bytes) -> None:
        cursor = self.rows.cursor
        cursor.at, cursor.end, cursor.seq, cursor.ts_ns, cursor.ack = 1, 1 + len(data), number(at), at, at
        wait(self.rows, self.side, b"?" + data + b"?", cursor)

    def gather(self, at: int) -> bytes:
        n = gather(self.rows, self.side, number(at))
        return self.tables.scratch[:n].tobytes()

    def segments(self) -> list[tuple[int, bytes]]:
        found, row = [], self.side.waiting
        while row >= 0:
            segment: Any = self.tables.segments[row]
            data = self.tables.arena[int(segment["at"]) : int(segment["at"]) + int(segment["size"])].tobytes()
            found.append(((int(segment["seq"]) - BASE) & 0xFFFFFFFF, data))
            row = int(segment["next"])
        held = sum(len(data) for _, data in found)
        assert held == self.tables.counts[ARENA_LIVE] == self.side.waiting_bytes - SEGMENT_COST * len(found)
        return found


def number(at: int) -> int:
    return (BASE + at) & 0xFFFFFFFF


# Nothing, or more than what is put to the segment before it.
PIECES = st.lists(st.tuples(st.integers(0, 100), st.binary(max_size=20).map(lambda data: data and data + bytes(COALESCED))), max_size=15)


@given(PIECES)
@settings(max_examples=100, deadline=None)
def test_segments_are_kept_by_sequence_number(pieces: list[tuple[int, bytes]]) -> None:
    waiting = Waiting()
    for at, data in pieces:
        waiting.wait(at, data)
    assert waiting.segments() == sorted([piece for piece in pieces if piece[1]], key=lambda piece: piece[0])


@given(st.sets(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=12), st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_gather_gives_what_lies_together(spans: set[tuple[int, int]], start: int) -> None:
    stream = bytes(range(100))
    waiting = Waiting()
    for at, size in spans:
        waiting.wait(at, stream[at : at + size])
    drop_before(waiting.rows, waiting.side, number(start))
    known = {i for at, size in spans for i in range(at, min(at + size, 100))}
    end = start
    while end in known:
        end += 1
    assert waiting.gather(start) == stream[start:end]


@given(PIECES, st.integers(0, 120))
@settings(max_examples=100, deadline=None)
def test_drop_before_lets_go_of_the_first_that_are_past(pieces: list[tuple[int, bytes]], until: int) -> None:
    waiting = Waiting()
    for at, data in pieces:
        waiting.wait(at, data)
    kept = waiting.segments()
    while kept and kept[0][0] + len(kept[0][1]) <= until:
        kept.pop(0)
    drop_before(waiting.rows, waiting.side, number(until))
    assert waiting.segments() == kept


def test_rows_are_used_again() -> None:
    waiting = Waiting()
    for round_ in range(50):
        for i in range(5):
            waiting.wait(10 * i, b"x" * 5)
        assert waiting.tables.counts[N_SEGMENTS] == 5
        if round_ % 2:
            drop_all(waiting.rows, waiting.side)
        else:
            for _ in range(5):
                drop_first(waiting.rows, waiting.side)
        assert waiting.segments() == []
    assert waiting.tables.counts[FREE_SEGMENT] >= 0


@pytest.mark.parametrize("room", [1, 7, 25])
def test_gather_stops_where_the_scratch_is_full(room: int) -> None:
    waiting = Waiting(scratch=np.zeros(room, np.uint8))
    waiting.wait(0, b"0123456789")
    waiting.wait(10, b"abcdefghijklmnop")
    assert waiting.gather(0) == b"0123456789abcdefghijklmnop"[:room]


@given(PIECES, st.integers(0, 14))
@settings(max_examples=60, deadline=None)
def test_packing_the_arena_keeps_what_waits(pieces: list[tuple[int, bytes]], dropped: int) -> None:
    waiting = Waiting()
    for at, data in pieces:
        waiting.wait(at, data)
    for _ in range(min(dropped, len(waiting.segments()))):
        drop_first(waiting.rows, waiting.side)
    before = waiting.segments()
    pack_arena(waiting.tables, waiting.tables.arena.copy())
    assert waiting.segments() == before
    assert waiting.tables.counts[ARENA_USED] == waiting.tables.counts[ARENA_LIVE]


def test_a_small_piece_is_put_to_the_segment_it_continues() -> None:
    waiting = Waiting()
    for i in range(100):
        waiting.wait(10 + i, b"x")
    waiting.wait(5, b"y")
    assert waiting.segments() == [(5, b"y"), (10, b"x" * 100)]


def test_where_nothing_waits_the_arena_begins_anew() -> None:
    waiting = Waiting()
    for at in (0, COALESCED):
        waiting.wait(at, bytes([at]) * COALESCED)
    drop_first(waiting.rows, waiting.side)
    assert waiting.tables.counts[[ARENA_LIVE, ARENA_USED]].tolist() == [COALESCED, 2 * COALESCED]
    assert waiting.gather(COALESCED) == bytes([COALESCED]) * COALESCED
    drop_first(waiting.rows, waiting.side)
    assert waiting.tables.counts[[ARENA_LIVE, ARENA_USED]].tolist() == [0, 0]
    waiting.wait(20, b"abc")
    assert waiting.segments() == [(20, b"abc")] and waiting.gather(20) == b"abc"
