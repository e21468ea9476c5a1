"""Acknowledgements: the highest counts, in whatever order and pieces they come."""

from __future__ import annotations

from functools import reduce
from random import Random
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
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, KNOWS_ACKED, N_RECORDS, SENT_FIN, SENT_NEW, SENT_SYN, SIDE, Tables
from analyzer.packets.layout import ACK, SYN
from tests.flows.packet_rows import START_NS, A, B, End, count, merged, packet, piece, small_tables

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


def sending(high: int, acked: int | None, pending: int | None, then: int | None = None) -> Tables:
    """A side 0 that sent up to `high`, and what side 1 acknowledged of it in all, and at the time `pending`."""
    tables = empty_tables()
    mine, other = tables.sides[0], tables.sides[1]
    mine["base"], mine["low"], mine["high"] = 99, 100, 100 + high
    mine["seen"] = HAS_BASE if high else 0
    if pending is not None:
        mine["pending_ns"] = START_NS + pending
        mine["marks"] = SENT_NEW | (0 if then is None else KNOWS_ACKED)
        mine["acked_then"] = 0 if then is None else 100 + then
    if acked is not None:
        other["marks"], other["acked"] = HAS_ACKED, 100 + acked
    return tables


@pytest.mark.parametrize(
    ("before", "after", "pending"),
    [
        (sending(10, 10, 1), sending(20, None, 5), 5),  # all was acknowledged, and something new was sent
        (sending(10, 4, 1), sending(20, None, 5), 1),  # it still waited
        (sending(10, 4, 1), sending(20, None, 5, then=10), 5),  # it was acknowledged in the second piece, before that
        (sending(10, 4, 1), sending(20, None, 5, then=9), 1),  # but for its last byte
        (sending(10, None, 1), sending(20, 10, 5), 1),  # it was acknowledged in the second piece, later
        (sending(10, 10, 1), sending(10, None, 5), 1),  # nothing new: sent again
        (sending(0, None, None), sending(20, None, 5), 5),
        (sending(10, 4, 1), sending(0, None, None), 1),
    ],
)
def test_what_waits_over_two_pieces(before: Tables, after: Tables, pending: int) -> None:
    plain(join_sending)(before.sides[:1], before.sides[1:2], after.sides[:1])
    assert before.sides["pending_ns"][0] == START_NS + pending


def exchange(seed: int) -> list[dict[str, Any]]:
    """A's data with gaps, late, and sent again while it waits, and what B acknowledges of it; often with its handshake."""
    chance, rows = Random(seed), []
    isn = chance.choice([0, (1 << 32) - 60, (1 << 32) - 1])
    sent, acked, back = 1, 1, 1

    def send(src: End, dst: End, flags: int, seq: int, ack: int, size: int = 0) -> None:
        i = len(rows) + 1
        seq, ack = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF
        rows.append(packet(src, dst, flags, seq=seq, ack=ack, payload_bytes=size, ts_ns=START_NS + i, ip_id=i))

    if chance.random() < 0.7:
        send(A, B, SYN, isn, 0)
        send(B, A, SYN | ACK, 0, isn + 1)
    steps = chance.choices(["new", "lost", "late", "again", "ack", "ack", "answer"], k=chance.randint(2, 6))
    for what in [*steps, "ack", chance.choice(["lost", "late"]), "new"]:
        size = chance.randint(1, 30)
        if what in ("new", "late", "lost"):
            at = sent
            sent += 2 * size if what == "late" else size
            for seq in {"new": [at], "late": [at + size, at], "lost": []}[what]:
                send(A, B, ACK, isn + seq, back, size)
        elif what == "again" and sent > acked:
            send(A, B, ACK, isn + acked, back, min(size, sent - acked))
        elif what == "ack":
            acked = chance.choice([sent, sent, chance.randint(acked, sent)])
            send(B, A, ACK, back, isn + acked)
        elif what == "answer":
            send(B, A, ACK, back, isn + acked, size)
            back += size
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_wherever_it_is_cut_the_same_waits_since_the_same_time(seed: int) -> None:
    rows = exchange(seed)

    def waits(tables: Tables) -> list[int]:
        assert tables.counts[N_RECORDS] == 1
        sides = tables.sides
        return [int(sides["pending_ns"][0]), int(sides["high"][0]), int(sides["acked"][1]), int(sides["distinct"][0])]

    one_pass = waits(count(rows, small_tables()))
    for cut in range(1, len(rows)):
        assert waits(merged(piece(*rows[:cut]), piece(*rows[cut:]))) == one_pass, cut
    pieces = [piece(*rows[:-5]), *(piece(row) for row in rows[-5:])]
    assert waits(reduce(merged, pieces)) == one_pass, "from the left"
    assert waits(reduce(lambda right, left: merged(left, right), reversed(pieces))) == one_pass, "from the right"


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
