"""Every reader sees every item in order, and an error anywhere ends it all."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from analyzer.fan import AHEAD, Fan


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_each_reader_has_all_items_in_order(readers: int) -> None:
    with Fan(range(100), readers) as fan:
        assert list(fan.run(lambda number, items: (number, list(items)))) == [(i, list(range(100))) for i in range(readers)]


def test_no_items() -> None:
    with Fan([], 3) as fan:
        assert list(fan.run(lambda number, items: list(items))) == [[], [], []]


def test_items_are_not_made_far_ahead_of_the_slowest() -> None:
    read, go, made, ahead = [0], threading.Event(), [0], []

    def items() -> Iterator[int]:
        for i in range(3 * AHEAD):
            made[0] += 1
            ahead.append(made[0] - read[0])
            if made[0] == AHEAD:
                go.set()
            yield i

    def work(number: int, given: Iterator[int]) -> int:
        if number == 1:
            assert go.wait(10)
            for _ in given:
                read[0] += 1
        return sum(1 for _ in given)

    with Fan(items(), 2) as fan:
        list(fan.run(work))
    assert max(ahead) <= AHEAD + 3


def test_an_error_of_a_reader_is_raised() -> None:
    def work(number: int, items: Iterator[int]) -> int:
        for item in items:
            if number == 1 and item == 3:
                raise ZeroDivisionError("the third")
        return number

    with Fan(range(10_000), 3) as fan, pytest.raises(ZeroDivisionError, match="the third"):
        list(fan.run(work))


def test_an_error_of_the_items_is_raised_and_ends_the_readers() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with Fan(items(), 2) as fan, pytest.raises(OSError, match="the disk is gone"):
        list(fan.run(lambda number, given: list(given)))
