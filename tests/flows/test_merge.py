"""Which records of two pieces are one, and where reading goes on; the laws themselves are tested in tests/test_partial.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.compiled.rows import plain
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import HELD_BACK, N_HELD, N_RECORDS
from analyzer.flows.merge import released_tables, take_over
from analyzer.packets.layout import ACK, PSH, SYN
from analyzer.streams.offers import read_all
from tests.flows.packet_rows import A, B, count, merged, packet, piece, records

DATA: dict[str, Any] = {"flags": PSH | ACK, "payload_bytes": 5}


SYN_A, SYN_B = packet(A, B, SYN, seq=100), packet(B, A, SYN, seq=100)


@pytest.mark.parametrize(
    ("left", "right", "answer"),
    [
        ([SYN_A], [packet(A, B, seq=101, **DATA)], 1),
        ([SYN_A], [{**SYN_A, "ip_id": 9}], 1),
        ([SYN_A], [packet(A, B, SYN, seq=900)], 2),
        ([SYN_A], [SYN_B], 2),
        ([packet(A, B, seq=101, **DATA)], [SYN_A], 2),
        ([SYN_A], [packet(A, B, seq=101, **DATA), {**SYN_A, "ip_id": 9}], 1),
        ([SYN_A], [packet(A, B, SYN, seq=900), {**SYN_A, "ip_id": 9}], 3),
        ([SYN_A], [packet((0, 1, 1), B, seq=101, **DATA)], 2),
    ],
)
def test_records_are_those_of_one_pass(left: list[dict[str, Any]], right: list[dict[str, Any]], answer: int) -> None:
    tables = merged(piece(*left), piece(*right))
    assert tables.counts[N_RECORDS] == answer == count([*left, *right]).counts[N_RECORDS]
    packets = tables.sides["packets"][: 2 * answer]
    assert packets.sum() == len(left) + len(right)


def test_what_follows_nothing_known_stays_held_back() -> None:
    row = packet(A, B, seq=7, captured_bytes=0, **DATA)
    tables = merged(piece(row), piece({**row, "seq": 12}))
    assert (tables.sides["seen"][:2] & HELD_BACK).all()
    tables = released_tables(tables, read_all)
    assert not (tables.sides["seen"][:2] & HELD_BACK).any()
    assert tables.counts[N_HELD] == 0
    assert len(records(tables)) == 1


def test_requests_are_numbered_on() -> None:
    sides = empty_tables().sides
    side, later = sides[0:1], sides[1:2]
    side["requests"], side["heads"] = 62, 1
    later["requests"], later["heads"], later["tunnels"], later["state"], later["resume"] = 3, 0b101, 0b100, 1, 77
    plain(take_over)(side, later)
    assert side[["requests", "state", "resume"]].tolist() == [(65, 1, 77)]
    assert int(side["heads"][0]) == 1 | 1 << 62 | 1  # the third wraps round to bit 0
    assert np.array_equal(side["tunnels"], [1])
