"""The header is passed over; the bytes after it are read. Examples are proxy-protocol.txt's own (2.1, 2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import by_address
from analyzer.flows.grow import empty_tables
from analyzer.readers.proxy_protocol import read_proxy_header
from analyzer.readers.states import MORE, NOT
from tests.build import client_hello, connect, socks5, socks5_greeting
from tests.streams.harness import client, names, one_by_one, read, untimed

V1 = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"
V1_LONGEST = b"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11\0\x0c" + bytes((10, 0, 0, 1, 10, 0, 0, 2, 0x1F, 0x90, 0x01, 0xBB))
V2_LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + b"\x20\0\0\0"


def header(data: bytes) -> int:
    tables = by_address(empty_tables())
    tables.cursor.end = len(data)
    return int(read_proxy_header(tables, data, tables.cursor))


@pytest.mark.parametrize("data", [V1, V1_LONGEST, V2, V2_LOCAL], ids=["v1", "v1 longest", "v2", "v2 local"])
def test_header(data: bytes) -> None:
    assert header(data) == len(data) == header(data + b"CONNECT")
    assert [header(data[:n]) for n in range(2, len(data))] == [MORE] * (len(data) - 2)


@pytest.mark.parametrize("data", [V1, V2], ids=["v1", "v2"])
def test_a_first_segment_of_one_byte(data: bytes) -> None:
    assert names(read([client(data[:1]), client(data[1:] + connect("name.example:443"))])) == [b"name.example"]


@pytest.mark.parametrize(
    "data", [b"PROXIES ", b"PRoXY TCP4", b"\r\n\r\n\0\r\nQUIT\r", b"\r\nGET / HTTP/1.1", b"POST / HTTP/1.1", bytes(20)]
)
def test_something_else(data: bytes) -> None:
    assert header(data) == NOT


def test_a_line_that_is_too_long_is_none() -> None:
    assert header(b"PROXY " + b"x" * 100) == MORE
    assert header(b"PROXY " + b"x" * 101) == NOT


@given(st.integers(0, 65535))
@settings(max_examples=30, deadline=None)
def test_length_of_version_2(size: int) -> None:
    data = V2[:14] + size.to_bytes(2, "big")
    assert header(data + bytes(size)) == 16 + size
    assert header(data + bytes(max(size - 1, 0))) == (16 if size == 0 else MORE)


@given(st.binary(max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_bytes(rest: bytes) -> None:
    for data in (b"PROXY " + rest, V2[:12] + rest):
        end = header(data)
        assert end in (MORE, NOT) or 0 < end <= len(data)


@pytest.mark.parametrize("preface", [V1, V2, V2_LOCAL])
@pytest.mark.parametrize(
    "said", [connect("name.example:443"), client_hello("name.example"), socks5_greeting() + socks5("name.example", 443)]
)
def test_what_stands_behind_it_is_read(preface: bytes, said: bytes) -> None:
    whole = read([client(preface + said)])
    assert names(whole) == [b"name.example"]
    assert untimed(one_by_one([client((preface + said)[:2]), *(client(bytes((byte,))) for byte in (preface + said)[2:])])) == untimed(whole)
    assert all(names(read([client((preface + said)[:n])])) in ([], [b"name.example"]) for n in range(0, len(preface + said), 7))
