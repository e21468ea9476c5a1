"""Schemes of authentication, as proxies ask for them and clients offer them; what they carry is kept nowhere."""

from __future__ import annotations

from itertools import pairwise

import pytest

from analyzer.flows.layout import POOL_USED
from tests.build import absolute_get, connect, get, head
from tests.facts.settled import settled
from tests.streams.harness import Stage, client, server

TOKEN = "TlRMTVNTUAACAAAADAAMADgAAAAFgomi/+=="


def requests_of(asked: bytes, *answer: str, status: str = "407 Proxy Authentication Required") -> list[dict[str, object]]:
    stage = Stage()
    stage.add([client(asked), server(head(f"HTTP/1.1 {status}", *answer, "Content-Length: 0"))])
    (row,) = settled(stage)
    return row["requests"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("lines", "schemes", "continues"),
    [
        ((), [], None),
        (("Proxy-Authenticate: Basic realm=\"a, Digest b\"",), ["basic"], False),
        (("Proxy-Authenticate: Negotiate", "proxy-authenticate: NTLM", 'PROXY-AUTHENTICATE: Basic realm="x"'),
         ["negotiate", "ntlm", "basic"], False),
        (('Proxy-Authenticate: Negotiate, NTLM, Basic realm="x", charset="UTF-8"',), ["negotiate", "ntlm", "basic"], False),
        (('Proxy-Authenticate: , ,Basic  realm = "\\"q, NTLM",,Bearer ,',), ["basic", "bearer"], False),
        ((f"Proxy-Authenticate: NTLM {TOKEN}",), ["ntlm"], True),
        ((f"Proxy-Authenticate: negotiate\t{TOKEN}", "Proxy-Authenticate: Basic realm=x"), ["negotiate", "basic"], True),
        (('Proxy-Authenticate: Digest realm="p", nonce="n", stale=TRUE, qop="auth"',), ["digest"], True),
        (('Proxy-Authenticate: Digest stale="true", nonce="n"',), ["digest"], True),
        (('Proxy-Authenticate: Digest realm="stale=true", stale=false',), ["digest"], False),
        (("Proxy-Authenticate: Kerberos abc=",), ["kerberos"], False),
        (("Proxy-Authenticate:", "Proxy-Authenticate: \"quoted\"", "Proxy-Authenticate: =", f"Proxy-Authenticate: {'x' * 65} a"), [], None),
        (("WWW-Authenticate: Basic realm=x", "Authentication-Inf: Basic "), [], None),
    ],
)  # fmt: skip
def test_challenges(lines: tuple[str, ...], schemes: list[str], continues: bool | None) -> None:
    for asked in (connect("a.example:443"), absolute_get("http://a.example/")):
        (request,) = requests_of(asked, *lines)
        assert (request["challenge"], request["continues"], request["status"]) == (schemes, continues, 407)


@pytest.mark.parametrize(
    ("line", "scheme"),
    [
        ("Proxy-Authorization: Basic c2VjcmV0OnNlY3JldA==", "basic"),
        ("proxy-authorization:NEGOTIATE YIIsecret", "negotiate"),
        ("Proxy-Authorization: Digest a=b", "digest"),
        ("Proxy-Authorization: Secret1", None),
        ("Proxy-Authorization:", None),
        ("Proxy-Authorization: =secret", None),
        ("Proxy-Authorization: c2VjcmV0OnNlY3JldA==", None),
        ("Authorization: Basic c2VjcmV0", None),
    ],
)
def test_what_is_offered(line: str, scheme: str | None) -> None:
    for asked in (connect("a.example:443", line), absolute_get("http://a.example/", line)):
        assert [request["offered"] for request in requests_of(asked)] == [scheme]


@pytest.mark.parametrize("cuts", [[], [40], [60, 64]])
def test_no_credentials_are_kept(cuts: list[int]) -> None:
    """Nowhere in what is remembered for good, whether they came in one packet or in several."""
    asked = connect("a.example:443", "Proxy-Authorization: Basic c2VjcmV0OnNlY3JldA==")
    edges = [0, *cuts, len(asked)]
    stage = Stage()
    stage.add([client(asked[a:b]) for a, b in pairwise(edges)])
    stage.finish()
    pool = bytes(stage.tables.pool[: stage.tables.counts[POOL_USED]])
    assert b"basic" in pool
    assert b"c2Vj" not in pool


@pytest.mark.parametrize(
    ("status", "line", "host"),
    [
        ("302 Found", "Location: https://User:pw@Portal.Example:8443/login?u=http://a.example/", "portal.example"),
        ("307 x", "LOCATION: //portal.example/x", "portal.example"),
        ("302 Found", "Location: http://[2001:db8::1]:80/", "2001:db8::1"),
        ("302 Found", "Location: http://portal.example.", "portal.example"),
        ("302 Found", "Location: /login", None),
        ("302 Found", "Location: https:///login", None),
        ("302 Found", "Location:", None),
        ("200 OK", "Location: http://portal.example/", None),
        ("201 Created", "Location: http://portal.example/", None),
    ],
)
def test_redirections(status: str, line: str, host: str | None) -> None:
    assert [request["location"] for request in requests_of(connect("a.example:443"), line, status=status)] == [host]


@pytest.mark.parametrize(
    ("line", "html"),
    [
        ("Content-Type: text/html", True),
        ("content-type:Text/HTML;charset=utf-8", True),
        ("Content-Type: application/xhtml+xml ; q=1", True),
        ("Content-Type: text/html5", False),
        ("Content-Type: application/json", False),
        ("X-Content: text/html", False),
    ],
)
def test_web_pages(line: str, html: bool) -> None:
    found = requests_of(absolute_get("http://a.example/"), line, status="200 OK")
    assert [(request["html"], request["cut"]) for request in found] == [(html, False)]


def test_an_answer_that_was_cut_may_say_more() -> None:
    for rest, html in (("", None), ("Content-Type: text/html\r\n", True), ("Content-Type: image/png\r\n", False)):
        stage = Stage()
        stage.add([client(connect("a.example:443")), server(f"HTTP/1.1 403 x\r\n{rest}Conten".encode(), wire_bytes=900)])
        (row,) = settled(stage)
        assert [(request["status"], request["html"], request["cut"]) for request in row["requests"]] == [(403, html, True)]


def test_an_unanswered_request_has_no_challenge() -> None:
    stage = Stage()
    stage.add([client(connect("a.example:443"))])
    (row,) = settled(stage)
    (request,) = row["requests"]
    assert [request[name] for name in ("challenge", "continues", "location", "html", "cut")] == [[], None, None, None, None]


def test_the_plain_request_and_its_answer() -> None:
    stage = Stage(port=80)
    stage.add(
        [
            client(get("/a", "Host: a.example", "Via: 1.1 squid")),
            server(head("HTTP/1.1 302 x", "Location: http://P.example/", "Content-Length: 0")),
        ]
    )
    stage.add([client(get("/b", "Host: a.example")), server(head("HTTP/1.1 200 x", "Content-Type: text/html", "Content-Length: 0"))])
    (row,) = settled(stage)
    assert [row[f"http_{name}"] for name in ("path", "status", "location", "html", "via")] == ["/a", 302, "p.example", False, True]
    for lines, via in (((), False), (("X-Forwarded-For: 10.0.0.1",), True)):
        stage = Stage(port=80)
        stage.add([client(get("/a", "Host: a.example", *lines))])
        (row,) = settled(stage)
        assert [row[f"http_{name}"] for name in ("path", "status", "location", "html", "via")] == ["/a", None, None, None, via]
    stage = Stage()
    stage.add([client(connect("a.example:443", "Via: 1.1 squid"))])
    assert [settled(stage)[0][f"http_{name}"] for name in ("status", "via")] == [None, True]
