from __future__ import annotations

import pytest

from analyzer.packets.layout import UDP
from analyzer.streams.datagrams import MAX_DATAGRAMS, is_quic_initial
from tests.build import client_hello, dns_query, quic_initial
from tests.streams.harness import CLIENT, SERVER, Segment, Stage

V1 = quic_initial(client_hello("quic.example", bare=True))
V2 = quic_initial(client_hello("quic.example", bare=True), version=0x6B3343CF)


def looks(data: bytes) -> bool:
    return is_quic_initial(data, 0, len(data))


def head(version: int, first: int = 0xC3) -> bytes:
    return bytes((first,)) + version.to_bytes(4, "big") + bytes(30)


@pytest.mark.parametrize(
    "data",
    [V1, V2, *map(head, (0xFF00001D, 0xFF000022, 0xFF020000, 0xFACEB010, 0x1A2A3A4A)), head(0x709A50C4, 0xD3)],
    ids=["v1", "v2", "29", "34", "v2 draft 0", "mvfst", "negotiation", "v2 draft 1"],
)
def test_initials(data: bytes) -> None:
    assert looks(data)
    assert looks(data[:20]) and not looks(data[:19])
    assert looks(bytes((data[0] & 0xBF,)) + data[1:])  # a client may clear the fixed bit (RFC 9287)


@pytest.mark.parametrize(
    "data",
    [
        b"\xf3" + V1[1:],  # Retry
        b"\xe3" + V1[1:],  # Handshake
        b"\xc3" + V2[1:],  # version 2 counts its types otherwise
        b"\x43" + V1[1:],  # a short header
        b"\xc3\0\0\0\0" + V1[5:],  # version negotiation
        b"\xc3\xff\0\0\x23" + V1[5:],
        *(head(0x709A50C4), head(0x1A2A3A4B), head(0xFACEB100), head(0xFF020001)),
        dns_query("name.example").ljust(30, b"\0"),
        bytes(1200),
    ],
)
def test_other_datagrams(data: bytes) -> None:
    assert not looks(data)


def test_initials_are_kept_whole_and_others_not() -> None:
    stage = Stage(protocol=UDP, syn=False)
    found = stage.feed([Segment(CLIENT, V1), Segment(SERVER, V2), Segment(CLIENT, bytes(1200))])
    assert [(m.kind, m.side, m.host) for m in found] == [("datagram", CLIENT, V1), ("datagram", SERVER, V2)]
    assert found == stage.finish()


def test_a_datagram_that_was_cut_is_kept_as_far_as_it_goes() -> None:
    stage = Stage(protocol=UDP, syn=False)
    assert [m.host for m in stage.feed([Segment(CLIENT, V1[:200], wire_bytes=1200)])] == [V1[:200]]


def test_not_more_than_can_be_needed() -> None:
    stage = Stage(protocol=UDP, syn=False)
    for _ in range(3):
        stage.feed([Segment(CLIENT, V1)] * MAX_DATAGRAMS)
    assert len(stage.messages()) == MAX_DATAGRAMS
