"""Where names lie in a connection's bytes: whole, byte by byte, in disorder, behind gaps; bodies and secrets are no part of it."""

from __future__ import annotations

import pytest

from analyzer.slices.framing import MAX_HEAD
from analyzer.slices.heads import ALERT, ANSWER, CHUNK, DNS, HANDSHAKE, HELLO, MAX_WAITING, PAC, PROXY_HEADER, RECORD, REQUEST, SOCKS, Talk
from tests.build import ESTABLISHED, certificate, client_hello, connect, dns_query, get, leaf, server_hello, socks4, socks5, socks5_greeting

HELLO_BYTES = client_hello("a.example")
CONNECT = connect("a.example:443")


def walked(client: bytes = b"", server: bytes = b"", *, socks: int = 0, step: int = 1 << 20, base: int = 0xFFFFFFF0) -> Talk:
    """Both directions in segments of so many bytes, from a sequence number that wraps around."""
    talk = Talk(socks)
    for side, data in ((talk.client, client), (talk.server, server)):
        side.feed(base, b"")
        for at in range(0, len(data), step):
            side.feed((base + at) & 0xFFFFFFFF, data[at : at + step])
        side.finish()
    return talk


def kinds(side: object) -> list[tuple[str, int, int]]:
    return [(region.kind, region.start, region.end) for region in side.regions]  # type: ignore[attr-defined]


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_a_tunnel_with_a_hello(step: int) -> None:
    answer = ESTABLISHED + server_hello()
    talk = walked(CONNECT + HELLO_BYTES + b"\x17\x03\x03\x00\x05inner", answer + b"rest", step=step)
    end = len(CONNECT) + len(HELLO_BYTES)
    assert kinds(talk.client) == [(REQUEST, 0, len(CONNECT)), (HELLO, len(CONNECT), end), (RECORD, end, end + 6)]
    assert talk.client.named == end + 6
    assert [kind for kind, _, _ in kinds(talk.server)] == [ANSWER, HELLO]
    assert b"".join(region.data for region in talk.client.regions[:2]) == CONNECT + HELLO_BYTES


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_bodies_are_counted_off(step: int) -> None:
    posted = b"POST http://a.example/ HTTP/1.1\r\nContent-Length: 11\r\n\r\nGET secret "
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHTTP/\r\n0\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    fetched = get("/")
    head = b"HEAD / HTTP/1.1\r\n\r\n"
    server = interim + answer + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n"
    talk = walked(posted + head + fetched, server, step=step)
    assert [data for _, _, data in talk.client.regions] == [posted[:-11], head, fetched]
    assert [region.kind for region in talk.server.regions] == [ANSWER, ANSWER, CHUNK, CHUNK, ANSWER, ANSWER]
    assert all(b"secret" not in region.data for region in talk.client.regions)


def test_a_body_to_the_end_of_the_connection_hides_everything() -> None:
    talk = walked(get("/"), b"HTTP/1.0 200 OK\r\n\r\n" + b"HTTP/1.1 200 OK\r\n\r\n")
    assert len(talk.server.regions) == 1


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_socks(step: int) -> None:
    login = b"\x01\x04user\x08password"
    request = socks5("a.example", 443)
    talk = walked(
        socks5_greeting() + login + request + HELLO_BYTES,
        b"\x05\x02" + b"\x01\x00" + b"\x05\x00\x00\x01" + bytes(6) + server_hello(),
        socks=5,
        step=step,
    )
    assert [region.kind for region in talk.client.regions] == [SOCKS, SOCKS, SOCKS, HELLO]
    assert [region.data for region in talk.client.regions][1:3] == [login, request]
    assert [region.kind for region in talk.server.regions] == [SOCKS, SOCKS, SOCKS, HELLO]
    without = walked(socks5_greeting() + request + HELLO_BYTES, b"\x05\x00" + b"\x05\x00\x00\x03\x01x" + bytes(2), socks=5, step=step)
    assert [region.kind for region in without.client.regions] == [SOCKS, SOCKS, HELLO]
    fourth = socks4("a.example", 80)
    assert [region.data for region in walked(fourth + get("/"), socks=4, step=step).client.regions] == [fourth, get("/")]


def test_segments_in_any_order_and_twice() -> None:
    data = CONNECT + HELLO_BYTES
    talk = Talk()
    talk.client.feed(100, b"")
    for at in (40, 20, 20, 0, 30, 60):
        talk.client.feed(100 + at, data[at : at + 20] if at != 60 else data[60:])
    assert [region.data for region in talk.client.regions] == [CONNECT, HELLO_BYTES]
    assert talk.client.place(99) == -1


def test_behind_a_gap_a_segment_that_begins_like_a_head_is_read() -> None:
    talk = Talk()
    talk.client.feed(0, b"")
    talk.client.feed(0, CONNECT)
    talk.client.feed(len(CONNECT) + 50, HELLO_BYTES)
    talk.client.finish()
    assert kinds(talk.client)[1] == (HELLO, len(CONNECT) + 50, len(CONNECT) + 50 + len(HELLO_BYTES))


def test_a_gap_inside_a_body_loses_nothing() -> None:
    talk = Talk()
    posted = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
    talk.client.feed(0, posted)
    talk.client.feed(len(posted) + 80, b"x" * 20 + get("/"))
    talk.client.finish()
    assert [region.data for region in talk.client.regions] == [posted, get("/")]


def test_what_is_unknown_is_passed_over_and_memory_is_bounded() -> None:
    assert walked(b"\x00\x01binary" * 100).client.regions == []
    talk = Talk()
    talk.client.feed(0, b"GET /" + b"a" * (MAX_HEAD + 1))
    assert len(talk.client._buffer) == 0
    other = Talk()
    other.client.feed(0, b"")
    for at in range(1, 3 * MAX_WAITING, 1 << 16):
        other.client.feed(2 * at, b"z" * (1 << 16))
    assert sum(map(len, other.client._waiting.values())) <= MAX_WAITING


ENCRYPTED = b"\x17\x03\x03\x00\x05inner"
CHANGE = b"\x14\x03\x03\x00\x01\x01"
BROKEN = b"\x15\x03\x03\x00\x02\x02\x30"


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_a_handshake_is_kept_as_far_as_it_can_be_read(step: int) -> None:
    shown = certificate(leaf())
    secret = b"\x16\x03\x03\x00\x05abcde"
    talk = walked(HELLO_BYTES + CHANGE + secret + ENCRYPTED, server_hello(0x0303) + shown + CHANGE + secret, step=step)
    assert [region.kind for region in talk.client.regions] == [HELLO, RECORD, RECORD]
    assert [region.data for region in talk.client.regions][1:] == [CHANGE, secret[:6]]
    assert [region.kind for region in talk.server.regions] == [HELLO, HANDSHAKE, RECORD, RECORD]
    assert talk.server.regions[1].data == shown


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_alerts(step: int) -> None:
    talk = walked(HELLO_BYTES + BROKEN + b"more", BROKEN + b"more", step=step)
    assert [(region.kind, region.data) for region in talk.client.regions] == [(HELLO, HELLO_BYTES), (ALERT, BROKEN)]
    assert [(region.kind, region.data) for region in talk.server.regions] == [(ALERT, BROKEN)]


def test_of_what_is_cut_what_is_there() -> None:
    assert kinds(walked(CONNECT + HELLO_BYTES[:100]).client)[1] == (HELLO, len(CONNECT), len(CONNECT) + 100)
    talk = walked(b"GET / HTTP/1.1\r\nHost: a.example\r\nCook", b"HTTP/1.1 200 OK")
    assert [region.data for region in talk.client.regions] == [b"GET / HTTP/1.1\r\nHost: a.example\r\n"]
    assert [region.data for region in talk.server.regions] == [b"HTTP/1.1 200"]


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_pac_file_is_kept(step: int) -> None:
    text = b"function FindProxyForURL(url, host) { return 'PROXY p.example:3128'; }"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n"
    talk = walked(get("/wpad.dat") * 2, answer + b"Content-Length: %d\r\n\r\n" % len(text) + text + b"HTTP/1.1 404 No\r\n\r\n", step=step)
    assert [region.kind for region in talk.server.regions] == [ANSWER, PAC, ANSWER] and talk.server.regions[1].data == text
    to_the_end = walked(get("/wpad.dat"), answer + b"\r\n" + text, step=step)
    assert [region.data for region in to_the_end.server.regions if region.kind == PAC] == [text]


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_what_else_begins_a_connection(step: int) -> None:
    header = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n"
    binary = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)
    for first in (header, binary):
        assert [region.data for region in walked(first + CONNECT, step=step).client.regions] == [first, CONNECT]
        assert walked(first, step=step).client.regions[0].kind == PROXY_HEADER
    message = dns_query("a.example")
    talk = Talk(dns=True)
    data = (len(message).to_bytes(2, "big") + message) * 2
    talk.client.feed(0, b"")
    for at in range(0, len(data), step):
        talk.client.feed(at, data[at : at + step])
    assert [region.kind for region in talk.client.regions] == [DNS, DNS]
    assert kinds(walked(b"\r\n" + CONNECT, step=step).client) == [(REQUEST, 2, 2 + len(CONNECT))]
