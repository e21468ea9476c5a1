from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.keys import mix
from analyzer.packets.layout import SYN, TCP, UDP
from tests.flows.packet_rows import A, B, End, count, packet, records

ENDS = st.tuples(st.sampled_from([0, 1, 2**63]), st.integers(0, 2**64 - 1), st.integers(0, 65535))


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=50, deadline=None)
def test_mix_is_the_finaliser_of_splitmix64(value: int) -> None:
    """Against Python's integers."""
    mask = 2**64 - 1
    x = value
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    assert mix(value) == x ^ (x >> 31)


@given(ENDS, ENDS)
@settings(max_examples=100, deadline=None)
def test_both_directions_are_one_conversation(one: End, other: End) -> None:
    tables = count([packet(one, other, ip_id=1), packet(other, one, ip_id=2)])
    (record,) = records(tables)
    low, high = sorted([one, other])
    assert [int(record[name]) for name in ("a_hi", "a_lo", "a_port")] == list(low)
    assert [int(record[name]) for name in ("b_hi", "b_lo", "b_port")] == list(high)
    expected = [2, 0] if one == other else [1, 1]
    assert tables.sides["packets"][:2].tolist() == expected


@given(ENDS, ENDS)
@settings(max_examples=100, deadline=None)
def test_the_lower_end_is_side_0(one: End, other: End) -> None:
    tables = count([packet(one, other, SYN)])
    assert int(records(tables)[0]["syn_side"]) == (0 if one <= other else 1)


@pytest.mark.parametrize(
    "other",
    [
        packet(A, (0, 0x0A000002, 3129)),
        packet(A, (0, 0x0A000003, 3128)),
        packet(A, (1, 0x0A000002, 3128)),
        packet((0, 0x0A000001, 50001), B),
        packet((5, 0x0A000001, 50000), B),
        packet(A, B, protocol=UDP),
        packet(A, B, version=6),
        packet((0, A[1], B[2]), (0, B[1], A[2])),  # the ports changed places
    ],
)
def test_anything_that_differs_makes_another_conversation(other: dict[str, int]) -> None:
    tables = count([packet(A, B, protocol=TCP), other, packet(A, B, ip_id=9), {**other, "ip_id": 9}])
    assert len(records(tables)) == 2
    assert tables.sides["packets"][:4].sum() == 4
