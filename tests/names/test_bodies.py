"""A body ends where its head says, and what follows is read."""

from __future__ import annotations

import pytest

from tests.build import get, head
from tests.names.harness import client, one_by_one, read, server

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
