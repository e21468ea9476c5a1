"""What is made ahead is the same, in the same order; an error comes where it would have come; nothing goes on behind the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from analyzer.ahead import ahead


@pytest.mark.parametrize("n", [0, 1, 2, 100])
@pytest.mark.parametrize("most", [1, 3])
def test_the_same_items(n: int, most: int) -> None:
    assert list(ahead(range(n), most)) == list(range(n))


def test_items_are_made_in_another_thread() -> None:
    assert list(ahead((threading.current_thread().name for _ in range(2)), 1)) == ["ahead", "ahead"]


def test_only_so_many_are_made_before_they_are_asked_for() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(50):
            made.append(i)
            yield i

    for i in ahead(items(), 2):
        assert len(made) <= i + 1 + 2 + 2  # those in the queue, the one that waits for room, the one being made


def test_an_error_comes_behind_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    taken = []
    with pytest.raises(OSError, match="the disk is gone"):
        for item in ahead(items(), 4):
            taken.append(item)
    assert taken == [1]


def test_closing_ends_the_thread() -> None:
    before = threading.active_count()
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(10_000_000):
            made.append(i)
            yield i

    with closing(ahead(items(), 2)) as given:
        assert next(given) == 0
    assert threading.active_count() == before
    assert len(made) < 100


def test_who_makes_the_items_is_told_that_no_more_are_wanted() -> None:
    """Not behind the last one: nothing is waited for then."""
    wanted = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        wanted.wait(20)
        yield 1

    with closing(ahead(items(), 1, wanted.set)) as given:
        assert next(given) == 0
    assert wanted.is_set()
    told: list[bool] = []
    assert list(ahead(range(3), 1, lambda: told.append(True))) == [0, 1, 2] and told == []
