"""Purpose: a file whose packets follow each other is begun and ended in one way, whatever its format."""

from __future__ import annotations

import io

import pytest

from analyzer.capture.block import Damage
from analyzer.capture.records import BAD, FULL, NEED_MORE, file_header, is_over
from analyzer.capture.stream import Feed, Window
from tests.capture.reading import Dripping


def window(data: bytes, step: int = 3) -> Window:
    return Window(Feed(Dripping(data, step), len(data)))


def test_a_header_comes_whole_however_the_bytes_come() -> None:
    damage: list[Damage] = []
    opened = window(b"0123456789")
    assert file_header(opened, 8, damage) == b"01234567" and (opened.start, damage) == (8, [])
    assert file_header(opened, 8, damage) is None
    assert [(d.code, d.offset, d.skipped) for d in damage] == [("capture-damaged", 8, 2)]


def test_more_bytes_are_more_to_read() -> None:
    damage: list[Damage] = []
    opened = window(b"0123456789")
    assert not is_over(opened, NEED_MORE, damage) and opened.end == 3
    assert not is_over(opened, FULL, damage) and opened.end == 3
    while not is_over(opened, NEED_MORE, damage):
        opened.start = opened.end
    assert damage == []


@pytest.mark.parametrize(("status", "words", "skipped"), [(BAD, "can't be true", 8), (NEED_MORE, "in the middle of a packet", 8)])
def test_what_is_left_is_told(status: int, words: str, skipped: int) -> None:
    damage: list[Damage] = []
    opened = Window(Feed(io.BytesIO(b"0123456789"), 10))
    assert opened.more()
    opened.start = 2
    assert is_over(opened, status, damage)
    (told,) = damage
    assert words in told.text and (told.offset, told.skipped) == (2, skipped)
