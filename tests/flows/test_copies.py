"""Copies of a packet in two pieces count once."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.flows.copies import take_back_copies
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import CONTINUED, N_DUPLICATES, N_FIRSTS, Tables
from analyzer.packets.layout import ACK, PSH, RST, SYN, UDP
from tests.flows.packet_rows import START_NS, A, B, count, packet, records


def piece(*rows: dict[str, Any]) -> Tables:
    tables = empty_tables()
    tables.counts[CONTINUED] = 1
    return count(rows, tables)


def after(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> Tables:
    """The right piece without the packets that the left one has."""
    before, tables = piece(*left), piece(*right)
    firsts = tables.firsts[: tables.counts[N_FIRSTS]].copy()
    others = take_back_copies(tables, before.recent, firsts)
    assert len(others) + tables.counts[N_DUPLICATES] == len(right)
    return tables


DATA = packet(A, B, PSH | ACK, seq=100, payload_bytes=5)


@pytest.mark.parametrize("change", [{"ts_ns": START_NS + 1_000_000_001}, {"seq": 101}, {"ip_id": 2}, {"checksum": 1}, {"flags": ACK}])
def test_only_the_very_same_packet_is_a_copy(change: dict[str, Any]) -> None:
    assert after([DATA], [{**DATA, **change}]).counts[N_DUPLICATES] == 0


@pytest.mark.parametrize("more", [{}, {"flags": RST}, {"protocol": UDP}])
def test_a_copy_leaves_nothing(more: dict[str, Any]) -> None:
    row = {**DATA, **more}
    tables = after([row], [{**row, "ts_ns": START_NS + 1000}])
    (record,) = records(tables)
    assert tables.sides[["packets", "bytes"]][:2].tolist() == [(0, 0), (0, 0)]
    assert record["first_source"] == -1 and record["sources"] == 0
    if more:
        assert tables.sides["distinct"][:2].tolist() == [0, 0]


def test_times_and_inputs_are_those_of_the_others() -> None:
    later = {**DATA, "seq": 105, "ip_id": 2, "ts_ns": START_NS + 9000, "source": 2}
    tables = after([DATA], [{**DATA, "ts_ns": START_NS + 500, "source": 1}, later])
    (record,) = records(tables)
    assert (record["first_ns"], record["last_ns"]) == (START_NS + 9000, START_NS + 9000)
    assert (record["sources"], record["first_source"]) == (4, 2)
    assert tables.sides["packets"][:2].tolist() == [1, 0]


def test_a_copied_syn_begins_nothing() -> None:
    syn = packet(A, B, SYN, seq=100)
    (record,) = records(after([syn], [{**syn, "ts_ns": START_NS + 1000}]))
    assert record["syn_side"] == -1
