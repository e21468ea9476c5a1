"""Offers are read to their end, and what waits is offered at last."""

from __future__ import annotations

import numpy as np

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_MESSAGES
from analyzer.packets.layout import ACK, PSH
from analyzer.streams.offers import offers_of_waiting, read_all, read_waiting
from tests.build import get
from tests.flows.packet_rows import A, B, count, packet, table_of

ASKED = get("/a")


def test_every_offer_is_read_whatever_room_it_takes() -> None:
    n = 600_000 // len(ASKED)
    rows = [packet(A, B, PSH | ACK, seq=0, ip_id=1, payload_bytes=len(ASKED), captured_bytes=len(ASKED))]
    tables = count(rows)
    packets = np.repeat(table_of(rows), n)
    packets["seq"] = np.arange(n) * len(ASKED)
    offers = np.stack([np.arange(n), np.zeros(n, np.int64), np.zeros(n, np.int64)], axis=1)
    tables = tables._replace(messages=tables.messages[: 1 << 16], pool=tables.pool[: 1 << 22])
    tables = read_all(np.frombuffer(ASKED, np.uint8), packets, offers, n, tables)
    assert tables.counts[N_MESSAGES] == n


def test_what_waits_is_read_at_last() -> None:
    half = len(ASKED) - 2
    tables = count([packet(A, B, PSH | ACK, seq=0, payload_bytes=half)])
    packets = table_of([packet(A, B, PSH | ACK, seq=0, payload_bytes=half, captured_bytes=half)])
    tables = read_all(np.frombuffer(ASKED, np.uint8), packets, np.zeros((1, 3), np.int64), 1, tables)
    assert tables.counts[N_MESSAGES] == 0
    assert offers_of_waiting(tables).tolist() == [[-1, 0, 0]]
    tables = read_waiting(tables)
    assert tables.counts[N_MESSAGES] == 1
    assert offers_of_waiting(tables).tolist() == []


def test_nothing_waits_in_empty_tables() -> None:
    assert offers_of_waiting(empty_tables()).shape == (0, 3)
