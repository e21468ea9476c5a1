"""The first line of a request: cut, without a version, or no request's at all."""

from __future__ import annotations

import pytest

from tests.reference import http as twin
from tests.streams.harness import Stage, byte_by_byte, client, read

CUT = 512


@pytest.mark.parametrize(
    ("data", "kind", "host", "port"),
    [
        (b"CONNECT name.example:443 HT", "connect", b"name.example", 443),
        (b"CONNECT name.example:443 ", "connect", b"name.example", 443),
        (b"connect  [2001:db8::1]:8443  http/1.1\r", "connect", b"2001:db8::1", 8443),
        (b"GET http://name.example/pa", "absolute", b"name.example", 80),
        (b"HEAD https://user@name.example:81?x", "absolute", b"name.example", 81),
        (b"GET http://name.example HTT", "absolute", b"name.example", 80),
    ],
)
def test_a_line_cut_behind_its_name(data: bytes, kind: str, host: bytes, port: int) -> None:
    """As a snap length of some 100 bytes does: the name is whole, what would follow isn't known."""
    stage = Stage()
    assert stage.feed([client(data)]) == []
    (message,) = stage.finish()
    assert (message.kind, message.host, message.port) == (kind, host, port)
    assert message.path is None and message.field is None and message.agent is None and message.shape == CUT
    asked = twin.read_request(data)
    assert asked is not None and asked.kind == kind


@pytest.mark.parametrize(
    "data",
    [
        b"CONNECT ", b"CONNECT", b"CONNECT name.example:443 EHLO", b"GET http", b"GET /path HTT", b"EHLO name.example ESM",
        b"CONNECT name\0example:443 HT", b'CONNECT {"verbose":true', b"connect name.exa", b"CONNECT name:4x", b"see http://name.exa",
        b"GET *", b"PRI",
    ],
)  # fmt: skip
def test_a_line_cut_before_it_tells_anything(data: bytes) -> None:
    assert read([client(data)]) == []
    assert twin.read_request(data) is None


@pytest.mark.parametrize(
    ("data", "kind", "of_twin"),
    [
        (b"CONNECT n", "connect", "connect"),
        (b"CONNECT name.example:443", "connect", "connect"),
        (b"GET http:", "absolute", "absolute"),
        (b"GET http://name.exa", "absolute", "absolute"),
        (b"POST https://name.exa", "absolute", "absolute"),
        (b"GET /", "origin", None),
        (b"GET /pki/crl/pro", "origin", None),
    ],
)
def test_a_line_cut_in_its_name_tells_its_form(data: bytes, kind: str, of_twin: str | None) -> None:
    """That a proxy was asked is known, and for what isn't: half a name is no name."""
    (message,) = read([client(data, wire_bytes=len(data) + 80)])
    assert (message.kind, message.host, message.port, message.path, message.shape) == (kind, None, -1, None, CUT)
    asked = twin.read_request(data)
    assert asked is not None and (asked.kind, asked.target, asked.head.complete) == (of_twin, b"", False)


@pytest.mark.parametrize(
    ("data", "host", "port", "field"),
    [
        (b"GET /zeek.html HTTY/1.1\r\nHost: localhost\r\n\r\n", None, -1, b"localhost"),
        (b"GET /index.html\r\n\r\n", None, -1, None),
        (b"GET http://a.example/x\n\n", b"a.example", 80, None),
        (b"POST /x\r\nHost: a.example\r\n\r\n", None, -1, b"a.example"),
        (b"HEAD /x\nHost: a.example\n\n", None, -1, b"a.example"),
        (b"GET HTTP/1.1\r\nHost: a.example\r\n\r\n", None, -1, b"a.example"),
        (b"POST  HTTP/1.0\r\nHost: a.example\r\n\r\n", None, -1, b"a.example"),
        (b"GET http://a.example HTTY/1.1\r\nHost: b.example\r\n\r\n", b"a.example", 80, b"b.example"),
        (b"connect a.example:443\r\n\r\n", b"a.example", 443, None),
    ],
)
def test_a_line_without_a_version_that_is_known(data: bytes, host: bytes | None, port: int, field: bytes | None) -> None:
    """As Wireshark reads them; the twin too."""
    (message,) = read([client(data)])
    assert (message.host, message.port, message.field) == (host, port, field)
    told = twin.read_request(data)
    assert told is not None and told.head.field(b"host") == field


@pytest.mark.parametrize(
    "data",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"CONNECT  HTTP/1.1\r\n\r\n",
        b"Post /x\r\n\r\n",
        b"POST file\r\n\r\n",
        b" GET / HTTP/1.1\r\n\r\n",
        b"G\0T / HTTP/1.1\r\n\r\n",
        b"A" * 30 + b" / HTTP/1.1\r\n\r\n",
        b"EHLO mail.example ESMTP\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"GET /\0\1 HTTP/1.1",
        b"POST / HTTY/1.1\r\nHost: a.example\r\n\r\n",
        b"GET file\r\n\r\n",
        b"CONNECT name.example\r\n\r\n",
        b"CONNECT a.example:443 HTTY/1.1\r\n\r\n",
        b"GET rtsp://a.example/stream RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        b"GET / RTSP/1.0\r\n\r\n",
        b"GET sip://a.example SIP/2.0\r\n\r\n",
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    assert read([client(data)]) == []
    assert byte_by_byte(data) == []


@pytest.mark.parametrize("url", ["rtsp://a.example/stream", "RTSPU://a.example/x", "sips://a.example/x", "icap://a.example:1344/reqmod"])
def test_a_line_of_another_protocol_that_is_cut_is_no_request(url: str) -> None:
    """Its version stands at its end, and was not captured; its scheme was."""
    for end in (b"", b" ", b" RT"):
        data = f"OPTIONS {url}".encode() + end
        assert read([client(data, wire_bytes=200)]) == []
    assert [m.host for m in read([client(b"OPTIONS http://a.example/stream R", wire_bytes=200)])] == [b"a.example"]
