"""Packets as Wireshark dissects them become conversations with facts."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.second_opinion.conversations import COPY_NS, Conversations, Fields, split_authority, time_ns, transport_of
from tests.second_opinion.packets import CLIENT, SERVER, answer, http, tcp


def talk_of(*packets: Fields) -> dict[str, Any]:
    talks = Conversations()
    for packet in packets:
        talks.add(packet)
    (talk,) = talks.all()
    return talk


def facts_of(*packets: Fields) -> dict[str, Any]:
    return {name: value for name, (value, _) in talk_of(*packets)["facts"].items()}


def test_a_conversation_is_counted_both_ways_and_knows_its_opener() -> None:
    talk = talk_of(tcp(3, flags=0x02), tcp(4, back=True, flags=0x12), tcp(5))
    assert (talk["packets"], talk["frames"], talk["opener"], talk["opener_frame"]) == ([2, 1], [3, 5], 0, 3)
    assert (talk["ends"], talk["first_ns"]) == ([list(CLIENT), list(SERVER)], 1_700_000_003_000_000_001)


@pytest.mark.parametrize("packets", [(tcp(1, back=True, flags=0x12), tcp(2)), (tcp(1, back=True), tcp(2, flags=0x02))])
def test_the_opener_is_who_was_answered_where_the_syn_is_missing_or_late(packets: tuple[Fields, ...]) -> None:
    talk = talk_of(*packets)
    assert talk["ends"][talk["opener"]] == list(CLIENT)


def test_without_any_syn_nobody_opened_it() -> None:
    assert talk_of(tcp(1), tcp(2, back=True))["opener"] is None


def test_authentication_is_two_requests_and_the_last_counts() -> None:
    packets = (
        http(1, "CONNECT", "a.example:443", "a.example:443", "agent"),
        answer(2, 407, 1),
        http(3, "CONNECT", "b.example:8443"),
        answer(4, 100, 3),
        answer(5, 200, 3),
    )
    assert facts_of(*packets) == {
        "request": "connect",
        "requested_host": "b.example",
        "requested_port": 8443,
        "proxy_status": 200,
        "http_host": "a.example",
        "user_agent": "agent",
    }
    assert talk_of(*packets)["facts"]["proxy_status"] == [200, [5]]


def test_answers_without_a_link_are_taken_in_order() -> None:
    assert (
        facts_of(http(1, "CONNECT", "a.example:443"), http(2, "CONNECT", "b.example:443"), answer(3, 407), answer(4, 200))["proxy_status"]
        == 200
    )


def test_a_fetch_inside_a_tunnel_is_not_made_of_the_proxy() -> None:
    facts = facts_of(http(1, "CONNECT", "a.example:80"), answer(2, 200, 1), http(3, "GET", "http://b.example/x", "b.example", "inner"))
    assert (facts["request"], facts["requested_host"], facts["http_host"]) == ("connect", "a.example", "b.example")


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("http://a.example/x", "a.example", 80),
        ("HTTP://u:p@a.example:8080", "a.example", 8080),
        ("ftp://[2001:db8::1]/", "2001:db8::1", None),
    ],
)
def test_the_first_absolute_form_counts(uri: str, host: str, port: int | None) -> None:
    facts = facts_of(http(1, "GET", uri, "a.example"), http(2, "GET", "http://later.example/"))
    assert (facts["request"], facts["requested_host"], facts.get("requested_port")) == ("absolute", host, port)


def test_what_wireshark_decrypted_is_no_fact_of_the_wire() -> None:
    inner = http(1, "GET", "/", "secret.example") | {"frame.protocols": ["eth:ethertype:ip:tcp:tls:http"]}
    assert facts_of(inner) == {}


def test_only_the_first_socks_request_counts() -> None:
    request = tcp(1, layers=":socks", socks_version=5, socks_command=1, socks_remote_name="a.example", socks_port=443)
    later = tcp(3, layers=":socks:tls", socks_version=5, socks_command=1, socks_remote_name="b.example", socks_port=1)
    done = tcp(2, back=True, layers=":socks", socks_results=0)
    fourth = tcp(1, layers=":socks", socks_version=4, socks_command=1, socks_dst="192.0.2.1", socks_dstport=80)
    assert facts_of(request, done, later) == {"request": "socks5", "requested_host": "a.example", "requested_port": 443, "proxy_status": 0}
    assert facts_of(fourth) == {"request": "socks4", "requested_host": "192.0.2.1", "requested_port": 80}


def test_the_first_hello_and_the_servers_choice() -> None:
    hello = tcp(1, layers=":tls") | {
        "tls.handshake.type": ["1"],
        "tls.handshake.random": ["AB:cd"],
        "tls.handshake.extensions_server_name": ["a.example"],
    }
    chosen = tcp(2, back=True, layers=":tls") | {
        "tls.handshake.type": ["2", "11"],
        "tls.handshake.version": ["0x0303"],
        "tls.handshake.extensions.supported_version": ["0x0304"],
    }
    old = {**chosen, "tls.handshake.extensions.supported_version": []}
    assert facts_of(hello, chosen) == {"client_random": "abcd", "sni": "a.example", "tls_version": "1.3"}
    assert facts_of(hello, old)["tls_version"] == "1.2"


def test_the_innermost_header_counts_and_what_an_error_quotes_does_not() -> None:
    inside = tcp(1) | {
        "frame.protocols": ["eth:ethertype:ip:udp:vxlan:eth:ethertype:ip:tcp"],
        "ip.src": ["192.0.2.1", "172.16.11.92"],
        "ip.dst": ["192.0.2.2", "172.16.12.10"],
        "udp.stream": ["7"],
    }
    found = transport_of(inside)
    assert found is not None and found[:4] == ("tcp", 0, CLIENT, SERVER)
    assert transport_of(tcp(1) | {"frame.protocols": ["eth:ethertype:ip:icmp:ip:tcp"]}) is None
    assert transport_of({"frame.protocols": ["eth:ethertype:arp"]}) is None
    assert transport_of(tcp(1) | {"tcp.srcport": []}) is None


@pytest.mark.parametrize(
    ("later_ns", "more", "copies"),
    [
        (COPY_NS, {}, 1),
        (COPY_NS + 1, {}, 0),
        (4_000_000, {"ip_id": "0x0000"}, 1),
        (6_000_000, {"ip_id": "0x0000"}, 0),
        (4_000_000, {"ip_id": "0x0000", "tcp_len": 0, "tcp_flags": "0x010"}, 0),
        (1_000, {"tcp_checksum": "0x1234"}, 1),
    ],
)
def test_a_packet_captured_twice(later_ns: int, more: dict[str, Any], copies: int) -> None:
    first = tcp(1, frame_time_epoch="1700000000.0", **more)
    again = tcp(
        2, frame_time_epoch=f"{1_700_000_000 + later_ns // 10**9}.{later_ns % 10**9:09d}", tcp_seq_raw=1000, **{"ip_id": "0x1", **more}
    )
    talk = talk_of(first, again)
    assert (talk["packets"], talk["copies"]) == ([2, 0], [copies, 0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1795450555.807743921", 1_795_450_555_807_743_921),  # every mode up to 4.0, PDML and fields in all
        ("2026-11-23T16:15:55.807743921Z", 1_795_450_555_807_743_921),  # -T ek since 4.2, -T json since 4.6
        ("2026-11-23T16:15:55.8Z", 1_795_450_555_800_000_000),
        ("0", 0),
        ("-1.5", -1_500_000_000),
        ("1386694288.-00019000", None),
        ("", None),
    ],
)
def test_times_of_every_version(text: str, expected: int | None) -> None:
    assert time_ns(text) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:1", ("a", 1)),
        ("a", ("a", None)),
        ("[::1]:2", ("::1", 2)),
        ("[::1]", ("::1", None)),
        ("::1", ("::1", None)),
        ("", ("", None)),
        ("a:x", ("a", None)),
    ],
)
def test_authorities(text: str, parts: tuple[str, int | None]) -> None:
    assert split_authority(text) == parts


def test_memory_of_copies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.second_opinion.conversations.FORGET_EVERY", 8)
    talks = Conversations()
    for frame in range(1, 100):
        talks.add(tcp(frame))
    assert len(talks._recent) <= 17
