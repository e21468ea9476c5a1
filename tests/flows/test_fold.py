"""Records that are one connection become one flow, and their counts add up to what one pass would have given."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.fold import fold_records
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.packets.layout import ACK, NO_TIME, PSH, RST, SYN
from tests.conftest import ROOT
from tests.flows.packet_rows import START_NS, A, B, count, packet, records


def fold(tables: Tables) -> tuple[int, list[int], list[int]]:
    """(flows, the flow of each record, the head of each flow)."""
    n = int(tables.counts[N_RECORDS])
    slots = np.zeros(1 << max(4, (2 * n).bit_length()), np.int32)
    flow_of, heads = np.zeros(n, np.int32), np.zeros(n, np.int32)
    n_flows = int(fold_records(tables, slots, len(slots), flow_of, heads))
    return n_flows, flow_of.tolist(), heads[:n_flows].tolist()


def side(tables: Tables, record: int = 0) -> dict[str, int]:
    row: Any = tables.sides[2 * record]
    return {name: int(row[name]) for name in ("packets", "bytes", "distinct", "base", "low", "high", "seen")}


def data(seq: int, size: int = 10, ip_id: int = 0, **more: int) -> dict[str, Any]:
    return packet(seq=seq, payload_bytes=size, flags=PSH | ACK, ip_id=ip_id or seq & 0xFFFF or 1, **more)


def test_a_syn_that_comes_behind_its_data_is_of_the_same_flow() -> None:
    rows = [data(101), packet(flags=SYN, seq=100, ip_id=9), data(111)]
    tables = count(rows)
    assert len(records(tables)) == 2
    assert fold(tables) == (1, [0, 0], [0])
    assert int(records(tables)[0]["syn_side"]) == 0
    assert side(tables) | {"seen": 0} == {"packets": 3, "bytes": 20, "distinct": 20, "base": 100, "low": 101, "high": 121, "seen": 0}


def test_a_syn_with_another_number_begins_a_flow() -> None:
    tables = count([packet(flags=SYN, seq=100), data(101), packet(flags=SYN, seq=900, ip_id=9), data(901)])
    assert fold(tables) == (2, [0, 1], [0, 1])
    assert [side(tables, record)["distinct"] for record in (0, 1)] == [10, 10]


def test_a_syn_of_a_side_that_has_said_nothing_goes_on() -> None:
    """The server's packets were captured first: the client's SYN is no new connection."""
    tables = count([packet(B, A, SYN | ACK, seq=500), packet(A, B, SYN, seq=100, ip_id=2), data(101)])
    assert fold(tables)[0] == 1
    assert int(records(tables)[0]["isn"]) == 100


def test_conversations_are_not_mixed() -> None:
    rows = [packet((0, 100 + i % 50, 7), B, SYN, seq=5 + i // 50, ip_id=i + 1) for i in range(150)]
    n_flows, flow_of, heads = fold(count(rows))
    assert (n_flows, flow_of, heads) == (150, list(range(150)), list(range(150)))


def test_times_sources_marks() -> None:
    rows = [
        data(101, ts_ns=START_NS + 5, source=2, outer0=7),
        packet(flags=SYN, seq=100, ip_id=9, ts_ns=START_NS, source=1, outer0=3),
        data(111, ts_ns=START_NS + 9, source=4),
    ]
    tables = count(rows)
    records(tables)[1]["unreachable"] = 1
    fold(tables)
    head = records(tables)[0]
    assert [int(head[name]) for name in ("first_ns", "last_ns", "outer0", "first_source", "sources", "unreachable")] == [
        START_NS,
        START_NS + 9,
        3,
        1,
        0b10110,
        1,
    ]


def test_records_without_times() -> None:
    tables = count([data(101, ts_ns=NO_TIME), packet(flags=SYN, seq=100, ip_id=9, ts_ns=NO_TIME)])
    fold(tables)
    assert int(records(tables)[0]["first_ns"]) == NO_TIME


def test_what_a_reset_carried_stays_counted() -> None:
    tables = count(
        [data(101), packet(flags=SYN, seq=100, ip_id=9), data(101, ip_id=77), packet(flags=RST, seq=111, payload_bytes=8, ip_id=8)]
    )
    fold(tables)
    assert (side(tables)["bytes"], side(tables)["distinct"]) == (28, 18)


SPANS = st.lists(st.tuples(st.integers(0, 150), st.integers(1, 30)), min_size=1, max_size=12)


@given(SPANS, SPANS, st.sampled_from([1000, 2**32 - 60]))
@settings(max_examples=150, deadline=None)
def test_distinct_bytes_of_two_records_equal_a_set_of_integers(
    first: list[tuple[int, int]], second: list[tuple[int, int]], isn: int
) -> None:
    def row(at: int, size: int, ip_id: int) -> dict[str, Any]:
        return data((isn + 1 + at) & 0xFFFFFFFF, size, ip_id)

    rows = [row(0, 1, 1), *(row(at, size, 2 + i) for i, (at, size) in enumerate(first))]
    rows += [packet(flags=SYN, seq=isn, ip_id=500), *(row(at, size, 600 + i) for i, (at, size) in enumerate(second))]
    tables = count(rows)
    assert fold(tables)[0] == 1
    seen = {0} | {i for at, size in (*first, *second) for i in range(at, at + size)}
    assert side(tables)["distinct"] == len(seen)
    assert side(tables)["bytes"] == 1 + sum(size for _, size in (*first, *second))


FLOOD = """
from tests.flows.test_fold import *
from analyzer.flows.grow import with_room_to_fold
from analyzer.flows.layout import N_HOLES
rows = []
for i in range(250):
    end = (0, 100 + i, 7)
    for seq, ip_id in ((101, 1), (100, 2), (131, 3), (161, 4), (191, 5), (221, 6)):
        rows.append(packet(end, B, SYN if seq == 100 else PSH | ACK, seq=seq, ip_id=ip_id, payload_bytes=0 if seq == 100 else 10))
tables = count(rows)
assert int(tables.counts[N_HOLES]) == 1000 and len(tables.holes) == 1024
tables = with_room_to_fold(tables)
assert fold(tables)[0] == 250
print(int(tables.counts[N_HOLES]) <= len(tables.holes))
"""


def test_holes_of_many_folded_records_stay_in_their_table() -> None:
    """In a process of its own, as what is written behind a table's end may end it."""
    done = subprocess.run([sys.executable, "-c", FLOOD], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr[-500:]


def test_how_a_connection_ended_is_what_its_first_record_with_an_end_says() -> None:
    """The client's end is side 0: it isn't the same as none."""
    for first in (0, 1):
        rows = [data(101, ts_ns=START_NS), packet(flags=SYN, seq=100, ip_id=9, ts_ns=START_NS + 1), data(111, ts_ns=START_NS + 2)]
        tables = count(rows)
        one, other = records(tables)[0], records(tables)[1]
        one["end_side"], one["end_ns"], one["end_reset"] = first, START_NS + 5, 1
        other["end_side"], other["end_ns"], other["end_reset"] = 1 - first, START_NS + 9, 0
        fold(tables)
        head = records(tables)[0]
        assert (int(head["end_side"]), int(head["end_ns"]), int(head["end_reset"])) == (first, START_NS + 5, 1)
