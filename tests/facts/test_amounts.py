"""What a flow carried beside what was read of it, in conversations that show both directions, one, or parts."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.packets.layout import ACK, FIN, PSH, RST, SYN, UDP
from tests.build import (
    ESTABLISHED,
    absolute_get,
    client_hello,
    connect,
    get,
    head,
    records,
    server_hello,
    socks5,
    socks5_greeting,
    socks5_reply,
)
from tests.facts.settled import settled
from tests.streams.harness import CLIENT, SERVER, Segment, Stage, client, server

ASKED = connect("a.example:443")
HELLO = client_hello("a.example")


def row_of(*segments: Segment, **options: Any) -> dict[str, Any]:
    stage = Stage(**options)
    stage.add(segments)
    (row,) = settled(stage)
    return row


def amounts(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("acked_out", "acked_in", "tunnel_out", "tunnel_in"))


def test_a_tunnel_that_was_captured_whole() -> None:
    row = row_of(client(ASKED), server(ESTABLISHED), client(HELLO), server(server_hello()), client(b"", flags=ACK), server(b"", flags=ACK))
    sent, got = len(ASKED) + len(HELLO), len(ESTABLISHED) + len(server_hello())
    assert amounts(row) == (sent, got, len(HELLO), len(server_hello()))
    assert (row["pending_since"], row["resent_out"], row["resent_in"], row["server_first"]) == (None, 0, 0, "http")


def test_a_fin_is_no_payload() -> None:
    row = row_of(
        client(ASKED), server(ESTABLISHED), client(b"", flags=FIN | ACK), server(b"", flags=FIN | ACK, ack=len(ASKED) + 1),
        client(b"", flags=ACK, ack=len(ESTABLISHED) + 1),
    )  # fmt: skip
    assert amounts(row) == (len(ASKED), len(ESTABLISHED), 0, 0)


def test_each_direction_resends_for_itself() -> None:
    row = row_of(client(ASKED), client(ASKED, at=0), server(ESTABLISHED), server(ESTABLISHED[:5], at=0))
    assert (row["resent_out"], row["resent_in"], row["retransmitted"]) == (len(ASKED), 5, len(ASKED) + 5)


def test_what_was_acknowledged_counts_though_it_was_not_captured() -> None:
    """A gap in the tunnel, and an end that the capture lacks; unacknowledged bytes don't count."""
    n = len(ASKED)
    row = row_of(client(ASKED), server(ESTABLISHED), client(b"x" * 10, at=n + 50), server(b"", flags=ACK, ack=n + 80))
    assert amounts(row)[0::2] == (n + 80, 80)
    row = row_of(client(ASKED), server(ESTABLISHED), client(b"x" * 10, at=n + 50), server(b"", flags=ACK, ack=n + 20))
    assert amounts(row)[0::2] == (n + 20, 30)
    row = row_of(client(ASKED), server(ESTABLISHED), client(b"x" * 10, at=n + 50), server(b"", flags=ACK, ack=n))
    assert amounts(row)[0::2] == (n, 10)


def test_only_the_client_was_captured() -> None:
    """The client's acknowledgements give the server's bytes: all of them, because the answer's size isn't known."""
    segments = [
        Segment(CLIENT, at=-1, flags=SYN), client(b"", flags=ACK, ack=0), client(ASKED, ack=0), client(HELLO, ack=39),
        client(b"", flags=ACK, ack=5000),
    ]  # fmt: skip
    row = row_of(*segments, syn=False)
    assert amounts(row) == (None, 5000, len(HELLO), 5000)
    assert (row["pending_since"], row["last_in"], row["server_first"]) == (None, None, None)
    silent = row_of(*segments[:3], client(b"", flags=FIN | ACK, ack=0), client(b"", flags=ACK, ack=1), syn=False)
    assert (silent["acked_in"], silent["tunnel_in"]) == (0, 0)


def test_only_the_server_was_captured() -> None:
    row = row_of(Segment(SERVER, at=-1, flags=SYN | ACK, ack=0), server(ESTABLISHED, ack=300), server(b"x" * 99, ack=900), syn=False)
    assert amounts(row) == (900, None, None, None)


def test_a_connection_seen_from_its_middle() -> None:
    row = row_of(
        client(b"x" * 100, at=5000, ack=7000), server(b"y" * 50, at=7000, ack=5100), client(b"", at=5100, flags=ACK, ack=7050), syn=False
    )
    assert amounts(row)[:2] == (100, 50)


def test_numbers_that_cannot_be() -> None:
    """An acknowledgement of something that no window allows, a RST's, and one older than what was acknowledged."""
    row = row_of(
        client(ASKED), server(b"", flags=ACK, ack=len(ASKED)), server(b"", flags=ACK, ack=1 << 31),
        server(b"", flags=ACK, ack=-(1 << 30) - 9),
        server(b"", flags=RST | ACK, ack=100_000), server(b"", flags=ACK, ack=3),
    )  # fmt: skip
    assert row["acked_out"] == len(ASKED)


def test_more_than_numbers_can_count() -> None:
    """Streams of 6 GiB, of which a packet is captured now and then."""
    step = 1 << 29
    segments = [
        segment for i in range(13) for segment in (client(b"x", at=i * step, wire_bytes=1), server(b"", flags=ACK, ack=i * step + 1))
    ]
    row = row_of(client(ASKED), server(ESTABLISHED), *segments)
    assert row["acked_out"] == 12 * step + 1
    assert row["tunnel_out"] == 12 * step + 1 - len(ASKED)


@pytest.mark.parametrize(
    ("segments", "waits"),
    [
        ([client(b"a"), server(b"", flags=ACK)], None),
        ([client(b"a"), client(b"b"), server(b"", flags=ACK, ack=1)], 2),
        ([client(b"a"), server(b"", flags=ACK), client(b"b"), client(b"c")], 4),
        ([client(b"a"), client(b"a", at=0), client(b"b")], 2),
        ([client(b"a"), server(b"", flags=ACK), client(b"", at=0, flags=ACK), client(b"a", at=0)], None),
        ([client(b"a"), server(b"", flags=RST)], 2),
        ([server(b"a"), server(b"b")], None),
    ],
)
def test_what_waits_to_be_acknowledged(segments: list[Segment], waits: int | None) -> None:
    """Since the packet of this number; keepalive probes are nothing new."""
    row = row_of(*segments)
    assert row["pending_since"] == (None if waits is None else row["first_seen"] + 1000 * waits)


@pytest.mark.parametrize(
    ("segments", "first"),
    [
        ([client(ASKED), server(ESTABLISHED)], "http"),
        ([client(ASKED), server(head("HTTP/1.1 100 Continue") + ESTABLISHED)], "http"),
        ([client(HELLO), server(server_hello())], "tls"),
        ([client(HELLO), server(b"\x15\3\3\0\2\2\x28")], "alert"),
        ([client(ASKED), server(b"SSH-2.0-OpenSSH\r\n")], "other"),
        ([client(HELLO), server(records(b"x" * 50, kind=23))], "other"),
        ([client(socks5_greeting(0)), server(b"\5\0"), client(socks5("a.example", 443)), server(socks5_reply())], "socks"),
        ([client(socks5_greeting(0)), server(b"\5\xff")], "socks"),
        ([client(socks5_greeting(2)), server(b"\5\2"), client(b"\1\1u\1p"), server(b"\1\1")], "socks"),  # a wrong password
        ([client(b"x"), server(b"\5\1\0"), server(get("/", "Host: a.example"))], "other"),
        ([client(ASKED), server(head("HTTP/1.1 100 Continue"))], "http"),
        ([client(ASKED)], None),
        ([client(ASKED), server(b"", wire_bytes=39)], None),
        ([client(ASKED), server(b"", flags=RST)], None),
        ([client(HELLO), server(server_hello()[:9], at=0, wire_bytes=9), server(b"\x15\3\3\0\2\2\x28", at=400)], "other"),
        ([client(HELLO), server(server_hello()[40:], at=40), server(server_hello()[:40], at=0)], "tls"),
    ],
)
def test_what_the_server_said_first(segments: list[Segment], first: str | None) -> None:
    assert row_of(*segments)["server_first"] == first


def test_datagrams_acknowledge_nothing() -> None:
    row = row_of(client(b"abc"), server(b"de"), protocol=UDP, syn=False)
    assert amounts(row) == (None, None, None, None)
    assert (row["resent_out"], row["pending_since"], row["server_first"]) == (None, None, "other")
    assert row["last_in"] == row["last_seen"]


def test_behind_the_last_request_and_its_answer() -> None:
    """The bodies of both count as what is behind them."""
    asked = absolute_get("http://a.example/1") + head("POST http://a.example/2 HTTP/1.1", "Content-Length: 5") + b"12345"
    answers = [head("HTTP/1.1 200 OK", "Content-Length: 3") + b"abc", head("HTTP/1.1 200 OK", "Content-Length: 4") + b"defg"]
    assert amounts(row_of(client(asked), server(answers[0]), server(answers[1])))[2:] == (5, 4)
    assert amounts(row_of(client(asked), server(answers[0])))[2:] == (5, len(answers[0]))
    assert amounts(row_of(client(get("/")), server(answers[0])))[2:] == (None, None)


def test_nothing_behind() -> None:
    assert amounts(row_of(client(ASKED, flags=PSH | ACK)))[2:] == (0, 0)


def test_where_a_tunnel_begins_is_unknown_behind_a_head_that_wasnt_captured_whole() -> None:
    asking = connect("a.example:443", "User-Agent: " + "x" * 40)
    row = row_of(client(asking[:60]), client(b"", at=len(asking), flags=ACK), server(ESTABLISHED))
    assert (row["requested_host"], row["tunnel_out"]) == ("a.example", None)
