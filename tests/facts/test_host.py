"""The order of the contract: connect, its Host, socks, absolute, sni, quic, http; an address is no name."""

from __future__ import annotations

import pytest

from analyzer.facts.host import is_name
from tests.build import ESTABLISHED, absolute_get, client_hello, connect, get, socks5, socks5_greeting, socks5_reply
from tests.facts.settled import settled
from tests.streams.harness import Segment, Stage, client, server

HELLO = client_hello("sni.example")


@pytest.mark.parametrize(
    "text",
    [b"name.example", b"1.2.3.4.example", b"x", b"0x7f", b"xn--bcher-kva.example", b"1-2", b"a.", b"\xff", b"server4:443", b"ad:443"],
)
def test_names(text: bytes) -> None:
    assert is_name(b"?" + text, 1, len(text))


@pytest.mark.parametrize(
    "text", [b"", b"10.0.0.1", b"2001:db8::1", b"::", b"::ffff:10.0.0.1", b"10.0.0.1.", b".", b"*", b"fd00::1", b"fe80::a", b"abcd:ef01::"]
)
def test_addresses_and_nothing(text: bytes) -> None:
    assert not is_name(b"?" + text, 1, len(text))


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (
            [client(connect("Connect.Example.:443", "Host: field.example")), server(ESTABLISHED), client(HELLO)],
            ("connect.example", "connect"),
        ),
        ([client(connect("10.0.0.9:443", "Host: field.example:443")), server(ESTABLISHED), client(HELLO)], ("field.example", "connect")),
        ([client(connect("10.0.0.9:443")), server(ESTABLISHED), client(HELLO)], ("sni.example", "sni")),
        ([client(connect("[2001:db8::9]:443")), server(ESTABLISHED), client(HELLO)], ("sni.example", "sni")),
        ([client(connect("[fd00::9]:443")), server(ESTABLISHED), client(HELLO)], ("sni.example", "sni")),
        (
            [client(socks5_greeting()), server(b"\5\0"), client(socks5("socks.example", 443)), server(socks5_reply()), client(HELLO)],
            ("socks.example", "socks"),
        ),
        (
            [client(socks5_greeting()), server(b"\5\0"), client(socks5("10.0.0.9", 443)), server(socks5_reply()), client(HELLO)],
            ("sni.example", "sni"),
        ),
        ([client(absolute_get("http://Absolute.Example/", "Host: field.example"))], ("absolute.example", "absolute")),
        ([client(absolute_get("http://10.0.0.9/", "Host: field.example"))], ("field.example", "http")),
        ([client(get("/", "Host: Http.Example:8080"))], ("http.example", "http")),
        ([client(get("/", "Host: 10.0.0.9"))], (None, None)),
        ([client(client_hello("10.0.0.9"))], (None, None)),
        ([client(client_hello(b"b\xfccher.EXAMPLE"))], ("b\\xfccher.example", "sni")),
        ([client(b"\1\2\3")], (None, None)),
    ],
)
def test_the_first_that_is_a_name(segments: list[Segment], expected: tuple[str | None, str | None]) -> None:
    stage = Stage()
    stage.add(segments)
    (row,) = settled(stage)
    assert (row["host"], row["host_source"]) == expected
