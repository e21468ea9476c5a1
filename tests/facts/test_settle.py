"""Which message holds each fact, and which answer belongs to which request."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.packets.layout import ACK, SYN
from tests.build import ESTABLISHED, absolute_get, client_hello, connect, get, head, socks4, socks5, socks5_greeting, socks5_reply
from tests.build.requests import PROXY_AUTH
from tests.facts.settled import settled
from tests.streams.harness import SERVER, Segment, Stage, client, server

OK = head("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok"
HELLO = client_hello("inner.example")


def row(*segments: Segment, **more: Any) -> dict[str, Any]:
    stage = Stage(**more)
    stage.add(segments)
    (found,) = settled(stage)
    return found


def asked(found: dict[str, Any]) -> list[tuple[str, str | None, int | None]]:
    return [(request["kind"], request["host"], request["status"]) for request in found["requests"]]


def test_a_407_and_then_a_tunnel() -> None:
    again = connect("name.example:443", "User-Agent: two", "Host: name.example")
    found = row(
        client(connect("name.example:443", "User-Agent: one")), server(PROXY_AUTH), client(again), server(ESTABLISHED), client(HELLO)
    )
    assert asked(found) == [("connect", "name.example", 407), ("connect", "name.example", 200)]
    assert [found[name] for name in ("request", "proxy_status", "user_agent", "http_host", "sni")] == [
        "connect",
        200,
        "one",
        "name.example",
        "inner.example",
    ]


def test_requests_in_a_tunnel_are_none_to_the_proxy() -> None:
    inside = absolute_get("http://inside.example/", "Host: inside.example", "User-Agent: inner")
    found = row(client(connect("name.example:80")), server(ESTABLISHED), client(inside), server(OK))
    assert asked(found) == [("connect", "name.example", 200)]
    assert (found["http_host"], found["user_agent"], found["request"]) == ("inside.example", "inner", "connect")


def test_requests_behind_a_refused_connect_are_to_the_proxy() -> None:
    refused = head("HTTP/1.1 403 Forbidden", "Content-Length: 0")
    found = row(client(connect("name.example:443")), server(refused), client(absolute_get("http://other.example/p")), server(OK))
    assert asked(found) == [("connect", "name.example", 403), ("absolute", "other.example", 200)]
    assert found["requests"][1]["path"] == "/p"


def test_the_last_connect_and_the_first_absolute_request_are_told() -> None:
    refused = head("HTTP/1.1 403 Forbidden", "Content-Length: 0")
    found = row(*[segment for i in range(3) for segment in (client(connect(f"h{i}.example:443")), server(refused))])
    assert (found["requested_host"], found["requested_port"]) == ("h2.example", 443)
    found = row(*[segment for i in range(3) for segment in (client(absolute_get(f"http://h{i}.example/")), server(OK))])
    assert (found["requested_host"], found["requested_port"], found["request"]) == ("h0.example", 80, "absolute")


def test_answers_that_were_not_captured() -> None:
    first = absolute_get("http://a.example/")
    found = row(client(first), client(absolute_get("http://b.example/")), server(OK, ack=len(first)))
    assert [request["status"] for request in found["requests"]] == [200, None]
    assert row(client(connect("name.example:443")), client(HELLO))["proxy_status"] is None


def test_an_answer_that_was_sent_before_the_request_came_is_not_its() -> None:
    found = row(server(OK, ack=0), client(absolute_get("http://a.example/")), server(head("HTTP/1.1 404 x", "Content-Length: 0")))
    assert [request["status"] for request in found["requests"]] == [404]


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    "segments",
    [
        [client(connect("name.example:443"))],
        [client(HELLO)],
        [server(OK)],
        [client(b"\1"), server(b"\2")],
    ],
    ids=["request", "hello", "answer only", "ports"],
)
def test_who_is_the_client_without_a_syn(segments: list[Segment], swapped: bool) -> None:
    found = row(*segments, syn=False, swapped=swapped)
    assert found["client_port"] == 50000


def test_who_is_the_client_by_a_syn_ack_alone() -> None:
    found = row(Segment(SERVER, at=-1, flags=SYN | ACK), client(b"\1"), syn=False)
    assert (found["client_port"], found["state"]) == (50000, "open")


def test_who_is_the_client_with_a_syn_whatever_is_said() -> None:
    assert row(server(get("/", "Host: name.example")))["client_port"] == 50000


def test_socks_that_was_answered_in_another_language_is_none() -> None:
    lookalike = socks4("192.0.2.7", 80)
    assert asked(row(client(lookalike), server(b"SSH-2.0-x\r\n"))) == []
    assert asked(row(client(lookalike), server(b"\0\x5a" + bytes(6)))) == [("socks4", "192.0.2.7", 90)]
    assert asked(row(client(lookalike))) == [("socks4", "192.0.2.7", None)]


def test_socks5() -> None:
    said = [client(socks5_greeting()), server(b"\5\0"), client(socks5("2001:db8::7", 443)), server(socks5_reply(5))]
    found = row(*said)
    assert asked(found) == [("socks5", "2001:db8::7", 5)]
    assert (found["requested_port"], found["proxy_status"], found["host"]) == (443, 5, None)


def test_messages_read_out_of_order_are_told_in_stream_order() -> None:
    first, second = absolute_get("http://a.example/"), absolute_get("http://b.example/")
    stage = Stage()
    stage.add([client(second, len(first)), client(first, 0), server(OK + OK)])
    (found,) = settled(stage)
    assert asked(found) == [("absolute", "a.example", 200), ("absolute", "b.example", 200)]


def test_the_first_hello_and_a_hello_that_was_cut() -> None:
    cut_hello = row(client(HELLO[:200], wire_bytes=len(HELLO)))
    assert [cut_hello[name] for name in ("sni", "alpn", "ja4", "ech", "tls_offered", "client_random")] == ["inner.example", *[None] * 5]
    assert row(client(HELLO))["sni"] == "inner.example"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\nmore\r\n", b"\r\n\r\n"])
def test_a_connect_without_a_version_that_nobody_answers_in_http_is_none(end: bytes) -> None:
    """Other protocols have such a line as well, and no empty one behind it."""
    found = row(client(b"CONNECT name.example:443" + end), server(b"-ERR unknown command\r\n"))
    assert (found["request"], found["requests"]) == (None, [])
    found = row(client(b"CONNECT name.example:443" + end), server(ESTABLISHED), client(HELLO))
    assert (found["request"], found["requested_host"]) == ("connect", "name.example")
