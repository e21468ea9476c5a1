"""Sizes of what stands at the beginning of some bytes; the walk over them is tested in test_heads.py."""

from __future__ import annotations

import pytest

from analyzer.slices.framing import (
    CHUNKED,
    MAX_BODY,
    NOT,
    answer_size,
    body_size,
    chunk_line,
    dns_size,
    hello_size,
    proxy_header_size,
    record_size,
    request_size,
    starts_like_head,
    whole_lines,
)
from tests.build import client_hello, connect, dns_query

HELLO_BYTES = client_hello("a.example")


@pytest.mark.parametrize("cut", [1, 5, 9, len(HELLO_BYTES) - 1])
def test_a_hello_that_is_cut_wants_more(cut: int) -> None:
    assert hello_size(HELLO_BYTES[:cut]) == 0 and hello_size(HELLO_BYTES) == len(HELLO_BYTES)


def test_a_hello_in_several_records_and_what_is_none() -> None:
    body = HELLO_BYTES[5:]
    split = b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece for piece in (body[:3], body[3:90], body[90:]))
    assert hello_size(split) == len(split)
    assert hello_size(b"\x16\x03\x01\x00\x04\x0b\x00\x00\x00") == NOT
    assert hello_size(b"\x17\x03\x03\x00\x05hello") == NOT and hello_size(b"\x16\x03\x01\x00\x00") == NOT
    assert hello_size(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff") == NOT
    assert starts_like_head(HELLO_BYTES) and not starts_like_head(b"\x16\x03\x03\x00\x10\x14")


def test_heads() -> None:
    whole = connect("a.example:443")
    for cut in range(1, len(whole)):
        assert request_size(whole[:cut]) == 0
    assert request_size(whole + b"rest") == len(whole) and request_size(b"connect a:1 http/1.0\n\n") == 22
    assert request_size(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == NOT and request_size(b"GET /\r\n\r\n") == NOT
    assert request_size(b"\x00\x01") == NOT and request_size(b"a" * 30) == NOT
    assert answer_size(b"HTTP/1.1 200 OK\r\n\r\n...") == 19 and answer_size(b"HTTP/1.1 2") == 0
    assert answer_size(b"HTTP/1.1 OK\r\n") == NOT and answer_size(b"HTTP is old") == NOT
    assert whole_lines(b"GET / HTTP/1.1\r\nHost: a\r\nUser-A") == 25 and whole_lines(b"nothing\n") == 0
    assert whole_lines(b"HTTP/1.1 200") == 12


def test_bodies() -> None:
    assert body_size(b"GET / HTTP/1.1\r\nContent-Length : 12 \r\n\r\n", 0) == 12
    assert body_size(b"X\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 1\r\n\r\n", 0) == CHUNKED
    assert body_size(b"X\r\n\r\n", 0) == 0 and body_size(b"X\r\n\r\n", None) is None
    assert (
        body_size(b"X\r\nContent-Length: many\r\n\r\n", 0) is None
        and body_size(b"X\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), 0) is None
    )
    assert chunk_line(b"1a;x=y\r\nabc") == (8, 26) and chunk_line(b"0\r\nA: b\r\n\r\n")[0] == 11 and chunk_line(b"0\r\nA") == (0, 0)
    assert chunk_line(b"zz\r\n")[0] == NOT


def test_the_rest() -> None:
    assert (
        record_size(b"\x14\x03\x03\x00\x01\x01") == 6 and record_size(b"\x14\x03") == 0 and record_size(b"\x14\x09\x03\x00\x01\x01") == NOT
    )
    message = dns_query("a.example")
    assert (
        dns_size(len(message).to_bytes(2, "big") + message) == 2 + len(message) and dns_size(b"\x00") == 0 and dns_size(b"\x00\x01x") == NOT
    )
    assert proxy_header_size(b"PROXY UNKNOWN\r\nGET") == 15 and proxy_header_size(b"PRO") == 0 and proxy_header_size(b"GET") == NOT
    assert proxy_header_size(b"PROXY " + b"x" * 120) == NOT
