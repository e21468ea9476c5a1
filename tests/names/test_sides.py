"""What Numba's kernels ask of a side is what flows' own kernels know of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import plain
from analyzer.flows import acknowledged, coverage, merge
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, N_HELD, SENT_FIN, SENT_SYN, SIDE, STORE_USED
from analyzer.names.sides import acked_span, acknowledged_bytes, acknowledged_up_to, behind, hold, is_fresh

NUMBER = st.one_of(st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1))


@given(NUMBER, NUMBER, st.integers(-3, 3), st.integers(0, 255), st.integers(0, 3), st.integers(-1, 2))
@settings(max_examples=200, deadline=None)
def test_as_flows_has_it(one: int, other: int, turns: int, seen: int, state: int, waiting: int) -> None:
    assert behind(np.uint32(one), np.uint32(other)) == coverage.behind(one, other)
    side = np.zeros(1, SIDE)
    side["acked"], side["acked_low"], side["acked_turns"], side["seen"], side["state"], side["waiting"] = (
        one,
        other,
        turns,
        seen,
        state,
        waiting,
    )
    side["base"], side["resume"] = one, (one + 1) & 0xFFFFFFFF
    assert acked_span(side[0]) == plain(acknowledged.acked_span)(side)
    assert bool(is_fresh(side[0])) == plain(merge.is_fresh)(side)


def test_what_was_acknowledged() -> None:
    sides = np.zeros(2, SIDE)
    sides["base"], sides["low"], sides["high"] = 99, 100, 160
    assert acknowledged_bytes(sides[0], sides[1]) == -1
    sides["seen"], sides["marks"] = HAS_BASE | SENT_SYN, HAS_ACKED
    sides["acked"], sides["acked_low"] = 150, 100
    assert acknowledged_bytes(sides[0], sides[1]) == 50 and tuple(acknowledged_up_to(sides[0], sides[1])) == (True, 150)
    sides["seen"][0] |= SENT_FIN
    sides["acked"] = 161
    assert acknowledged_bytes(sides[0], sides[1]) == 60 and tuple(acknowledged_up_to(sides[0], sides[1])) == (True, 160)


def test_held_payload_lies_in_order() -> None:
    tables = empty_tables()
    for side, text in ((0, b"ab"), (1, b"cde"), (0, b"")):
        hold(tables, np.frombuffer(b"--" + text, np.uint8), 2, 2 + len(text), 3, side, np.uint32(9), 77, np.uint32(8))
    assert tables.counts[N_HELD] == 3
    assert bytes(tables.store[: tables.counts[STORE_USED]]) == b"abcde"
    assert tables.held[:3].tolist() == [(77, 0, 3, 2, 9, 8, 0), (77, 2, 3, 3, 9, 8, 1), (77, 5, 3, 0, 9, 8, 0)]
    assert tables.sides["waiting_bytes"][6:8].tolist() == [2, 3]
