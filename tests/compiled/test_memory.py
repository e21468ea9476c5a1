"""Bytes are moved as C's memmove moves them."""

from __future__ import annotations

from analyzer.compiled.memory import copy_bytes


def test_bytes_are_copied_also_over_themselves() -> None:
    data = bytearray(b"abcdef")
    copy_bytes(memoryview(data), 0, 4, memoryview(data), 2)
    assert data == b"ababcd"
    copy_bytes(memoryview(data), 0, 0, memoryview(data), 5)
    copy_bytes(memoryview(data), 0, -1, memoryview(data), 5)
    assert data == b"ababcd"
