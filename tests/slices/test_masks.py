"""Masked HTTP heads and SOCKS messages keep their shape and lose everything that identifies a person."""

from __future__ import annotations

import re

import pytest

from analyzer.services.catalogue import load_catalogue
from analyzer.slices.addresses import Addresses
from analyzer.slices.masks import Masks
from analyzer.slices.names import Names
from tests.build import absolute_get, connect_as, get, head, socks4, socks5

CATALOGUE = load_catalogue()
ADDRESSES = Addresses(bytes(range(32)), b"mac")
NAMES = Names(b"key", CATALOGUE)
MASKS = Masks(NAMES, ADDRESSES, CATALOGUE)

SECRET = (
    "Proxy-Authorization: Basic YW5uYTpzZWNyZXQ=",
    "Proxy-Authorization: NTLM TlRMTVNTUAADAAAA",
    "Authorization: Negotiate YIIGhgYGKwYBBQUC",
    "Cookie: session=0123456789abcdef; user=anna",
    "Referer: http://intranet.contoso.com/people/anna?id=7",
    "X-Forwarded-For: 10.1.2.3",
    "X-Contoso-User: anna",
    "From: anna@contoso.com",
    "User-Agent: ContosoAgent/17.5 (ANNA-PC; build 1234567)",
    "Via: 1.1 proxy01.contoso.com (squid/6.6)",
    "Accept-Language: de-CH-anna",
    "Accept: application/vnd.contoso.anna+json",
    "Content-Type: text/anna; charset=contoso",
    "Connection: X-Contoso-Anna",
    "Content-Length: anna",
    "folded: a\r\n  anna and more",
)


@pytest.mark.parametrize("field", SECRET)
def test_secrets_of_fields_go(field: str) -> None:
    asked = head("GET http://www.contoso.com/home/anna?u=anna HTTP/1.1", "Host: www.contoso.com", field)
    made = MASKS.request(asked)
    assert len(made) == len(asked) and made.count(b"\r\n") == asked.count(b"\r\n")
    for secret in (b"anna", b"ANNA", b"ontoso", b"YW5u", b"TlRM", b"YIIG", b"0123456789abcdef", b"10.1.2.3", b"1234567", b"17.5 (A"):
        assert secret not in made
    answer = head("HTTP/1.1 407 Anna must log on", field.replace("Authorization", "Authenticate"))
    assert b"anna" not in MASKS.answer(answer).lower() and MASKS.answer(answer).startswith(b"HTTP/1.1 407 ")


@pytest.mark.parametrize("stack", ["wininet", "winhttp", "chromium", "firefox", "curl"])
def test_what_tells_the_stack_stays(stack: str) -> None:
    asked = connect_as(stack, "winatp-gw-neu.microsoft.com")
    assert MASKS.request(asked) == asked


def test_what_tells_a_body_stays() -> None:
    answer = head(
        "HTTP/1.1 200 OK", "Content-Length: 1234567", "Transfer-Encoding: gzip, chunked", "Content-Type: application/x-ns-proxy-autoconfig"
    )
    assert MASKS.answer(answer) == answer
    for kind in ("text/plain; charset=utf-8", "application/javascript", "application/octet-stream"):
        assert MASKS.answer(head("HTTP/1.1 200 OK", f"Content-Type: {kind}")) == head("HTTP/1.1 200 OK", f"Content-Type: {kind}")


def test_targets() -> None:
    made = MASKS.request(absolute_get("http://anna:secret@files.contoso.com:8080/a/b.txt?q=1#z", "Host: files.contoso.com:8080"))
    target = made.split(b" ")[1]
    assert target.startswith(b"http://xxxx") and b":8080/" in target and b"anna" not in made and b"secret" not in made
    assert NAMES.host(b"files.contoso.com") in target and made.count(NAMES.host(b"files.contoso.com")) == 2
    assert MASKS.request(get("/wpad.dat?who=anna")).startswith(b"GET /wpad.dat?") and MASKS.request(get("/x/corp.pac")).split(b" ")[
        1
    ].endswith(b".pac")
    assert b"anna" not in MASKS.request(get("/wpad.dat?who=anna"))
    assert MASKS.request(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n").endswith(b"]:443 HTTP/1.1\r\n\r\n")
    assert b"anna" not in MASKS.request(b"GET / anna HTTP/1.1\r\n\r\n") and MASKS.request(b"connect a.com:1 http/1.0\n\n").endswith(
        b" http/1.0\n\n"
    )
    (one, two), other = (
        (MASKS.request(get(path)).split(b" ")[1] for path in ("/abc/d", "/abc/d")),
        MASKS.request(get("/abd/d")).split(b" ")[1],
    )
    assert one == two != other


def test_paths_that_tell_a_service_stay_where_they_do() -> None:
    rule = next(rule for rule in CATALOGUE.rules if rule.evidence == "path" and rule.url_path and not rule.is_wildcard)
    path = (rule.url_path or "").rstrip("*")
    assert MASKS.request(get(f"{path}anna", f"Host: {rule.pattern}")).split(b" ")[1].startswith(path.encode())
    assert not MASKS.request(get(f"{path}anna", "Host: www.contoso.com")).split(b" ")[1].startswith(path.encode())


def test_of_heads_that_are_cut_what_is_there() -> None:
    assert MASKS.answer(b"HTTP/1.1 200") == b"HTTP/1.1 200" and MASKS.answer(b"HTTP/1.1 200 Anna")[-4:] == b"xxxx"
    assert b"anna" not in MASKS.request(b"GET /anna HTTP/1.1\r\nX: anna\r\nY: anna")


def test_socks() -> None:
    assert MASKS.socks(b"\x01\x04anna\x06secret") == b"\x01\x04xxxx\x06xxxxxx"
    assert MASKS.socks(socks5("www.contoso.com", 443))[5:-2] == NAMES.host(b"www.contoso.com")
    assert MASKS.socks(socks5("192.0.2.1", 443))[4:8] == ADDRESSES.packed(bytes((192, 0, 2, 1)))
    assert MASKS.socks(b"\x05\x00\x00\x01" + bytes(6)) == b"\x05\x00\x00\x01" + bytes(6) and MASKS.socks(b"\x05\x01\x00") == b"\x05\x01\x00"
    made = MASKS.socks(socks4("www.contoso.com", 80, b"anna"))
    assert b"anna" not in made and made[:8] == socks4("www.contoso.com", 80)[:8] and made.endswith(NAMES.host(b"www.contoso.com") + b"\0")
    assert MASKS.socks(socks4("192.0.2.1", 80))[4:8] == ADDRESSES.packed(bytes((192, 0, 2, 1)))


def test_proxy_protocol() -> None:
    made = MASKS.proxy_header(b"PROXY TCP4 192.0.2.1 192.0.2.22 5000 443\r\n")
    assert len(made) == 42 and b"192.0.2" not in made and made.endswith(b"\r\n")
    binary = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes((192, 0, 2, 1)) * 3
    assert MASKS.proxy_header(binary) == binary[:16] + bytes(12)


def test_chunk_lines() -> None:
    assert MASKS.chunk(b"1a;by=anna\r\n").startswith(b"1a;") and b"anna" not in MASKS.chunk(b"1a;by=anna\r\n")
    assert b"anna" not in MASKS.chunk(b"0\r\nTrailer: anna\r\n\r\n")


@pytest.mark.parametrize("method", ["GET", "CONNECT", "propfind", "BITS_POST", "RPC_IN_DATA"])
def test_methods_that_everyone_uses_stay(method: str) -> None:
    assert MASKS.request(head(f"{method} / HTTP/1.1", "Host: crl.microsoft.com")).startswith(method.encode() + b" /")


@pytest.mark.parametrize("method", ["CONTOSO", "Sekrit-Sync", "ANNA_POST"])
def test_a_method_of_somebodys_own_goes(method: str) -> None:
    made = MASKS.request(head(f"{method} / HTTP/1.1", "Host: crl.microsoft.com"))
    said = made.partition(b" ")[0].decode()
    assert len(said) == len(method) and not {"CONTOSO", "Sekrit", "Sync", "ANNA", "POST"} & set(re.split("[-_]", said))


def test_heads_that_a_snap_length_cut_are_masked_as_far_as_they_go() -> None:
    for answer in (b"HTTP/1.1 407 Anna must log on\r\n", b"http/1.0  200 Anna\r\n"):
        for end in range(len(answer) + 1):
            made = MASKS.answer(answer[:end])
            assert len(made) == end and made[:12] == answer[:end][:12] and b"Anna" not in made
    asked = b"CONNECT winatp-gw-neu.microsoft.com:443 HTTP/1.1\r\nHost: anna.contoso.com\r\n"
    for end in range(1, len(asked) + 1):
        made = MASKS.request(asked[:end])
        assert len(made) == end and b"anna" not in made
    for asked in (b"GET /\r\n", b"GET / anna", b"GET / anna\r\n", b"GET / HTTP/1.1 anna\r\n", b"GET /a anna HTTP/1.1\r\n", b"GET"):
        made = MASKS.request(asked)
        assert len(made) == len(asked) and b"anna" not in made, asked
