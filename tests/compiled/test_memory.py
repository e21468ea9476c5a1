"""Bytes are moved and found as C's memmove and memchr do it."""

from __future__ import annotations

from analyzer.compiled.memory import copy_bytes, find_byte


def test_bytes_are_copied_also_over_themselves() -> None:
    data = bytearray(b"abcdef")
    copy_bytes(memoryview(data), 0, 4, memoryview(data), 2)
    assert data == b"ababcd"
    copy_bytes(memoryview(data), 0, 0, memoryview(data), 5)
    copy_bytes(memoryview(data), 0, -1, memoryview(data), 5)
    assert data == b"ababcd"


def test_a_byte_is_found_where_it_stands_first() -> None:
    data = memoryview(b"abcab")
    assert [find_byte(data, at, 5, ord("a")) for at in range(6)] == [0, 3, 3, 3, -1, -1]
    assert find_byte(data, 1, 3, ord("a")) == find_byte(data, 4, 2, ord("a")) == -1
