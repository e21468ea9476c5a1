"""A buffer is used again only when no array over it is left."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from analyzer.room import MAX_KEPT, PAGE, Room, shared_room, unused_references


def test_an_array_that_is_held_is_not_given_again() -> None:
    room = Room(np.uint8)
    first = room.take(100)
    first[:] = 1
    second = room.take(100)
    second[:] = 2
    assert (first == 1).all()


def test_a_part_holds_all_of_it() -> None:
    room = Room(np.int64)
    part = room.take(100)[10:20]
    part[:] = 7
    room.take(100)[:] = 8
    assert (part == 7).all()


def test_an_array_that_nobody_holds_is_given_again() -> None:
    room = Room(np.uint8)
    address = room.take(100).ctypes.data
    assert room.take(90).ctypes.data == address
    assert len(room.take(90)) == 90
    assert len(Room(np.uint8).take(100)) == 100


def test_a_thread_has_one_room_for_a_type() -> None:
    kind = np.dtype([("a", np.int64)])
    assert shared_room(kind) is shared_room(kind)
    assert shared_room(kind) is not shared_room(np.dtype([("b", np.int64)]))
    with ThreadPoolExecutor(1) as other:
        assert other.submit(shared_room, kind).result() is not shared_room(kind)


def test_every_array_begins_with_a_page() -> None:
    room = Room(np.int64)
    assert {room.take(n).ctypes.data % PAGE for n in (0, 1, 511, 513, 100_000)} == {0}


def test_what_is_kept_is_bounded() -> None:
    room = Room(np.uint8)
    held = [room.take(1000) for _ in range(3 * MAX_KEPT)]
    assert len({array.ctypes.data for array in held}) == 3 * MAX_KEPT
    assert len(room._arrays) == MAX_KEPT


def test_an_interpreter_that_counts_fewer_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.14 does where it lends what it asks of."""
    count = sys.getrefcount
    monkeypatch.setattr(sys, "getrefcount", lambda one: count(one) - 2)
    monkeypatch.setattr("analyzer.room.UNUSED_REFERENCES", unused_references())
    test_an_array_that_is_held_is_not_given_again()
    test_a_part_holds_all_of_it()
    test_an_array_that_nobody_holds_is_given_again()
