"""Purpose: an object's parts are its bytes, each once, in whatever order they are asked for."""

from __future__ import annotations

import io
import os
from concurrent.futures import Future
from random import Random
from typing import Any

import pytest

from analyzer.capture.ranges import AHEAD, FIRST, PART, SECOND, Ranges, Whole, is_kept, part_at, part_bounds
from analyzer.capture.stream import Lost

DATA = Random(1).randbytes(FIRST + SECOND + 3 * PART + 1234)


class Store:
    """What Ranges needs of an object; asked: the parts that were asked for."""

    def __init__(self, data: bytes) -> None:
        self.size: int | None = len(data)
        self._size = len(data)
        self.name = "store"
        self.asked: list[int] = []
        self._data = data

    def has(self, number: int) -> bool:
        return False

    def ask_part(self, number: int) -> Future[bytes]:
        self.asked.append(number)
        done: Future[bytes] = Future()
        done.set_result(self._data[slice(*part_bounds(number, self._size))])
        return done

    def whole(self) -> Any:
        raise AssertionError("it gives ranges")

    def part(self, number: int, first: Future[bytes] | None = None, *, keep: bool = True) -> bytes:
        return (first or self.ask_part(number)).result(0)


def opened(store: Store) -> Ranges:
    return Ranges(store)


@pytest.mark.parametrize("size", [0, 1, FIRST, FIRST + 1, FIRST + SECOND, FIRST + SECOND + PART, len(DATA)])
def test_parts_are_the_whole_object(size: int) -> None:
    parts = [part_bounds(number, size) for number in range(part_at(size - 1) + 1 if size else 0)]
    assert b"".join(DATA[start:end] for start, end in parts) == DATA[:size]
    assert all(part_at(start) == part_at(end - 1) == number for number, (start, end) in enumerate(parts))
    last = len(parts) - 1
    assert all(is_kept(number, size) is (number < 2 or number == last) for number in range(len(parts)))


def test_read_in_order_each_part_is_asked_for_once_and_some_ahead() -> None:
    store = Store(DATA)
    with opened(store) as file:
        assert io.BufferedReader(file).read() == DATA
    assert store.asked == [0, 1, 2, 3, 4, 5]
    store = Store(DATA)
    with opened(store) as file:
        file.read(FIRST + SECOND)
        assert store.asked == [0], "a raw read gives what there is of a part"
        file.read(SECOND)
        assert store.asked == [0, 1], "nothing is asked ahead of what may only be looked at"
        file.read(1)
        assert store.asked == [0, 1, *range(2, 3 + AHEAD)]


def test_read_anywhere_it_is_the_object() -> None:
    draw = Random(2)
    plain = io.BytesIO(DATA)
    with io.BufferedReader(opened(Store(DATA))) as file:
        assert file.seekable() and file.readable()
        for _ in range(200):
            whence = draw.choice((os.SEEK_SET, os.SEEK_CUR, os.SEEK_END))
            lowest = {os.SEEK_SET: 0, os.SEEK_CUR: -plain.tell(), os.SEEK_END: -len(DATA)}[whence]
            offset = draw.randint(lowest, lowest + len(DATA) + 50)
            assert file.seek(offset, whence) == plain.seek(offset, whence)
            n = draw.choice((0, 1, 100, 20_000, 300_000))
            assert file.read(n) == plain.read(n)
            assert file.tell() == plain.tell()


class Once(io.BytesIO):
    """A stream as a web server gives it: only forward."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        raise ValueError("secret-host: cannot seek")


def test_a_whole_object_is_read_over_to_where_it_is_wanted_and_never_back() -> None:
    file = Whole(Once(DATA), "store")
    file.skip_to(100_000)
    assert file.read(10) == DATA[100_000:100_010] and file.tell() == 100_010
    with pytest.raises(Lost, match="only whole"):
        file.skip_to(5)
    with pytest.raises(Lost) as caught:
        file.seek(5)
    assert "secret" not in str(caught.value)
    file.close()
    file.close()
