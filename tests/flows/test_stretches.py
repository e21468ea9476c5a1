"""When a flow had packets, against intervals put together by hand, in any order and any pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import plain
from analyzer.facts.active import active_lists
from analyzer.flows.concatenate import concatenated
from analyzer.flows.fold import join_records
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.flows.stretches import GAP_NS, MAX_STRETCHES, add_stretch, set_stretches
from analyzer.packets.layout import NO_TIME
from analyzer.tables import ACTIVE_GAP_S
from tests.facts.settled import timeless
from tests.flows.packet_rows import START_NS, A, B, count, packet

SECOND = 10**9
Seen = tuple[int, int, int]  # second, bytes, side
seen = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 9), st.integers(0, 1)), min_size=1, max_size=14)


def table_of(packets: list[Seen]) -> Tables:
    rows = [
        packet(*((B, A) if side else (A, B)), ts_ns=START_NS + second * SECOND, payload_bytes=size, protocol=17, ip_id=i + 1)
        for i, (second, size, side) in enumerate(packets)
    ]
    return count(rows)


def listed(tables: Tables, row: int = 0) -> list[tuple[int, int, int, int]]:
    """(start, end, bytes of A, bytes of B) of each stretch, in seconds."""
    records = tables.records[row : row + 1]
    column = active_lists(
        tables, records, tables.sides[2 * row : 2 * row + 1], tables.sides[2 * row + 1 : 2 * row + 2], np.zeros(1, np.int64)
    )
    (stretches,) = column.cast(timeless(column.type)).to_pylist()
    seconds = [((s["start"] - START_NS) // SECOND, (s["end"] - START_NS) // SECOND) for s in stretches]
    return [(*times, s["bytes_out"], s["bytes_in"]) for times, s in zip(seconds, stretches, strict=True)]


def expected(packets: list[Seen]) -> list[tuple[int, int, int, int]]:
    found: list[list[int]] = []
    for second, size, side in sorted(packets):
        if not found or second - found[-1][1] > ACTIVE_GAP_S:
            found.append([second, second, 0, 0])
        found[-1][1] = second
        found[-1][2 + side] += size
    return [(a, b, c, d) for a, b, c, d in found]


def test_the_gap_is_the_documented_one() -> None:
    assert GAP_NS == ACTIVE_GAP_S * SECOND


@given(seen)
@settings(max_examples=200, deadline=None)
def test_packets_in_any_order(packets: list[Seen]) -> None:
    assert listed(table_of(packets)) == expected(packets)


@given(seen, seen)
@settings(max_examples=100, deadline=None)
def test_records_of_one_flow_in_any_order(first: list[Seen], second: list[Seen]) -> None:
    left, right = table_of(first), table_of(second)
    both = pasted(left, right)
    plain(join_records)(both, 0, 1)
    for side in range(2):
        both.sides["bytes"][side] += both.sides["bytes"][2 + side]
    assert listed(both) == expected(first + second)


def pasted(left: Tables, right: Tables) -> Tables:
    both = concatenated(left, right)
    assert both.counts[N_RECORDS] == 2
    return both


def test_later_ones_are_one_when_there_are_too_many() -> None:
    packets = [(20 * i, 1, 0) for i in range(MAX_STRETCHES + 50)]
    whole = listed(table_of(packets))
    assert whole[:-1] == expected(packets)[: MAX_STRETCHES - 1]
    assert whole[-1] == (20 * (MAX_STRETCHES - 1), 20 * (MAX_STRETCHES + 49), 51, 0)
    for cut in (1, 100, 280):
        both = pasted(table_of(packets[:cut]), table_of(packets[cut:]))
        plain(join_records)(both, 0, 1)
        both.sides["bytes"][0] += both.sides["bytes"][2]
        assert listed(both) == whole


def test_a_flow_without_times_has_no_stretch() -> None:
    tables = count([packet(ts_ns=NO_TIME, protocol=17), packet(ts_ns=NO_TIME, protocol=17, ip_id=2)])
    assert listed(tables) == []


def test_a_record_of_which_packets_are_taken_back() -> None:
    packets = [(0, 5, 0), (20, 3, 1), (40, 2, 0)]
    tables = table_of(packets)
    rest = packets[1:]
    columns: list[Any] = [np.array(column) for column in zip(*rest, strict=True)]
    set_stretches(tables, 0, START_NS + columns[0] * SECOND, columns[1].astype(np.int32), columns[2].astype(np.uint8), len(rest))
    tables.sides["bytes"][:2] = (2, 3)
    assert listed(tables) == expected(rest)


def test_one_that_was_never_seen() -> None:
    tables = empty_tables()
    tables.records["first_ns"][0] = tables.records["last_ns"][0] = NO_TIME
    tables.records["pauses"][0] = -1
    plain(add_stretch)(tables, 0, START_NS, START_NS + SECOND, 1, 2, 0, 0)
    tables.sides["bytes"][:2] = (1, 2)
    assert listed(tables) == [(0, 1, 1, 2)]
