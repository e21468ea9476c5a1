"""A body ends where its head declares, and the next message is read."""

from __future__ import annotations

import pytest

from tests.build import ESTABLISHED, client_hello, connect, get, head, server_hello
from tests.streams.harness import SERVER, client, names, one_by_one, read, server, summary

ANSWERS = {
    "a length": head("HTTP/1.1 200 OK", "Content-Length: 5") + b"GET /",
    "none": head("HTTP/1.1 204 No Content"),
    "chunks": head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"5;x=y\r\nGET /\r\n1\r\n.\r\n0\r\nTrailer: 1\r\n\r\n",
    "bare line ends": head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"2\nab\r\n0\n\n",
}


@pytest.mark.parametrize("body", ANSWERS)
@pytest.mark.parametrize("size", [1, 7, 4000])
def test_what_follows_a_body_is_read(body: str, size: int) -> None:
    talk = ANSWERS[body] + head("HTTP/1.1 503 Busy", "Content-Length: 0")
    pieces = [server(talk[p : p + size], p) for p in range(0, len(talk), size)]
    found = one_by_one([client(get("/") * 2), *pieces])
    assert [m.status for m in found if m.kind == "answer"][1:] == [503]


def test_a_body_to_the_end_hides_what_it_holds() -> None:
    talk = head("HTTP/1.0 200 OK") + head("HTTP/1.1 503 Busy", "Content-Length: 0")
    assert [m.status for m in read([client(get("/")), server(talk)]) if m.kind == "answer"] == [200]


OK = head("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok"
ASKED = connect("name.example:443", "Host: name.example:443")
HELLO = client_hello("inner.example")
SHORT = (
    head("HTTP/1.1 407 Proxy Authentication Required", "Proxy-Authenticate: NTLM TlRMTVNT", "Content-Length: 4000") + b"too short a page"
)


def test_a_page_shorter_than_its_head_says() -> None:
    """The answer to what is asked next lies where the page should go on; the answers are paired all the same."""
    again = connect("name.example:443", "Proxy-Authorization: NTLM TlRM")
    asked = [
        client(ASKED),
        server(SHORT),
        client(again),
        server(SHORT),
        client(again),
        server(ESTABLISHED),
        client(HELLO),
        server(server_hello()),
    ]
    found = read(asked)
    assert [m.status for m in found if m.kind == "answer"] == [407, 407, 200]
    assert names(found) == [b"name.example"] * 3 + [b"inner.example"]
    assert summary(found)[-1] == ("server_hello", SERVER, None, 0x0304)


def test_a_repeated_answer_is_no_early_one() -> None:
    again = connect("name.example:443", "Proxy-Authorization: NTLM TlRM")
    found = read([client(ASKED), server(SHORT), client(again), server(SHORT, 0), server(ESTABLISHED, len(SHORT))])
    assert [m.status for m in found if m.kind == "answer"] == [407, 200]


def test_a_page_that_holds_an_answer_is_a_page() -> None:
    page = b"x" * 40 + OK
    answer = head("HTTP/1.1 200 OK", f"Content-Length: {len(page)}")
    found = read([client(get("/", "Host: a")), server(answer + page[:40]), server(page[40:]), client(get("/2", "Host: a")), server(OK)])
    assert [m.status for m in found if m.kind == "answer"] == [200, 200]
