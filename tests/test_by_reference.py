"""A kernel sees the very arrays of a tuple, in whatever kernel it reads them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from analyzer.by_reference import by_reference
from analyzer.kernels import OPTIONS, numba


class Pair(NamedTuple):
    numbers: Any
    flags: Any


by_reference(Pair)


@numba.njit(**OPTIONS)
def added(pair, row):  # type: ignore[no-untyped-def]
    pair.numbers[row] += 1
    return pair.numbers[row]


@numba.njit(**OPTIONS)
def added_to_all(pair):  # type: ignore[no-untyped-def]
    total = 0
    for row in range(len(pair.numbers)):
        if pair.flags[row]:
            total += added(pair, row)
    return total + 100 * len(pair.flags)


def test_arrays_are_changed_in_place() -> None:
    pair = Pair(np.arange(4), np.array([True, False, True, True]))
    assert added_to_all(pair) == 1 + 3 + 4 + 400
    assert pair.numbers.tolist() == [1, 1, 3, 4]


def test_other_types_make_another_kernel() -> None:
    pair = Pair(np.arange(4, dtype=np.float32), np.ones(4, np.uint8))
    assert added_to_all(pair) == 1 + 2 + 3 + 4 + 400


def test_only_its_own_attributes() -> None:
    @numba.njit(**OPTIONS)
    def wrong(pair):  # type: ignore[no-untyped-def]
        return pair.others

    with pytest.raises(numba.TypingError, match="others"):
        wrong(Pair(np.arange(4), np.arange(4)))


def test_what_is_no_array_is_refused() -> None:
    with pytest.raises(numba.TypingError, match="none"):
        added_to_all(Pair(np.arange(4), None))
