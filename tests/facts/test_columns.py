from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.facts.columns import STATES, capture_lists, flow_ids, outer_texts, put_number, state_codes, times
from analyzer.flows.layout import RECORD, SENT_FIN, SENT_OTHER, SENT_RST, SENT_SYN, SENT_SYN_ACK, SIDE
from analyzer.packets.layout import NO_ID, NO_TIME, TCP, UDP
from analyzer.packets.tags import OUTER_VLAN
from analyzer.packets.tunnels import OUTER_VXLAN

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


TIMES = st.one_of(st.just(int(NO_TIME)), st.integers(-(2**62), 2**62), st.just(1_700_000_000_123_456_789))
ROWS = st.tuples(
    st.sampled_from(["tcp", "udp"]), ADDRESSES.map(str), st.integers(0, 65535), ADDRESSES.map(str), st.integers(0, 65535), TIMES
)


@given(st.lists(ROWS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_ids_of_the_contract(rows: list[tuple[Any, ...]]) -> None:
    """The first 16 hex digits of SHA-256 over protocol|client_ip|client_port|server_ip|server_port|first_seen."""
    values = list(zip(*rows, strict=True)) or [()] * 6
    flows = {name: pa.array(values[i], pa.string()) for i, name in ((0, "protocol"), (1, "client_ip"), (3, "server_ip"))}
    flows |= {name: np.array(values[i], np.int32) for i, name in ((2, "client_port"), (4, "server_port"))}
    found = flow_ids(flows, np.array(values[5], np.int64))
    expected = []
    for row in rows:
        text = "|".join(str(part) for part in row[:5]) + "|" + ("" if row[5] == NO_TIME else str(row[5]))
        expected.append(hashlib.sha256(text.encode()).hexdigest()[:16])
    assert [bytes(row).decode() for row in found] == expected


@pytest.mark.parametrize("value", [0, 7, 10, 99, 100, -1, -10, 2**63 - 1, 10**18, 10**18 - 1, -(2**63) + 1])
def test_numbers(value: int) -> None:
    text = bytearray(40)
    assert bytes(text[: put_number(text, 0, value)]).decode() == str(value)


SYN, SYN_ACK, FIN, RST, OTHER = SENT_SYN, SENT_SYN_ACK, SENT_FIN, SENT_RST, SENT_OTHER


@pytest.mark.parametrize(
    ("sent", "got", "unreachable", "state"),
    [
        (SYN, RST | OTHER, 0, "refused"),
        (SYN, RST | OTHER, 1, "refused"),
        (SYN, 0, 1, "unreachable"),
        (SYN, 0, 0, "no-answer"),
        (SYN | OTHER, 0, 0, "open"),  # the answer took another way
        (SYN | OTHER, SYN_ACK | OTHER, 1, "open"),
        (SYN | OTHER | FIN, SYN_ACK | OTHER | FIN, 0, "closed"),
        (SYN | OTHER | FIN | RST, SYN_ACK | OTHER | FIN, 0, "closed"),
        (FIN | OTHER, FIN | OTHER, 0, "closed"),
        (SYN | OTHER | FIN, SYN_ACK | OTHER | RST, 0, "reset"),
        (OTHER, OTHER | RST, 0, "reset"),
        (OTHER, OTHER, 0, "mid-stream"),
        (OTHER | FIN, OTHER, 0, "mid-stream"),
        (OTHER, SYN_ACK | OTHER, 0, "open"),
        (SYN | OTHER, SYN_ACK | OTHER, 0, "open"),
    ],
)
def test_states_of_connections(sent: int, got: int, unreachable: int, state: str) -> None:
    assert state_of(TCP, sent, got, unreachable) == state


@pytest.mark.parametrize(
    ("got", "unreachable", "state"), [(0, 1, "unreachable"), (OTHER, 1, "unreachable"), (0, 0, "no-answer"), (OTHER, 0, "open")]
)
def test_states_of_datagram_flows(got: int, unreachable: int, state: str) -> None:
    assert state_of(UDP, OTHER, got, unreachable) == state


def state_of(protocol: int, sent: int, got: int, unreachable: int) -> str | None:
    record, out, back = np.zeros(1, RECORD), np.zeros(1, SIDE), np.zeros(1, SIDE)
    record["protocol"], record["unreachable"] = protocol, unreachable
    out["seen"], back["seen"] = sent, got
    out["packets"], back["packets"] = 1, int(got != 0)
    return STATES[int(state_codes(record, out, back)[0])]


def test_times() -> None:
    column = times(np.array([NO_TIME, 0, 1_700_000_000_123_456_789], np.int64))
    assert column.type == pa.timestamp("ns", tz="UTC")
    assert column.cast(pa.int64()).to_pylist() == [None, 0, 1_700_000_000_123_456_789]


def test_captures_in_the_order_of_their_times() -> None:
    records = np.zeros(3, RECORD)
    records["sources"] = [0b101, 0b010, 0]
    names = ["a", "b", "c", *(f"x{i}" for i in range(3, 70))]
    order = [2, 1, 0, *range(69, 2, -1)]
    assert capture_lists(records, {}, names, order).to_pylist() == [["c", "a"], ["b"], []]
    assert capture_lists(records, {0: [65, 69, 65], 2: [64]}, names, order).to_pylist() == [["c", "a", "x69", "x65"], ["b"], ["x64"]]


def test_wrappings_outermost_first() -> None:
    records = np.zeros(3, RECORD)
    records["outer0"][0] = (OUTER_VLAN << 24 | 100) << 32 | (OUTER_VXLAN << 24 | 42)
    records["outer0"][1] = (OUTER_VLAN << 24 | NO_ID) << 32
    assert outer_texts(records).to_pylist() == ["vlan 100, vxlan 42", "vlan", None]
