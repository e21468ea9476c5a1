"""What is said on one connection, one thing after the other, each read by the reader of what is expected next."""

from __future__ import annotations

import pytest

from analyzer.readers.states import DONE
from tests.build import (
    ESTABLISHED,
    client_hello,
    connect,
    get,
    head,
    server_hello,
)
from tests.build.requests import PROXY_AUTH
from tests.streams.harness import (
    CLIENT,
    SERVER,
    Stage,
    client,
    cut,
    names,
    one_by_one,
    read,
    server,
    summary,
)
from tests.streams.tunnel import ASKED, CCS, HELLO, OK, STREAM, TLS12, TUNNEL


def test_a_tunnel() -> None:
    found = read([client(ASKED), server(ESTABLISHED), client(HELLO), server(TLS12)])
    assert summary(found)[:4] == [TUNNEL[0], ("answer", SERVER, None, 200), TUNNEL[1], ("server_hello", SERVER, None, 0x0303)]
    assert [m.kind for m in found[4:]] == ["issuer"]
    assert [(m.at, m.end) for m in found[:3]] == [(0, len(ASKED)), (0, len(ESTABLISHED)), (len(ASKED), len(STREAM))]


def test_407_and_then_the_connect_that_succeeds() -> None:
    again = connect("name.example:443", "Proxy-Authorization: Negotiate TlRM")
    found = read([client(ASKED), server(PROXY_AUTH), client(again), server(ESTABLISHED), client(HELLO), server(server_hello())])
    assert summary(found) == [
        TUNNEL[0],
        ("answer", SERVER, None, 407),
        TUNNEL[0],
        ("answer", SERVER, None, 200),
        TUNNEL[1],
        ("server_hello", SERVER, None, 0x0304),
    ]


def test_several_connects() -> None:
    refused = head("HTTP/1.1 403 Forbidden", "Transfer-Encoding: chunked") + b"3\r\nno!\r\n0\r\n\r\n"
    segments = []
    for i in range(5):
        segments += [client(connect(f"h{i}.example:443")), server(refused)]
    found = read([*segments, client(ASKED), server(ESTABLISHED), client(HELLO)])
    assert names(found) == [*(f"h{i}.example".encode() for i in range(5)), b"name.example", b"inner.example"]
    assert [m.status for m in found if m.kind == "answer"] == [403] * 5 + [200]


def test_requests_inside_a_tunnel() -> None:
    found = read([client(connect("name.example:80")), server(ESTABLISHED), client(get("/x", "Host: inner.example")), server(OK)])
    assert [(m.kind, m.field, m.status) for m in found] == [
        ("connect", None, -1),
        ("answer", None, 200),
        ("origin", b"inner.example", -1),
        ("answer", None, 200),
    ]


def test_a_tunnel_that_goes_on_without_an_answer_in_the_capture() -> None:
    assert summary(read([client(ASKED), client(HELLO)])) == TUNNEL


def test_a_protocol_that_changes_to_tls() -> None:
    """A hello in a packet of its own is found, whatever came before (as behind STARTTLS)."""
    found = read(
        [
            server(b"220 mail.example ESMTP\r\n"),
            client(b"EHLO me\r\n"),
            server(b"250 STARTTLS\r\n"),
            client(b"STARTTLS\r\n"),
            server(b"220 go ahead\r\n"),
            *cut(client(HELLO, 19), 500, 1000),
            server(TLS12),
        ]
    )
    assert summary(found)[:2] == [TUNNEL[1], ("server_hello", SERVER, None, 0x0303)]
    assert found[-1].kind == "issuer"


@pytest.mark.parametrize("before", [b"S", b"hello", b"HTT", b"\x16\3", b"GE"])
@pytest.mark.parametrize("separately", [False, True])
def test_what_may_have_begun_something_hides_nothing_behind_it(before: bytes, separately: bool) -> None:
    """A server of PostgreSQL says S before its hello; the next packet is read for itself once it is known that nothing goes on."""
    said = [client(b"\0\0\0\x08\x04\xd2\x16\x2f"), server(before), client(before + b"\0"), client(before), client(HELLO), server(TLS12)]
    found = (one_by_one if separately else read)(said)
    assert summary(found)[:2] == [TUNNEL[1], ("server_hello", SERVER, None, 0x0303)]
    early = [client(HELLO, len(before)), server(TLS12, len(before)), client(before, 0), server(before, 0)]
    assert summary((one_by_one if separately else read)(early))[:2] == summary(found)[:2]


@pytest.mark.parametrize("separately", [False, True])
def test_a_change_of_ciphers_before_the_hellos(separately: bool) -> None:
    for before in (CCS, CCS + CCS):
        said = [client(before), client(HELLO)] if separately else [client(before + HELLO)]
        found = read([*said, server(CCS), server(server_hello())])
        assert summary(found) == [TUNNEL[1], ("server_hello", SERVER, None, 0x0304)]
    assert names(one_by_one([client((CCS + HELLO)[i : i + 1]) for i in range(len(CCS + HELLO))])) == [b"inner.example"]
    assert names(read([client(ASKED), server(ESTABLISHED), client(CCS + HELLO)])) == [b"name.example", b"inner.example"]
    assert names(read([client(b"\x14\3\1\0\1\2" + HELLO)])) == []  # no such message


def tds(data: bytes, kind: int = 0x12) -> bytes:
    """A TDS packet: type, end of message, length, and what a server counts with."""
    return bytes((kind, 1)) + (8 + len(data)).to_bytes(2, "big") + bytes(4) + data


def test_tls_inside_the_packets_of_sql_server() -> None:
    found = read([client(tds(bytes(26))), server(tds(bytes(26), 4)), client(tds(HELLO)), server(tds(TLS12, 4))])
    assert summary(found)[:2] == [TUNNEL[1], ("server_hello", SERVER, None, 0x0303)]
    assert names(read([client(tds(bytes(26))), client(tds(HELLO, 0x0F))])) == []


def test_nothing_is_read_behind_encrypted_data() -> None:
    for first in (b"\x17\3\3\0\x20" + bytes(32), client_hello("first.example")):
        stage = Stage()
        stage.feed([client(first), client(ASKED), client(client_hello("second.example"))])
        assert names(stage.finish()) in ([], [b"first.example"])
        assert stage.side(CLIENT)["state"] == DONE
