"""Meaningless records may come before a hello and between its records; bytes that are no record are skipped with their segment."""

from __future__ import annotations

import itertools

import pytest

from tests.build import client_hello, records, server_hello
from tests.streams.harness import byte_by_byte, client, read, server

PLAIN = client_hello("plain.example")
PASSING = {
    "nothing in it": b"\x16\3\1\0\0",
    "no data": b"\x17\3\1\0\0",
    "cipher change": b"\x14\3\3\0\1\1",
    "heartbeat": b"\x18\3\2\0\3\1\x40\0",
    "long heartbeat": b"\x18\3\3\2\0" + bytes(0x200),
    "hello request": b"\x16\3\3\0\4" + bytes(4),
}


@pytest.mark.parametrize("record", PASSING.values(), ids=PASSING)
def test_behind_records_that_say_nothing(record: bytes) -> None:
    """They may come before a hello; what the server sends first too is read on."""
    for before in (record, record * 3, b"".join(PASSING.values()) + record):
        assert [m.host for m in read([client(before + PLAIN)])] == [b"plain.example"]
        assert [m.host for m in byte_by_byte(before + PLAIN)] == [b"plain.example"]
        assert [m.host for m in read([client(before), client(PLAIN)])] == [b"plain.example"]
        assert [m.kind for m in read([server(before + server_hello(0x0303)), client(PLAIN)])] == ["server_hello", "client_hello"]


@pytest.mark.parametrize("record", [b"\x18\3\5\0\3abc", b"\x18\2\1\0\3abc", b"\x18\3\3\xff\xffabc", b"\x16\3\1\0\5" + bytes(5)])
def test_what_is_no_record_hides_what_is_behind_it_in_its_segment(record: bytes) -> None:
    assert read([client(record + PLAIN)]) == []
    assert [m.host for m in read([client(record), client(PLAIN)])] == [b"plain.example"]


def test_records_without_content_between_those_of_a_hello() -> None:
    bare = client_hello("plain.example", bare=True)
    for cuts in ((50,), (1, 2, 3), tuple(range(10, len(bare), 10))):
        edges = [0, *cuts, len(bare)]
        data = PASSING["nothing in it"].join(records(bare[a:b]) for a, b in itertools.pairwise(edges))
        for messages in (read([client(data)]), byte_by_byte(data)):
            assert [m.host for m in messages] == [b"plain.example"]
