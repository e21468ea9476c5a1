"""Acknowledgements: the highest counts, in whatever order and pieces they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import plain
from analyzer.flows.acknowledged import (
    MAX_WINDOW,
    acked_span,
    acknowledged_bytes,
    acknowledged_up_to,
    join_acks,
    join_sending,
    note_odd_ack,
)
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, SENT_AFTER_ALL, SENT_FIN, SENT_NEW, SENT_SYN, SIDE, Tables
from tests.flows.packet_rows import START_NS, A, B, count, packet

FIRST = 0xFFFFFF00


def acks(numbers: list[int]) -> Tables:
    """What counting gives for packets of A that acknowledge these positions of B's stream."""
    return count([packet(ip_id=i + 1, ack=(FIRST + n) & 0xFFFFFFFF) for i, n in enumerate(numbers)])


def seen(side: Any) -> tuple[int, int]:
    return int(side["acked"][0]), int(plain(acked_span)(side))


@given(st.permutations([0, 100, 5000, 70_000, 100, 300]), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_any_order_and_any_cut_give_the_same(numbers: list[int], cut: int) -> None:
    expected = ((FIRST + 70_000) & 0xFFFFFFFF, 70_000)
    assert seen(acks(numbers).sides[:1]) == expected
    left, right = acks(numbers[:cut]).sides[:1], acks(numbers[cut:]).sides[:1]
    plain(join_acks)(left, right)
    assert seen(left) == expected


def test_pieces_of_long_streams() -> None:
    step = MAX_WINDOW // 2
    left, right = (acks([i * step for i in part]).sides[:1] for part in (range(12), range(11, 30)))
    plain(join_acks)(left, right)
    assert seen(left)[1] == 29 * step


def test_a_piece_far_from_the_other_is_passed_over() -> None:
    left, right = acks([0, 10]).sides[:1], acks([1 << 31]).sides[:1]
    plain(join_acks)(left, right)
    assert seen(left)[1] == 10


def test_the_first_must_be_near_to_what_was_sent() -> None:
    tables = count([packet(B, A, seq=FIRST, payload_bytes=10, ack=1), packet(ip_id=2, ack=(FIRST + (1 << 31)) & 0xFFFFFFFF)])
    assert tables.sides["marks"][0] & HAS_ACKED == 0
    plain(note_odd_ack)(tables.sides[:1], tables.sides[1:2], (FIRST + 10) & 0xFFFFFFFF)
    assert tables.sides["marks"][0] & HAS_ACKED
    assert seen(tables.sides[:1]) == ((FIRST + 10) & 0xFFFFFFFF, 0)


def sending(high: int, acked: int | None, pending: int | None, certain: bool = True) -> Tables:
    """A side 0 that sent up to `high`, and what side 1 acknowledged of it."""
    tables = empty_tables()
    mine, other = tables.sides[0], tables.sides[1]
    mine["base"], mine["low"], mine["high"] = 99, 100, 100 + high
    mine["seen"] = HAS_BASE if high else 0
    if pending is not None:
        mine["pending_ns"] = START_NS + pending
        mine["marks"] = SENT_NEW | (SENT_AFTER_ALL if certain else 0)
    if acked is not None:
        other["marks"], other["acked"] = HAS_ACKED, 100 + acked
    return tables


@pytest.mark.parametrize(
    ("before", "after", "pending"),
    [
        (sending(10, 10, 1), sending(20, None, 5, certain=False), 5),  # all was acknowledged, and something new was sent
        (sending(10, 4, 1), sending(20, None, 5, certain=False), 1),  # it still waited
        (sending(10, 4, 1), sending(20, None, 5), 5),  # it was acknowledged in the second piece, before that
        (sending(10, 10, 1), sending(10, None, 5, certain=False), 1),  # nothing new: sent again
        (sending(0, None, None), sending(20, None, 5, certain=False), 5),
        (sending(10, 4, 1), sending(0, None, None), 1),
    ],
)
def test_what_waits_over_two_pieces(before: Tables, after: Tables, pending: int) -> None:
    plain(join_sending)(before.sides[:1], before.sides[1:2], after.sides[:1])
    assert before.sides["pending_ns"][0] == START_NS + pending


def test_what_was_acknowledged() -> None:
    sides = np.zeros(2, SIDE)
    one, other = sides[:1], sides[1:]
    sides["base"], sides["low"], sides["high"] = 99, 100, 160
    assert plain(acknowledged_bytes)(one, other) == -1
    sides["seen"], sides["marks"] = HAS_BASE | SENT_SYN, HAS_ACKED
    sides["acked"], sides["acked_low"] = 150, 100
    assert plain(acknowledged_bytes)(one, other) == 50 and plain(acknowledged_up_to)(one, other) == (True, 150)
    one["seen"] |= SENT_FIN
    sides["acked"] = 161
    assert plain(acknowledged_bytes)(one, other) == 60 and plain(acknowledged_up_to)(one, other) == (True, 160)
