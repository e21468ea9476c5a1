"""Concatenated tables keep the content of each."""

from __future__ import annotations

import numpy as np

from analyzer.flows.concatenate import add_firsts, add_recent, concatenated, renumbered, without
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import FREE_HOLE, HELD, MAX_FIRSTS, N_FIRSTS, N_HELD, N_HOLES, N_RECORDS, N_SIGHTINGS, RECENT, STORE_USED, Tables
from analyzer.packets.layout import ACK, PSH
from tests.flows.packet_rows import B, count, packet, records


def gaps(n: int, first: int = 1) -> Tables:
    """n conversations, each with two holes."""
    rows = [
        packet((0, first + i, 9), B, PSH | ACK, seq=seq, ip_id=k + 1, payload_bytes=10, source=i)
        for i in range(n)
        for k, seq in enumerate((0, 20, 40))
    ]
    return count(rows)


def holes_of(tables: Tables, side: int) -> list[tuple[int, int]]:
    found, at = [], int(tables.sides["holes"][side])
    while at >= 0:
        found.append((int(tables.holes["start"][at]), int(tables.holes["end"][at])))
        at = int(tables.holes["next"][at])
    return found


def test_lists_move_along() -> None:
    left, right = gaps(3), gaps(2, 50)
    tables = concatenated(left, right)
    assert (tables.counts[N_RECORDS], tables.counts[N_HOLES], tables.counts[FREE_HOLE]) == (5, 10, -1)
    assert [holes_of(tables, side) for side in range(10) if tables.sides["packets"][side]] == [[(10, 20), (30, 40)]] * 5
    assert left.counts[N_RECORDS] == 3
    assert records(tables)["a_lo"].tolist() == [1, 2, 3, 50, 51]


def test_there_is_room_for_more() -> None:
    left = gaps(600)
    tables = concatenated(concatenated(left, gaps(600, 5000)), gaps(600, 10_000))
    assert tables.counts[N_HOLES] == 3600
    for name in ("records", "holes", "messages", "pool", "held", "store"):
        assert len(getattr(tables, name)) >= len(getattr(empty_tables(), name))
    assert len(tables.holes) >= 2 * 3600


def test_inputs_get_other_numbers() -> None:
    tables = renumbered(gaps(70), np.arange(70)[::-1])
    assert records(tables)["first_source"].tolist() == list(range(69, -1, -1))
    late = tables.sightings[: tables.counts[N_SIGHTINGS]]
    bits = [[i for i in range(63) if int(mask) >> i & 1] for mask in tables.records["sources"][:70]]
    for record, source in late.tolist():
        bits[record].append(source)
    assert bits == [[69 - i] for i in range(70)]


def test_rows_that_go_are_stood_for() -> None:
    tables = gaps(4)
    into = np.array([-1, -1, 0, -1])
    tables.firsts["record"][:3] = [0, 2, 3]
    tables.counts[N_FIRSTS] = 3
    tables.store[:5] = np.frombuffer(b"aabbb", np.uint8)
    tables.held[:2] = np.array([(0, 0, 1, 2, 0, 0, 0), (0, 2, 3, 3, 0, 0, 0)], HELD)
    tables.counts[N_HELD], tables.counts[STORE_USED] = 2, 5
    tables = without(tables, into, np.zeros(0, np.bool_), np.array([True, False]))
    assert records(tables)["a_lo"].tolist() == [1, 2, 4]
    assert tables.firsts["record"][:3].tolist() == [0, 0, 2]
    assert tables.held[:1].tolist() == [(0, 0, 2, 3, 0, 0, 0)]
    assert bytes(tables.store[: tables.counts[STORE_USED]]) == b"bbb"


def test_only_as_many_first_packets_as_are_remembered() -> None:
    tables = empty_tables()
    for digest in range(3):
        firsts = np.zeros(MAX_FIRSTS // 2 - 1, tables.firsts.dtype)
        firsts["digest"] = digest
        add_firsts(tables, firsts)
    assert tables.counts[N_FIRSTS] == MAX_FIRSTS
    assert np.bincount(tables.firsts["digest"].astype(int)).tolist() == [MAX_FIRSTS // 2 - 1] * 2 + [2]


def test_the_packets_seen_last_come_first() -> None:
    tables = empty_tables()
    tables.recent["digest"][:8] = [1, 2, 3, 4, 5, 6, 0, 0]
    right = np.zeros(len(tables.recent), RECENT)
    right["digest"][:8] = [11, 0, 13, 14, 0, 0, 17, 0]
    add_recent(tables, right)
    assert tables.recent["digest"][:8].tolist() == [11, 1, 13, 14, 5, 6, 17, 0]
