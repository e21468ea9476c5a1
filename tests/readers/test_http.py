"""Requests and answers as gateways see them; bodies are passed over whole, so that what follows is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.http import read_chunk_line, starts_like_answer
from analyzer.readers.request_line import starts_like_request
from analyzer.readers.states import MORE, NOT
from tests.build import CONNECT_SHAPES, ESTABLISHED, absolute_get, connect, connect_as, get, head
from tests.reference import http as twin
from tests.streams.harness import CLIENT, Stage, byte_by_byte, client, names, one_by_one, read, server, summary, untimed

HTTP_10, AGENT, HOST, HOST_PORT, LENGTH_0, PRAGMA, PROXY_CONNECTION, BROWSER = 1, 2, 4, 8, 16, 32, 64, 256
OK = head("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok"


def raw(data: bytes) -> memoryview:
    return memoryview(data + b"\0")


@pytest.mark.parametrize(
    ("stack", "shape"),
    [
        ("wininet", HTTP_10 | AGENT | HOST | LENGTH_0 | PRAGMA | PROXY_CONNECTION | BROWSER),
        ("winhttp", HOST | HOST_PORT),
        ("agent", HTTP_10 | AGENT),
        ("chromium", AGENT | HOST | HOST_PORT | PROXY_CONNECTION | BROWSER),
        ("firefox", AGENT | HOST | HOST_PORT | PROXY_CONNECTION | BROWSER),
        ("curl", AGENT | HOST | HOST_PORT | PROXY_CONNECTION),
    ],
)
def test_connect_shapes_of_public_captures(stack: str, shape: int) -> None:
    assert set(CONNECT_SHAPES) == {"wininet", "winhttp", "agent", "chromium", "firefox", "curl"}
    data = connect_as(stack, "Name.Example")
    (message,) = read([client(data)])
    assert (message.kind, message.host, message.port, message.shape) == ("connect", b"Name.Example", 443, shape)
    assert message.field == (b"Name.Example" if shape & HOST else None)
    agents = [line.split(": ", 1)[1].encode() for line in CONNECT_SHAPES[stack] if line.startswith("User-Agent")]
    assert message.agent == (agents[0] if agents else None)
    assert (message.at, message.end) == (0, len(data))


@pytest.mark.parametrize(
    "data",
    [
        connect("name.example:443", "Host: name.example:443", end="\n"),
        b"connect name.example:443 http/1.1\r\nHOST: name.example\r\n\r\n",
        b"CONNECT  name.example:443  HTTP/1.1 \r\n\r\n",
        b"\r\n\r\nCONNECT name.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT name.example:443 HTTP/3.7\r\nX: y\n\r\n",
        b"CONNECT name.example:443 HTTP/1.1\r\nbroken line\r\n: no name\r\nHost : name.example\r\n\r\n",
    ],
)
def test_connect_loosely_written(data: bytes) -> None:
    whole = read([client(data)])
    assert [(m.kind, m.host, m.port) for m in whole] == [("connect", b"name.example", 443)]
    assert untimed(byte_by_byte(data)) == untimed(whole)
    assert untimed(read([client(data + b"\x17\3\3\0\1!")])) == untimed(whole)


@pytest.mark.parametrize(
    ("authority", "host", "port"),
    [
        ("name.example:443", b"name.example", 443),
        ("name.example", b"name.example", -1),
        ("[2001:db8::1]:8443", b"2001:db8::1", 8443),
        ("[2001:db8::1]", b"2001:db8::1", -1),
        ("192.0.2.1:443", b"192.0.2.1", 443),
        ("name.example:", b"name.example", -1),
        ("name.example:65536", b"name.example", -1),
        ("name.example:99999999999999999999", b"name.example", -1),
        ("b\u00fccher.example:443", "b\u00fccher.example".encode(), 443),
        ("a!$&'()*+,;~b.example:443", b"a!$&'()*+,;~b.example", 443),
        ("*:443", b"*", 443),
    ],
)
def test_authorities(authority: str, host: bytes | None, port: int) -> None:
    """Whatever a URI's host may be made of, in a line that says it is HTTP, and in the fields behind it."""
    (message,) = read([client(connect(authority, "Host: " + authority))])
    assert (message.host, message.port, message.field) == (host, port, host)
    (message,) = read([client(absolute_get(f"http://{authority}/"))])
    assert (message.host, message.port) == (host, port if port > 0 else 80)


@pytest.mark.parametrize("host", ["h.example, i.example", "<h>", "</h>", '"h"', "{h}", "h\\i", "h i", "%s", "h%4"])
def test_a_host_field_that_names_no_host_is_shown_as_sent(host: str) -> None:
    """Scanners and broken clients send it; but it names no host."""
    (message,) = read([client(get("/", "Host: " + host))])
    assert message.field == host.encode()
    assert names(read([client(connect(host.replace(" ", "\\")))])) == []
    assert read([client(absolute_get("http://" + host.replace("/", "<").replace(" ", "<") + "/"))])[0].host is None


@pytest.mark.parametrize("host", ["h\x01.example", "h.example:80:90", "h.example:x", "h%40i", "h=i", "jane@h<i", "h<i?x", "h<i#x"])
def test_what_may_hide_a_password_is_not_shown(host: str) -> None:
    (message,) = read([client(get("/", "Host: " + host))])
    assert message.field is None
    assert names(read([client(connect(host))])) == []


def test_nothing_is_said_before_the_head_is_complete() -> None:
    data = connect_as("chromium", "name.example")
    stage = Stage()
    assert stage.feed([client(data[i : i + 1]) for i in range(len(data) - 1)]) == []
    assert names(stage.feed([client(data[-1:])])) == [b"name.example"]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (connect_as("wininet", "name.example"), len(b"CONNECT name.example:443 ")),
        (absolute_get("http://name.example:8080/p?q", "Host: other.example"), len(b"GET http://name.example:8080/")),
    ],
)
def test_cut_at_every_offset(data: bytes, named: int) -> None:
    """A line gives its name when that is complete, even when nothing follows; never half a name, only the fact of a request."""
    whole = read([client(data)])[0]
    line = data.index(b"\n") + 1
    for n in range(len(data)):
        found = read([client(data[:n], wire_bytes=len(data))])
        assert [m.host for m in found] == ([whole.host] if n >= named else [None] if n > len(b"CONNECT ") else [])
        for m in found:
            assert m.kind == whole.kind
            assert (m.port, m.path) == (whole.port if n >= named else -1, whole.path if n >= line else None)
            assert m.agent in (None, whole.agent)
            assert m.field in (None, whole.field)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://name.example/", (b"name.example", 80, b"/")),
        ("http://name.example", (b"name.example", 80, None)),
        ("HTTPS://Name.Example/a/b?secret=1#f", (b"Name.Example", 443, b"/a/b")),
        ("ftp://name.example/f", (b"name.example", 21, b"/f")),
        ("http://user:p%40ss@name.example:8080/x", (b"name.example", 8080, b"/x")),
        ("http://u@v@name.example/x", (b"name.example", 80, b"/x")),
        ("http://[2001:db8::1]:81/x", (b"2001:db8::1", 81, b"/x")),
        ("http://name.example?q=http://other.example/", (b"name.example", 80, None)),
        ("http://name.example#f", (b"name.example", 80, None)),
        ("ws://name.example/s", (b"name.example", 80, b"/s")),
    ],
)
def test_absolute_form(url: str, expected: tuple[bytes, int, bytes | None]) -> None:
    (message,) = read([client(absolute_get(url, "Host: field.example"))])
    assert (message.kind, (message.host, message.port, message.path)) == ("absolute", expected)
    assert message.field == b"field.example"


def test_origin_form() -> None:
    (message,) = read([client(get("/a/b?secret", "Host: name.example:8080", "User-Agent: Microsoft-CryptoAPI/10.0"))])
    assert message._replace(at=0, end=0, ts_ns=0, shape=0) == message._replace(
        kind="origin",
        host=None,
        port=-1,
        path=b"/a/b",
        field=b"name.example",
        agent=b"Microsoft-CryptoAPI/10.0",
        at=0,
        end=0,
        ts_ns=0,
        shape=0,
    )
    assert read([client(b"OPTIONS * HTTP/1.1\r\nHost: name.example\r\n\r\n")])[0].path is None


def test_the_first_host_and_agent_count() -> None:
    (message,) = read([client(get("/", "Host: one.example", "User-Agent: one", "host: two.example", "user-agent: two"))])
    assert (message.field, message.agent) == (b"one.example", b"one")
    (message,) = read([client(get("/", "Host:", "User-Agent: \t ", "Host: name.example", "User-Agent: agent"))])
    assert (message.field, message.agent) == (b"name.example", b"agent")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HTTP/1.1 200 Connection established", 200),
        ("HTTP/1.0 200 OK", 200),
        ("HTTP/1.1 407", 407),
        ("http/1.1 403 Forbidden", 403),
        ("HTTP/1.1  503  Service Unavailable", 503),
        ("HTTP/2 200", 200),
        ("HTTP/1.1 999 odd", 999),
    ],
)
def test_answers(line: str, status: int) -> None:
    data = head(line, "Content-Length: 0")
    whole = read([client(connect("a:1")), server(data)])
    assert [m.status for m in whole if m.kind == "answer"] == [status]
    if "  " not in line:
        assert untimed(byte_by_byte(data, 1, before=[client(connect("a:1"))])) == untimed(whole)


def test_answer_with_two_spaces_that_arrives_byte_by_byte() -> None:
    found = byte_by_byte(head("HTTP/1.1  503  Service Unavailable", "Content-Length: 0"), 1, before=[client(connect("a:1"))])
    assert [m.status for m in found if m.kind == "answer"] == [503]


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 20\r\n\r\n", b"HTTP/1.1 0200 OK\r\n\r\n", b"HTTP/ 200 OK\r\n\r\n", b"HTTPS/1.1 200 OK\r\n\r\n"]
)
def test_what_is_no_answer(data: bytes) -> None:
    assert not starts_like_answer(raw(data), 0, len(data))
    assert [m for m in read([server(data)]) if m.kind == "answer"] == []


def test_cut_answers_keep_their_status() -> None:
    for n in range(len(ESTABLISHED)):
        statuses = [m.status for m in read([client(connect("a:1")), server(ESTABLISHED[:n])]) if m.kind == "answer"]
        assert statuses == ([200] if n >= 12 else [])


def test_interim_answers_are_none_but_101() -> None:
    stage = Stage()
    stage.feed(
        [client(get("/", "Host: a.example")), server(head("HTTP/1.1 100 Continue") + head("HTTP/1.1 103 Early Hints", "Link: x") + OK)]
    )
    assert [m.status for m in stage.messages() if m.kind == "answer"] == [200]
    assert [m.status for m in read([client(get("/")), server(head("HTTP/1.1 101 Switching Protocols"))]) if m.kind == "answer"] == [101]


BODIES = {
    "length": ("Content-Length: 30", b"GET http://body.example/ HTTP/1"),
    "chunked": ("Transfer-Encoding: gzip, Chunked", b"1d;x=y\r\nGET http://body.example/ HTTP\r\n1\r\n!\r\n000\r\nTrailer: x\r\n\r\n"),
    "no chunks": ("Transfer-Encoding: chunked", b"0\r\n\r\n"),
    "both": ("Content-Length: 5\r\nTransfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"),
    "empty": ("Content-Length: 0", b""),
}


@pytest.mark.parametrize(("line", "body"), BODIES.values(), ids=BODIES)
def test_bodies_are_passed_over(line: str, body: bytes) -> None:
    body = body[:30] if "30" in line else body
    asked = head("POST http://first.example/ HTTP/1.1", line) + body + absolute_get("http://second.example/")
    answered = head("HTTP/1.1 200 OK", line) + body + head("HTTP/1.1 404 Not Found", "Content-Length: 0")
    whole = read([client(asked), server(answered)])
    assert summary(whole) == [
        ("absolute", 0, b"first.example", -1),
        ("absolute", 0, b"second.example", -1),
        ("answer", 1, None, 200),
        ("answer", 1, None, 404),
    ]
    assert untimed(byte_by_byte(asked) + byte_by_byte(answered, 1, before=[client(asked)])[2:]) == untimed(whole)
    for size in (3, 10, 31, 40, 64):
        pieces = [asked[i : i + size] for i in range(0, len(asked), size)]
        assert names(one_by_one([client(piece) for piece in pieces])) == [b"first.example", b"second.example"]


def test_a_body_up_to_the_close_hides_what_it_holds_until_a_packet_begins_like_a_head() -> None:
    found = read(
        [client(get("/")), server(head("HTTP/1.1 200 OK") + b"text HTTP/1.1 500 no\r\n\r\n"), server(head("HTTP/1.1 201 Created"))]
    )
    assert [m.status for m in found if m.kind == "answer"] == [200, 201]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_that_have_no_body(status: str) -> None:
    answers = head(f"HTTP/1.1 {status}", "Content-Length: 100") + OK
    assert [m.status for m in read([client(get("/") * 2), server(answers)]) if m.kind == "answer"] == [int(status[:3]), 200]


def test_answers_to_head_have_no_body() -> None:
    asked = head("HEAD http://a.example/ HTTP/1.1") + absolute_get("http://b.example/")
    for first in (head("HTTP/1.1 200 OK", "Content-Length: 5000"), head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")):
        assert [m.status for m in read([client(asked), server(first + OK)]) if m.kind == "answer"] == [200, 200]


@pytest.mark.parametrize("status", [301, 404])
def test_failures_of_head_have_no_body_either(status: int) -> None:
    """RFC 9112 6.3, rule 1: any response to HEAD ends at the empty line."""
    asked = head("HEAD http://a.example/ HTTP/1.1") + absolute_get("http://b.example/")
    answers = head(f"HTTP/1.1 {status} No", "Content-Length: 5000") + OK
    assert [m.status for m in read([client(asked), server(answers)]) if m.kind == "answer"] == [status, 200]


def test_more_than_64_pipelined_requests_with_head_among_them() -> None:
    asked, answers, expected = b"", b"", []
    for i in range(150):
        method = "HEAD" if i % 3 == 0 else "GET"
        asked += head(f"{method} http://h{i}.example/ HTTP/1.1")
    stage = Stage()
    for i in range(150):
        answers += head(f"HTTP/1.1 {200 + i % 3} x", "Content-Length: 9") + (b"" if i % 3 == 0 else b"HTTP/1.1 ")
        expected.append(200 + i % 3)
        if i % 50 == 49:
            lines = [line + b"\r\n\r\n" for line in asked.split(b"\r\n\r\n")[i - 49 : i + 1]]
            stage.feed([client(b"".join(lines)), server(answers)])
            answers = b""
    found = stage.finish()
    assert [m.status for m in found if m.kind == "answer"] == expected
    assert names(found) == [f"h{i}.example".encode() for i in range(150)]


def test_a_length_that_is_none_ends_with_the_connection() -> None:
    for line in ("Content-Length: 12x", "Content-Length: -1", f"Content-Length: {1 << 40}", "Content-Length: 99999999999999999999999999"):
        found = read([client(get("/")), server(head("HTTP/1.1 200 OK", line) + b"x"), server(head("HTTP/1.1 404 x"))])
        assert [m.status for m in found if m.kind == "answer"] == [200, 404], line


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"0\r\n", (3, 0)),
        (b"fF;name=value\r\n", (15, 255)),
        (b"00000010\n", (9, 16)),
        (b"", (MORE, 0)),
        (b"1f", (MORE, 0)),
        (b"\r\n", (NOT, 0)),
        (b"xyz\r\n", (NOT, 0)),
        (b"fffffffff\r\n", (NOT, 0)),
        (b"7fffffff\r\n", (NOT, 0)),
        (b"1;" + b"x" * 1100, (NOT, 0)),
    ],
)
def test_chunk_lines(data: bytes, expected: tuple[int, int]) -> None:
    end, size = read_chunk_line(raw(data), 0, len(data))
    assert (end, 0 if end < 0 else size) == expected


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"",
            b"GET ",
            b"CONNECT a:1 HTTP/1.1\r\n",
            b"HTTP/1.1 200 ",
            b"GET http://",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ]
    ),
)
@settings(max_examples=400, deadline=None)
def test_random_bytes(rest: bytes, start: bytes) -> None:
    """Sniffers agree with the twin's reading, and every text lies in what was sent, however it was cut."""
    data = start + rest
    assert not starts_like_request(raw(data), 0, len(data)) or twin.read_head(data) or twin.read_request(data)
    for found in (read([client(data)]), byte_by_byte(data)):
        assert all(text is None or text in data for m in found for text in (m.host, m.path, m.field, m.agent))
        assert all(m.side == CLIENT for m in found)


@given(
    st.lists(
        st.sampled_from([OK, head("HTTP/1.1 204 x"), head("HTTP/1.1 200 x", "Transfer-Encoding: chunked") + b"2\r\nab\r\n0\r\n\r\n"]),
        max_size=6,
    ),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_any_cut_of_pipelined_answers_gives_the_same(answers: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(answers)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    before = [client(get("/") * len(answers))]
    whole = read([*before, server(stream)])
    assert len(whole) == 2 * len(answers)
    assert untimed(one_by_one([*before, *(server(piece) for piece in pieces if piece)])) == untimed(whole)
