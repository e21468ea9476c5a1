from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.flows.layout import DNS_ADDRESS, DNS_ANSWER, DNS_QUESTION
from analyzer.flows.messages import DNS_ROW
from analyzer.packets.layout import UDP
from analyzer.readers.dns import MAX_ADDRESSES
from analyzer.streams.datagrams import MAX_LOOKUPS
from tests.build import dns_answer, dns_query
from tests.reference.dns import read_message
from tests.streams.harness import CLIENT, SERVER, Segment, Stage, client, read, server

QUERY = dns_query("Asked.Example", id=7)
ANSWER = dns_answer("asked.example", "10.0.0.9", "10.0.0.10", alias="alias.example", id=7)
ANSWER_6 = dns_answer("asked.example", "2001:db8::9", id=7)


def kept(data: bytes) -> tuple[int, bytes, int, int, int, int, list[bytes]] | None:
    """(kind, name, type, id, code, ttl, addresses) of what the kernel keeps of a message."""
    stage = Stage(protocol=UDP, syn=False, port=53)
    if not stage.feed([Segment(CLIENT, data)]):
        return None
    row = stage.tables.messages.view(DNS_ROW)[0]
    pool = stage.tables.pool
    name = pool[row["name_at"] : row["name_at"] + row["name_size"]].tobytes()
    raw = pool[row["addresses_at"] : row["addresses_at"] + max(0, int(row["addresses_size"]))].tobytes()
    addresses = [raw[i : i + DNS_ADDRESS] for i in range(0, len(raw), DNS_ADDRESS)]
    packed = [one[-4:] if one[0] == 4 else one[1:] for one in addresses]
    return int(row["kind"]), name, int(row["query_type"]), int(row["message_id"]), int(row["code"]), int(row["ttl_s"]), packed


def as_the_twin(data: bytes) -> None:
    """What the kernel keeps is what the twin reads."""
    mine, theirs = kept(data), read_message(data)
    if theirs is None:
        assert mine is None
        return
    assert mine is not None
    kind, name, asked, id, code, ttl, addresses = mine
    assert (kind == DNS_ANSWER, name.decode("utf-8", "backslashreplace") or None) == (theirs.is_answer, theirs.name)
    assert (asked, id) == (theirs.kind, theirs.id)
    if theirs.is_answer:
        assert (code, ttl, addresses) == (theirs.code, theirs.ttl_s, theirs.addresses[:MAX_ADDRESSES])


def test_a_question_and_its_answer() -> None:
    assert kept(QUERY) == (DNS_QUESTION, b"Asked.Example", 1, 7, -1, 0, [])
    assert kept(ANSWER) == (DNS_ANSWER, b"asked.example", 1, 7, 0, 60, [bytes((10, 0, 0, 9)), bytes((10, 0, 0, 10))])
    assert kept(ANSWER_6) == (DNS_ANSWER, b"asked.example", 28, 7, 0, 60, [bytes.fromhex("20010db8" + 23 * "0" + "9")])
    assert kept(dns_query("x.example", kind=65))[2] == 65  # type: ignore[index]
    refused = QUERY[:2] + b"\x81\x83" + QUERY[4:]
    assert kept(refused) == (DNS_ANSWER, b"Asked.Example", 1, 7, 3, 0, [])


@pytest.mark.parametrize("data", [QUERY, ANSWER, ANSWER_6], ids=["question", "answer", "IPv6"])
def test_cut_anywhere_and_with_any_byte_changed(data: bytes) -> None:
    for size in range(len(data) + 1):
        as_the_twin(data[:size])
    for at in range(len(data)):
        for value in (0, data[at] ^ 1, (data[at] + 1) & 255, 0x40, 0xC0):
            as_the_twin(data[:at] + bytes((value,)) + data[at + 1 :])


def test_names_that_point_in_circles_or_never_end() -> None:
    head = struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0)
    for name in (b"\xc0\x0c", b"\xc0\x0d\0", b"\1a\xc0\x0c", b"\xc0\xff", (b"\x3f" + b"a" * 63) * 5 + b"\0", b"\x40" + b"a" * 64 + b"\0"):
        assert kept(head + name + struct.pack(">2H", 1, 1)) is None
    longest = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"
    assert kept(head + longest + struct.pack(">2H", 1, 1)) is not None
    as_the_twin(head + longest + struct.pack(">2H", 1, 1))


def test_what_is_no_question() -> None:
    assert kept(QUERY[:2] + b"\x28\0" + QUERY[4:]) is None  # an update
    assert kept(QUERY[:4] + b"\0\0" + QUERY[6:]) is None
    assert kept(QUERY[:4] + b"\0\2" + QUERY[6:]) is None


def test_no_more_addresses_than_are_kept() -> None:
    many = dns_answer("a.example", *[f"10.0.{i >> 8}.{i & 255}" for i in range(200)])
    found = kept(many)
    assert found is not None and len(found[6]) == MAX_ADDRESSES


def test_over_udp_by_port() -> None:
    stage = Stage(protocol=UDP, syn=False, port=53)
    found = stage.feed([Segment(CLIENT, QUERY), Segment(SERVER, ANSWER), Segment(CLIENT, b"neither")])
    assert [(m.kind, m.side, m.host) for m in found] == [
        ("dns_question", CLIENT, b"Asked.Example"),
        ("dns_answer", SERVER, b"asked.example"),
    ]
    other = Stage(protocol=UDP, syn=False)
    assert other.feed([Segment(CLIENT, QUERY)]) == []


def test_over_tcp_each_behind_its_length() -> None:
    ask = struct.pack(">H", len(QUERY)) + QUERY
    tell = struct.pack(">H", len(ANSWER)) + ANSWER
    whole = read([client(ask + ask), server(tell)], port=53)
    assert [(m.kind, m.host) for m in whole] == [("dns_question", b"Asked.Example")] * 2 + [("dns_answer", b"asked.example")]
    drip = [client(ask[i : i + 1], at=i) for i in range(len(ask))]
    assert [(m.kind, m.host) for m in read(drip, port=53)] == [("dns_question", b"Asked.Example")]
    assert read([client(ask[:-1])], port=53) == []
    assert read([client(b"\0\5" + ask)], port=53) == []


def test_what_a_resolvers_port_carries_otherwise() -> None:
    assert [m.kind for m in read([client(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")], port=53)] == ["origin"]


def test_not_more_than_can_be_needed() -> None:
    stage = Stage(protocol=UDP, syn=False, port=53)
    stage.feed([Segment(CLIENT, QUERY)])
    stage.tables.sides["responses"][: 2 * stage.tables.counts[0]] = MAX_LOOKUPS
    stage.feed([Segment(CLIENT, QUERY)])
    assert len(stage.messages()) == 1


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(max_size=60).map(lambda rest: ANSWER[:12] + rest),
        st.binary(max_size=60).map(lambda rest: QUERY + rest),
    )
)
def test_any_bytes(data: bytes) -> None:
    as_the_twin(data)
