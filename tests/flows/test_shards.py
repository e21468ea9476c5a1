"""Shares of the conversations, each read alone and put side by side, are the same flows as all read at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import FREE_HOLE, N_BY_STATUS, N_DUPLICATES, N_RECORDS, Tables
from analyzer.flows.shards import side_by_side
from analyzer.flows.table import count_packets
from analyzer.names.read import read_offers
from analyzer.packets.layout import ACK, FRAME, NOT_IP, PSH, SYN
from tests.build import get
from tests.flows.packet_rows import START_NS, B, count, packet, table_of
from tests.names.settled import rows_of

ASKED = get("/")


def conversations(n: int = 60) -> list[dict[str, Any]]:
    """Each with a hole in its bytes, every other one seen in a late input, some behind its own data's SYN, and copies."""
    rows = []
    for i in range(n):
        end = (0, 500 + i, 1000 + i)
        more = {"ts_ns": START_NS + i * 1000, "source": 70 if i % 2 else 0}
        rows.append(packet(end, B, PSH | ACK, seq=100, ip_id=4, payload_bytes=len(ASKED), captured_bytes=len(ASKED), **more))
        for seq, ip_id in ((131, 1), (161, 2), (191, 3), (191, 3)):
            rows.append(packet(end, B, PSH | ACK, seq=seq, ip_id=ip_id, payload_bytes=10, **more))
        rows.append(packet(end, B, SYN, seq=900 if i % 3 else 1, ip_id=9, **more))
    return [*rows, packet(status=NOT_IP)]


def shares(rows: list[dict[str, Any]], n_shards: int) -> Tables:
    packets, frames = table_of(rows), np.zeros(len(rows), FRAME)
    frames["source"] = [row.get("source", 0) for row in rows]
    parts = []
    for shard in range(n_shards):
        tables = empty_tables()
        offers = np.zeros((len(rows), 3), np.int64)
        done, n_offers = count_packets(frames, packets, 0, len(rows), tables, offers, shard, n_shards)
        assert done == len(rows)
        assert read_offers(np.frombuffer(ASKED, np.uint8), packets, offers, 0, n_offers, tables) == n_offers
        parts.append(tables)
    return side_by_side(parts)


@pytest.mark.parametrize("n_shards", [1, 2, 3, 8])
def test_the_same_flows(n_shards: int) -> None:
    rows = conversations()
    whole = rows_of(shares(rows, 1), 71)
    assert rows_of(shares(rows, n_shards), 71) == whole
    assert {row["client_family"] for row in whole} >= {"other"}


def test_flows_in_which_nothing_was_said() -> None:
    rows = [packet((0, 500 + i, 7), B, SYN, seq=i) for i in range(20)]
    assert rows_of(shares(rows, 2)) == rows_of(count(rows))


@pytest.mark.parametrize("n_shards", [1, 2, 5])
def test_every_frame_is_counted_once(n_shards: int) -> None:
    whole, joined = count(conversations()), shares(conversations(), n_shards)
    assert joined.counts[N_RECORDS] == whole.counts[N_RECORDS]
    assert joined.counts[N_DUPLICATES] == whole.counts[N_DUPLICATES] > 0
    assert joined.counts[N_BY_STATUS : N_BY_STATUS + 8].tolist() == whole.counts[N_BY_STATUS : N_BY_STATUS + 8].tolist()


def test_holes_can_be_added_to_the_joined_table() -> None:
    joined = shares(conversations(), 2)
    assert joined.counts[FREE_HOLE] == -1
