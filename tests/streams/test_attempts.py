"""What is complete is read with its last byte, however small the pieces it came in, and what isn't costs its bytes once."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.readers.states import A_BLANK_LINE, A_LINE, DONE, SCAN
from tests.build import (
    ESTABLISHED,
    absolute_get,
    certificate,
    client_hello,
    connect,
    get,
    head,
    leaf,
    records,
    server_hello,
    socks4,
    socks5,
    socks5_greeting,
)
from tests.streams.harness import CLIENT, SERVER, Message, Segment, Stage, client, untimed

ASKED = connect("name.example:443", "Host: name.example:443", "User-Agent: agent")
HELLO = client_hello("inner.example")
BARE = client_hello("inner.example")[5:]
FLIGHT = server_hello(0x0303, bare=True) + certificate(leaf(), leaf("other.example"), bare=True)
PAC = b"function FindProxyForURL(u, h) { return 'PROXY p.example:8080'; }" + b" " * 5000
QUESTION = bytes.fromhex("001c1234010000010000000000000377777706") + b"domain" + bytes.fromhex("00" + "00010001")
DNS = bytes([0, len(QUESTION) - 2]) + QUESTION[2:]
V2 = b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11\x01\x00" + bytes(256)

STREAMS: dict[str, tuple[int, bytes, dict[str, Any]]] = {
    "a tunnel": (CLIENT, ASKED + HELLO, {}),
    "records of one byte": (CLIENT, records(BARE, range(1, len(BARE))), {}),
    "records of odd sizes": (CLIENT, ASKED + records(BARE, (1, 2, 5, 9, 200, 203, 400)), {}),
    "another record inside a hello": (CLIENT, records(BARE[:200], (100,)) + b"\x14\3\3\0\1\1" + bytes(400), {}),
    "an empty record inside a hello": (CLIENT, records(BARE[:200], (100,)) + b"\x16\3\3\0\0" + bytes(400), {}),
    "a record that is too long": (CLIENT, records(BARE[:200], (100,)) + b"\x16\3\3\xff\xff" + bytes(400), {}),
    "requests": (CLIENT, absolute_get("http://a.example/x", "A: b") + b"\r\n" + get("/y", "Host: b.example") + ASKED, {}),
    "line feeds alone": (CLIENT, (absolute_get("http://a.example/x", "A: b") * 2).replace(b"\r\n", b"\n"), {}),
    "a line that holds a control character": (CLIENT, b"GET /" + b"x" * 40 + b"\0" + b"x" * 60 + b"\r\n\r\n", {}),
    "a return inside a line": (CLIENT, b"GET /" + b"x" * 40 + b"\r HTTP/1.1\r\n\r\n", {}),
    "tabs inside a line": (CLIENT, b"GET /" + b"x\t" * 40 + b" HTTP/1.1\r\nA: b\r\n\r\n", {}),
    "a CONNECT of another protocol": (CLIENT, b'CONNECT {"user":"svc"}\r\n' + bytes(99), {}),
    "a chunked body": (
        CLIENT,
        head("POST http://a.example/ HTTP/1.1", "Transfer-Encoding: chunked") + b"5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n" + ASKED,
        {},
    ),
    "a long line in a trailer": (
        CLIENT,
        head("POST http://a.example/ HTTP/1.1", "Transfer-Encoding: chunked") + b"0\r\nT: " + b"x" * 9000,
        {},
    ),
    "SOCKS5": (CLIENT, socks5_greeting(0, 2) + b"\1\2me\2pw" + socks5("five.example", 443) + HELLO, {}),
    "SOCKS4": (CLIENT, socks4("four.example", 443, b"user") + HELLO, {}),
    "PROXY protocol": (CLIENT, V2 + ASKED, {}),
    "DNS": (CLIENT, DNS + DNS, {"port": 53}),
    "answers": (SERVER, head("HTTP/1.1 407 No", "Content-Length: 3") + b"abc" + ESTABLISHED + server_hello(), {}),
    "a certificate": (SERVER, ESTABLISHED + records(FLIGHT, (40, 90), version=0x0303), {}),
    "a certificate in records of one byte": (SERVER, records(FLIGHT[:900], range(1, 900), version=0x0303), {}),
    "a certificate behind other messages": (
        SERVER,
        records(server_hello(0x0303, bare=True) + b"\x16\0\0\1x" * 2 + certificate(leaf(), bare=True), (70, 82), version=0x0303),
        {},
    ),
    "endless messages before a certificate": (SERVER, records(server_hello(0x0303, bare=True) + b"\x04\0\0\0" * 99, version=0x0303), {}),
    "a PAC file": (SERVER, head("HTTP/1.1 200 OK", "Content-Type: text/plain", f"Content-Length: {len(PAC)}") + PAC + ESTABLISHED, {}),
    "perhaps a PAC file": (SERVER, head("HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: 5000") + b"x" * 5000, {}),
}


def read_at_once(side: int, prefix: bytes, options: dict[str, Any]) -> Stage:
    stage = Stage(**options)
    stage.add([Segment(side, prefix)])
    return stage


def as_known(stage: Stage) -> list[Message]:
    """What was read. Where a server's handshake messages end depends on how much of its flight was there, and says nothing."""
    return [m._replace(end=0) if m.kind in ("server_hello", "issuer") else m for m in untimed(stage.messages())]


@pytest.mark.parametrize(("side", "data", "options"), STREAMS.values(), ids=STREAMS)
def test_each_byte_is_read_as_soon_as_it_completes_something(side: int, data: bytes, options: dict[str, Any]) -> None:
    """Byte by byte as much is known as when all up to it came in one piece: at each of the first 300 bytes, and at some behind."""
    slow = Stage(**options)
    for n in range(1, len(data) + 1):
        slow.add([Segment(side, data[n - 1 : n])])
        if n % 37 and n != len(data) and n > 300:
            continue
        quick = read_at_once(side, data[:n], options)
        assert as_known(slow) == as_known(quick), n
        assert slow.side(side)["state"] == quick.side(side)["state"], n
        if slow.side(side)["state"] in (SCAN, DONE):
            break
        assert slow.side(side)["resume"] == quick.side(side)["resume"], n


def test_what_lacks_is_remembered() -> None:
    stage = Stage()
    stage.add([client(ASKED[:-1])])
    assert (stage.side(CLIENT)["tried"], stage.side(CLIENT)["wanted"]) == (len(ASKED) - 1, A_BLANK_LINE)
    stage.add([client(ASKED[-1:]), client(HELLO[:20])])
    assert (stage.side(CLIENT)["tried"], stage.side(CLIENT)["wanted"]) == (20, len(HELLO))
    line = Stage()
    line.add([client(b"GET http://name.example/" + b"x" * 100)])
    assert line.side(CLIENT)["wanted"] == A_LINE
    parts = Stage()
    parts.add([client(records(BARE, (20, 60))[:22])])
    assert (parts.side(CLIENT)["wanted"], parts.side(CLIENT)["lacking"]) == (30, len(BARE) - 20)


def test_a_repeated_piece_is_no_reason_to_look_again() -> None:
    stage = Stage()
    stage.add([client(ASKED[:40], 0)])
    before = int(stage.side(CLIENT)["tried"])
    stage.add([client(ASKED[20:40], 20), client(ASKED[10:30], 10)])
    assert stage.side(CLIENT)["tried"] == before == 40
    stage.add([client(ASKED[40:], 40)])
    assert [m.host for m in stage.messages()] == [b"name.example"]
