"""Where something that is read begins among other bytes."""

from __future__ import annotations

import pytest

from analyzer.readers.heads import starts_like_head
from tests.build import ESTABLISHED, client_hello, connect, get, records, server_hello

HEADS = {
    "request": get("/", "Host: a.example"),
    "connect": connect("a.example:443"),
    "answer": ESTABLISHED,
    "client hello": client_hello("a.example"),
    "server hello": server_hello(),
    "alert": records(b"\2\x28", kind=21),
}


@pytest.mark.parametrize("data", HEADS.values(), ids=HEADS.keys())
def test_each_begins_at_its_first_byte(data: bytes) -> None:
    for before in (b"", b"\0", b"220 mail\r\n"):
        at = len(before)
        assert starts_like_head(before + data, at, at + len(data))
        assert not before or not starts_like_head(before + data, 0, at + len(data))
    assert not starts_like_head(data, 0, 2)


OTHERS = [b"", b"\0", b"SSH-2.0-x\r\n", b"EHLO me\r\n", b"250 STARTTLS\r\n", records(bytes(40), kind=23), bytes(100)]


@pytest.mark.parametrize("data", OTHERS)
def test_nothing_else_does(data: bytes) -> None:
    assert not starts_like_head(data, 0, len(data))
