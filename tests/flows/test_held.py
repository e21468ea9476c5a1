"""Which payload a piece holds back, because it may continue what an earlier piece began."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.compiled.rows import plain
from analyzer.flows.grow import empty_tables
from analyzer.flows.held import hold
from analyzer.flows.layout import CONTINUED, HELD_BACK, MAX_FIRSTS, N_FIRSTS, N_HELD, STORE_USED
from analyzer.packets.layout import ACK, PSH, RST, SYN, UDP
from tests.flows.packet_rows import A, B, count, packet, records


def held_back(rows: list[dict[str, Any]], *, continued: bool = True) -> list[bool]:
    """By record, whether it is held back; both its sides are, or neither."""
    tables = empty_tables()
    tables.counts[CONTINUED] = continued
    rows = [{**row, "ip_id": i + 1} for i, row in enumerate(rows)]
    tables = count(rows, tables)
    seen = tables.sides["seen"][: 2 * len(records(tables))] & HELD_BACK != 0
    assert (seen[0::2] == seen[1::2]).all()
    return seen[0::2].tolist()


DATA: dict[str, Any] = {"flags": PSH | ACK, "payload_bytes": 5}
SYN_A, SYN_ACK_B = packet(A, B, SYN, seq=100), packet(B, A, SYN | ACK, seq=500)


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([packet(A, B, seq=7, **DATA)], [True]),
        ([packet(A, B, seq=7)], [True]),
        ([SYN_ACK_B], [True]),
        ([SYN_A, SYN_ACK_B, packet(A, B, seq=101, **DATA), packet(B, A, seq=501, **DATA)], [False]),
        ([SYN_A, packet(B, A, seq=501, **DATA)], [True]),
        ([SYN_A, SYN_ACK_B, packet(A, B, seq=111, **DATA)], [True]),
        ([SYN_A, SYN_ACK_B, packet(A, B, seq=101, **DATA), packet(A, B, seq=121, **DATA)], [False]),
        ([packet(A, B, RST, seq=7)], [False]),
        ([packet(A, B, seq=7), SYN_A], [True, True]),
        ([SYN_A, packet(A, B, SYN, seq=900), packet(B, A, seq=501)], [False, False]),
        ([packet(A, B, protocol=UDP, payload_bytes=9)], [False]),
    ],
)
def test_only_what_may_continue_is_held_back(rows: list[dict[str, Any]], answer: list[bool]) -> None:
    assert held_back(rows) == answer
    assert not any(held_back(rows, continued=False))


def test_the_first_packets_are_remembered() -> None:
    tables = empty_tables()
    tables.counts[CONTINUED] = 1
    count([packet(A, B, ip_id=i % 60_000 + 1, seq=i) for i in range(MAX_FIRSTS + 5)], tables)
    assert tables.counts[N_FIRSTS] == MAX_FIRSTS
    assert tables.firsts["seq"].tolist() == list(range(MAX_FIRSTS))
    assert len(np.unique(tables.firsts["digest"])) == MAX_FIRSTS


def test_held_payload_lies_in_order() -> None:
    tables = empty_tables()
    for side, text in ((0, b"ab"), (1, b"cde"), (0, b"")):
        for name, value in {"at": 2, "record": 3, "side": side, "seq": 9, "ts_ns": 77, "ack": 8}.items():
            tables.cursor[name] = value
        plain(hold)(tables, np.frombuffer(b"--" + text, np.uint8), tables.cursor, len(text))
    assert tables.counts[N_HELD] == 3
    assert bytes(tables.store[: tables.counts[STORE_USED]]) == b"abcde"
    assert tables.held[:3].tolist() == [(77, 0, 3, 2, 9, 8, 0), (77, 2, 3, 3, 9, 8, 1), (77, 5, 3, 0, 9, 8, 0)]
    assert tables.sides["waiting_bytes"][6:8].tolist() == [2, 3]
