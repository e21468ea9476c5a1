"""Where names lie in a connection's bytes: whole, byte by byte, in disorder, behind gaps; bodies and secrets are no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.readers.states import FOUND_OPENING, FOUND_SERVER_HELLO
from analyzer.slices.frames import read_frames
from analyzer.slices.regions import (
    ALERT,
    ANSWER_HEAD,
    CHUNK_LINE,
    DNS_MESSAGE,
    EMPTY_LINE,
    HANDSHAKE,
    PAC_ANSWER,
    PROXY_HEADER,
    RECORD,
    REQUEST_HEAD,
    SOCKS_MESSAGE,
    TDS_HEADER,
    Side,
    handshake_size,
    kind_of,
    read_regions,
)
from tests.build import (
    ESTABLISHED,
    Conversation,
    certificate,
    client_hello,
    connect,
    dns_query,
    get,
    leaf,
    pcap,
    server_hello,
    socks4,
    socks5,
    socks5_greeting,
)
from tests.build.conversation import CLIENT, SERVER
from tests.engine import reading
from tests.streams.test_transitions import FOUND, WITHOUT_REGION

HELLO = client_hello("a.example")
CONNECT = connect("a.example:443")
ENCRYPTED = b"\x17\x03\x03\x00\x05inner"
CHANGE = b"\x14\x03\x03\x00\x01\x01"
BROKEN = b"\x15\x03\x03\x00\x02\x02\x30"
STEPS = pytest.mark.parametrize("step", [1, 7, 1 << 20])


class Talk:
    """Both directions of one conversation, read from a capture of it."""

    def __init__(self, folder: Path, talk: Conversation) -> None:
        path = folder / "x.pcap"
        path.write_bytes(pcap(talk.frames))
        flows = reading(str(path)).flows
        assert flows.num_rows == 1
        sides = read_regions([str(path)], flows, [0], lambda: read_frames([str(path)], flows, [0])[1])
        self.client, self.server = sides[0, True], sides.get((0, False), Side())


def walked(folder: Path, client: bytes = b"", server: bytes = b"", *, step: int = 1 << 20, port: int = 3128) -> Talk:
    """The conversation in segments of so many bytes, from sequence numbers that wrap around; the server answers at the end."""
    talk = Conversation(server=("172.16.12.10", port), isns=(0xFFFFFFF0, 0xFFFFFFE0)).handshake()
    for way, data in ((CLIENT, client), (SERVER, server)):
        talk.send(way, data, cuts=range(step, len(data), step))
    return Talk(folder, talk.close())


def kinds(side: Side) -> list[str]:
    return [region.kind for region in side.regions]


def texts(side: Side) -> list[bytes]:
    return [region.data for region in side.regions]


@STEPS
def test_a_tunnel_with_a_hello(step: int, tmp_path: Path) -> None:
    talk = walked(tmp_path, CONNECT + HELLO + ENCRYPTED, ESTABLISHED + server_hello() + b"rest", step=step)
    assert kinds(talk.client) == [REQUEST_HEAD, HANDSHAKE, RECORD]
    assert texts(talk.client) == [CONNECT, HELLO, ENCRYPTED[:6]]
    assert [region.start for region in talk.client.regions] == [0, len(CONNECT), len(CONNECT) + len(HELLO)]
    assert talk.client.named == len(CONNECT) + len(HELLO) + 6
    assert kinds(talk.server) == [ANSWER_HEAD, HANDSHAKE] and texts(talk.server)[0] == ESTABLISHED


@STEPS
def test_bodies_are_no_part_of_it(step: int, tmp_path: Path) -> None:
    posted = b"POST http://a.example/ HTTP/1.1\r\nContent-Length: 11\r\n\r\nGET secret "
    head = b"HEAD / HTTP/1.1\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nHTTP/\r\n0\r\n\r\n"
    unmodified = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    talk = walked(
        tmp_path, posted + head + get("/"), interim + answer + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + unmodified, step=step
    )
    assert texts(talk.client) == [posted[:-11], head, get("/")]
    assert kinds(talk.server) == [ANSWER_HEAD, ANSWER_HEAD, CHUNK_LINE, CHUNK_LINE, CHUNK_LINE, ANSWER_HEAD, ANSWER_HEAD]
    assert texts(talk.server)[2:5] == [b"5;x=y\r\n", b"0\r\n", b"\r\n"]


def test_a_body_to_the_end_of_the_connection_hides_everything(tmp_path: Path) -> None:
    assert len(walked(tmp_path, get("/"), b"HTTP/1.0 200 OK\r\n\r\n" + b"HTTP/1.1 200 OK\r\n\r\n").server.regions) == 1


@pytest.mark.parametrize("step", [1, 1 << 20])
def test_socks(step: int, tmp_path: Path) -> None:
    login, request = b"\x01\x04user\x08password", socks5("a.example", 443)
    answers = [b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01" + bytes(6)]
    talk = walked(tmp_path, socks5_greeting(2) + login + request + HELLO, b"".join(answers) + server_hello(), step=step)
    assert kinds(talk.client) == [SOCKS_MESSAGE, SOCKS_MESSAGE, SOCKS_MESSAGE, HANDSHAKE]
    assert texts(talk.client)[1:3] == [login, request]
    assert kinds(talk.server) == [SOCKS_MESSAGE, SOCKS_MESSAGE, SOCKS_MESSAGE, HANDSHAKE] and texts(talk.server)[:3] == answers
    fourth = walked(tmp_path, socks4("a.example", 80) + get("/"), b"\0\x5a" + bytes(6), step=step)
    assert texts(fourth.client) == [socks4("a.example", 80), get("/")]
    assert (kinds(fourth.client), kinds(fourth.server)) == ([SOCKS_MESSAGE, REQUEST_HEAD], [SOCKS_MESSAGE])


def test_segments_in_any_order_and_twice(tmp_path: Path) -> None:
    data = CONNECT + HELLO
    talk = Conversation().handshake().send_client(data, cuts=(20, 40, 60), order=(2, 1, 1, 0, 3))
    read = Talk(tmp_path, talk.send_client(data[30:50], at=30))
    assert texts(read.client) == [CONNECT, HELLO]


def test_behind_a_gap_a_segment_that_begins_like_a_head_is_read(tmp_path: Path) -> None:
    talk = Talk(tmp_path, Conversation().handshake().send_client(CONNECT).skip(CLIENT, 50).send_client(HELLO))
    assert [(region.kind, region.start) for region in talk.client.regions] == [(REQUEST_HEAD, 0), (HANDSHAKE, len(CONNECT) + 50)]


def test_a_gap_inside_a_body_loses_nothing(tmp_path: Path) -> None:
    posted = b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n"
    talk = Talk(tmp_path, Conversation().handshake().send_client(posted).skip(CLIENT, 80).send_client(b"x" * 20 + get("/")))
    assert texts(talk.client) == [posted, get("/")]


def test_what_is_unknown_is_no_region(tmp_path: Path) -> None:
    assert walked(tmp_path, b"\x00\x01binary" * 100).client.regions == []


@STEPS
def test_a_handshake_is_kept_as_far_as_it_can_be_read(step: int, tmp_path: Path) -> None:
    shown, secret = certificate(leaf()), b"\x16\x03\x03\x00\x05abcde"
    talk = walked(tmp_path, HELLO + CHANGE + secret + ENCRYPTED, server_hello(0x0303) + shown + CHANGE + secret, step=step)
    assert kinds(talk.client) == [HANDSHAKE, RECORD, RECORD]
    assert texts(talk.client)[1:] == [CHANGE, secret[:6]]
    assert kinds(talk.server) == [HANDSHAKE] and texts(talk.server) == [server_hello(0x0303) + shown]


@STEPS
def test_alerts(step: int, tmp_path: Path) -> None:
    talk = walked(tmp_path, HELLO + BROKEN + b"more", BROKEN + b"more", step=step)
    assert list(zip(kinds(talk.client), texts(talk.client), strict=True)) == [(HANDSHAKE, HELLO), (ALERT, BROKEN)]
    assert list(zip(kinds(talk.server), texts(talk.server), strict=True)) == [(ALERT, BROKEN)]


def test_of_what_is_cut_what_is_there(tmp_path: Path) -> None:
    assert texts(walked(tmp_path, CONNECT + HELLO[:100]).client) == [CONNECT, HELLO[:100]]
    talk = walked(tmp_path, b"GET / HTTP/1.1\r\nHost: a.example\r\nCook", b"HTTP/1.1 200 OK")
    assert texts(talk.client) == [b"GET / HTTP/1.1\r\nHost: a.example\r\n"]
    assert texts(talk.server) == [b"HTTP/1.1 200"]
    # Of the last the port may go on: that a tunnel was asked for shows all the same.
    for line in (b"CONNECT winatp-gw-neu.microsoft.com:443 HT", b"GET http://a.example/pa", b"CONNECT winatp-gw-neu.microsoft.com:4"):
        assert texts(walked(tmp_path, line).client) == [line]


@STEPS
def test_a_pac_file_is_kept(step: int, tmp_path: Path) -> None:
    text = b"function FindProxyForURL(url, host) { return 'PROXY p.example:3128'; }"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n"
    sized = head + b"Content-Length: %d\r\n\r\n" % len(text) + text
    talk = walked(tmp_path, get("/wpad.dat") * 2, sized + b"HTTP/1.1 404 No\r\n\r\n", step=step)
    assert kinds(talk.server) == [PAC_ANSWER, ANSWER_HEAD] and texts(talk.server)[0] == sized
    to_the_end = walked(tmp_path, get("/wpad.dat"), head + b"\r\n" + text, step=step)
    assert texts(to_the_end.server) == [head + b"\r\n" + text]
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(text) + text + b"\r\n0\r\n\r\n"
    assert b"".join(texts(walked(tmp_path, get("/wpad.dat"), chunked, step=step).server)).startswith(chunked[: -len(b"\r\n0\r\n\r\n")])


@STEPS
def test_what_else_begins_a_connection(step: int, tmp_path: Path) -> None:
    for first in (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)):
        talk = walked(tmp_path, first + CONNECT, step=step)
        assert (kinds(talk.client), texts(talk.client)) == ([PROXY_HEADER, REQUEST_HEAD], [first, CONNECT])
    message = dns_query("a.example")
    asked = walked(tmp_path, (len(message).to_bytes(2, "big") + message) * 2, step=step, port=53)
    assert kinds(asked.client) == [DNS_MESSAGE, DNS_MESSAGE]
    assert kinds(walked(tmp_path, b"\r\n" + CONNECT, step=step).client)[-1] == REQUEST_HEAD


def test_an_empty_line_before_a_request(tmp_path: Path) -> None:
    assert kinds(walked(tmp_path, b"\n" + CONNECT).client) == [EMPTY_LINE, REQUEST_HEAD]


def test_a_hello_in_packets_of_tds_keeps_the_header_before_it(tmp_path: Path) -> None:
    header = b"\x12\x01" + (8 + len(HELLO)).to_bytes(2, "big") + bytes(4)
    talk = Conversation().handshake().send_client(b"\x12\x01\x00\x0a\0\0\0\0\0\0").send_server(b"\x04\x01\x00\x0a\0\0\0\0\0\0")
    read = Talk(tmp_path, talk.send_client(header + HELLO))
    assert kinds(read.client) == [TDS_HEADER, HANDSHAKE] and texts(read.client) == [header, HELLO]


@pytest.mark.parametrize(
    ("data", "size"),
    [(HELLO, len(HELLO)), (HELLO + ENCRYPTED, len(HELLO)), (HELLO[:50], 50), (HELLO * 2, 2 * len(HELLO)), (ENCRYPTED, 0), (HELLO[:3], 3)],
)
def test_records_of_handshakes(data: bytes, size: int) -> None:
    assert handshake_size(data) == size


def test_what_readers_find_is_known_and_what_a_new_one_finds_is_left_out() -> None:
    """A ServerHello's bytes are read again with its certificate's."""
    known = {found for found in FOUND if any(kind_of(found, False, first) for first in range(256))}
    assert known == set(FOUND) - WITHOUT_REGION - {FOUND_SERVER_HELLO}
    assert kind_of(FOUND_OPENING, False, ord("<")) is None and kind_of(max(FOUND) + 1, False, ord("<")) is None
