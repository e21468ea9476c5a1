"""Whom a client asked as a proxy, and what came back instead of a proxy's answer: whole captures, from packets to the verdict."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import analyzer
from tests.build.conversation import CLIENT, SERVER, Conversation
from tests.build.files import pcap
from tests.build.hellos import client_hello, records, server_hello
from tests.build.requests import connect_as, head, socks4, socks4_reply, socks5, socks5_greeting, socks5_reply

CNC = "winatp-gw-neu.microsoft.com"
SERVER_AT = "10.9.9.9:1080"
SECOND = 1_000_000_000
TUNNEL = connect_as("winhttp", CNC)


def capture(do: Callable[[Conversation], object], n: int = 3) -> analyzer.Traffic:
    """The same conversation with one server, a few times over, and something else at the end by which the capture goes on."""
    frames = []
    for number in range(n):
        one = Conversation(("172.16.11.92", 40_000 + number), ("10.9.9.9", 1080), (7_000 + 99_991 * number, 9_000 + 77_773 * number))
        one.now_ns += 10 * number * SECOND
        do(one.handshake())
        frames += one.frames
    other = Conversation(("172.16.11.92", 50_000), ("192.0.2.1", 443))
    other.now_ns += 10 * n * SECOND
    frames += other.syn().rst(SERVER).frames
    return analyzer.read([io.BytesIO(pcap(sorted(frames), nanosecond=True))])


def says(answer: bytes) -> Callable[[Conversation], object]:
    return lambda one: one.send_client(TUNNEL).send_server(answer).close()


NO_PROXY = {
    **{str(status): says(head(f"HTTP/1.1 {status} No", "Content-Length: 0")) for status in (400, 404, 405, 501)},
    "alert": says(b"\x15\x03\x01\x00\x02\x02\x46"),
    "ssh": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
}
SILENT: dict[str, Callable[[Conversation], object]] = {
    "rst": lambda one: one.send_client(TUNNEL).rst(),
    "fin": lambda one: one.send_client(TUNNEL).fin(SERVER).fin(CLIENT),
    "nothing": lambda one: one.send_client(TUNNEL),
}


def codes(document: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in document["findings"]}


@pytest.mark.parametrize("name", [*NO_PROXY, *SILENT])
def test_a_server_that_is_no_proxy_or_does_not_answer(name: str) -> None:
    traffic = capture((NO_PROXY | SILENT)[name])
    flows = traffic.flows[traffic.flows["server_ip"] == "10.9.9.9"]
    assert flows["route"].tolist() == ["proxy"] * 3
    document = traffic.verdict.to_dict()
    (source,) = document["sources"]
    (service,) = source["services"]
    outcome = "failed" if name in NO_PROXY else "unanswered"
    assert (service["asked"], service["winner"], service["outcome"]) == (SERVER_AT, None, outcome)
    assert [share["failed"] for share in service["by_proxy"]] == [3]
    assert {entry["state"] for entry in source["required"]} == {"failed", "unseen"}
    assert [entry["kinds"] for entry in document["proxies"]] == ([] if name in NO_PROXY else [["asked"]])
    assert ("not-a-proxy" if name in NO_PROXY else "proxy-unreachable") in codes(document)
    assert "direct-allowed" not in codes(document) and document["direct"]["allowed"] == []


REFUSING_SOCKS: dict[str, Callable[[Conversation], object]] = {
    "no acceptable method": lambda one: one.send_client(socks5_greeting(0)).send_server(b"\x05\xff").close(),
    "wrong password": lambda one: (
        one.send_client(socks5_greeting(2)).send_server(b"\x05\x02").send_client(b"\x01\x01u\x01p").send_server(b"\x01\x01").close()
    ),
    "not allowed": lambda one: (
        one.send_client(socks5_greeting(0)).send_server(b"\x05\x00").send_client(socks5(CNC, 443)).send_server(socks5_reply(2)).close()
    ),
    "rejected": lambda one: one.send_client(socks4(CNC, 443)).send_server(socks4_reply(91)).close(),
}


@pytest.mark.parametrize("name", list(REFUSING_SOCKS))
def test_a_socks_server_that_refuses_is_a_proxy(name: str) -> None:
    traffic = capture(REFUSING_SOCKS[name])
    assert traffic.flows[traffic.flows["server_ip"] == "10.9.9.9"]["route"].tolist() == ["proxy"] * 3
    document = traffic.verdict.to_dict()
    assert [entry["proxy"] for entry in document["proxies"]] == [SERVER_AT]
    assert document["direct"]["allowed"] == []


def test_a_proxy_is_known_by_its_answers_alone() -> None:
    def server_only(one: Conversation) -> None:
        one.send_client(TUNNEL).send_server(head("HTTP/1.1 200 OK")).send_client(client_hello(CNC)).send_server(server_hello())
        one.send_server(records(b"c" * 900, kind=23, version=0x0303))
        one.frames[:] = [frame for frame in one.frames if frame[1][26:30] == bytes((10, 9, 9, 9))]

    traffic = capture(server_only)
    assert traffic.flows[traffic.flows["server_ip"] == "10.9.9.9"]["route"].tolist() == ["proxy"] * 3
    assert [entry["proxy"] for entry in traffic.verdict.to_dict()["proxies"]] == [SERVER_AT]


@pytest.mark.parametrize(("seconds", "outcome"), [(1, "unseen"), (4, "unanswered")])
def test_silence_counts_from_three_seconds_on(seconds: int, outcome: str) -> None:
    asked = Conversation(("172.16.11.92", 40_000), ("10.9.9.9", 1080)).handshake().send_client(TUNNEL)
    other = Conversation(("172.16.11.92", 50_000), ("192.0.2.1", 443), start_ns=asked.now_ns + seconds * SECOND).syn().rst(SERVER)
    traffic = analyzer.read([io.BytesIO(pcap([*asked.frames, *other.frames], nanosecond=True))])
    (row,) = traffic.flows[traffic.flows["server_ip"] == "10.9.9.9"].to_dict("records")
    assert [request["outcome"] for request in row["requests"]] == [outcome]
    (source,) = traffic.verdict.to_dict()["sources"]
    (service,) = source["services"]
    assert (service["asked"], service["outcome"]) == (SERVER_AT, outcome)
