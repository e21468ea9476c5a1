"""Rows with equal keys, as arrays: fifty thousand pairs then cost one array operation each step, not a Python loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.routes.numbers import mixed, repeated
from analyzer.routes.requests import Bools, Ints

MAX_COPIES = 8
"""More equal flows come from a tool that sends the same everywhere; NATs in a row are two or three."""


@dataclass(frozen=True)
class Groups:
    """Groups of two to MAX_COPIES rows, one after the other. A row may be in several groups, once in each.

    rows     int64[n]       the rows of all groups, in order within each
    starts   int64[groups]  the start of each group in `rows`
    """

    rows: Ints
    starts: Ints

    @cached_property
    def sizes(self) -> Ints:
        """int64[groups]: the number of rows of each."""
        return np.diff(np.append(self.starts, len(self.rows)))

    @cached_property
    def number(self) -> Ints:
        """int64[n]: per row the number of its group, from 0 on."""
        return np.repeat(np.arange(len(self.starts)), self.sizes)

    def any_of(self, flags: Bools) -> Bools:
        """bool[n]: whether the flag of any row of the same group is set. flags: one for each of `rows`."""
        if not len(self.starts):
            return flags
        result: Bools = np.repeat(np.logical_or.reduceat(flags, self.starts), self.sizes)
        return result

    def only(self, kept: Bools) -> Groups:
        """The groups whose rows are kept; `kept` is equal for all rows of a group."""
        sizes = self.sizes[kept[self.starts]]
        return Groups(self.rows[kept], np.cumsum(sizes) - sizes)

    def also_in(self, others: Groups, n: int) -> Bools:
        """bool[n]: whether the same rows form a group in `others`, whose groups share no row. n: number of rows in the table."""
        place = np.full(n, -1, dtype=np.int64)
        place[others.rows] = others.number
        theirs = place[self.rows]
        first = np.repeat(theirs[self.starts], self.sizes)
        sizes = np.append(others.sizes, 0)
        result: Bools = ~self.any_of((theirs != first) | (sizes[first] != np.repeat(self.sizes, self.sizes)))
        return result

    def pairs(self) -> tuple[Ints, Ints]:
        """All pairs of rows of one group, as indices into `rows`: the earlier one, and the later one."""
        number = self.number
        left = [np.flatnonzero(number[apart:] == number[: len(number) - apart]) for apart in range(1, int(self.sizes.max(initial=1)))] or [
            np.zeros(0, dtype=np.int64)
        ]
        return np.concatenate(left), np.concatenate([one + apart for apart, one in enumerate(left, start=1)])


def agreeing(rows: Ints, *keys: Ints) -> Groups:
    """Groups of two to MAX_COPIES rows that agree in all keys, ordered by the last key, then the one before it.

    rows   in order
    """
    # All keys are combined into one number, as sorting plain numbers is quick; then the groups alone are sorted by their keys.
    values = _together(rows, keys)
    rows, values = _with_another(rows, values)
    if not len(rows):
        return Groups(rows, rows)
    by_value = np.argsort(values)
    rows, values = rows[by_value], values[by_value]
    again = values[1:] == values[:-1]
    if any((key[rows[1:]] != key[rows[:-1]])[again].any() for key in keys):  # two keys collide in one number: one pair in 2**64
        rows = rows[np.lexsort([key[rows] for key in keys])]
        again = np.logical_and.reduce([key[rows[1:]] == key[rows[:-1]] for key in keys])
    starts = np.flatnonzero(np.append(True, ~again))
    sizes = np.diff(np.append(starts, len(rows)))
    fits = (sizes > 1) & (sizes <= MAX_COPIES)
    rows, starts, sizes = rows[np.repeat(fits, sizes)], starts[fits], sizes[fits]
    first = rows[np.cumsum(sizes) - sizes]
    by_key = np.argsort(keys[0][first]) if len(keys) == 1 else np.lexsort([key[first] for key in keys])
    place = np.empty(len(by_key), dtype=np.int64)
    place[by_key] = np.arange(len(by_key))
    rows = rows[np.argsort(np.repeat(place, sizes) * (int(rows.max(initial=0)) + 1) + rows)]
    sizes = sizes[by_key]
    return Groups(rows, np.cumsum(sizes) - sizes)


def repeating(rows: Ints, *keys: Ints) -> Ints:
    """Those of the rows that agree with another row in all keys; in rare cases one more (a collision in numbers.mixed)."""
    return _with_another(rows, _together(rows, keys))[0]


def _together(rows: Ints, keys: Sequence[Ints]) -> npt.NDArray[np.uint64]:
    """Per row a number for all its keys."""
    values = keys[0][rows].astype(np.uint64)
    for key in keys[1:]:
        values = mixed(values, key[rows].astype(np.uint64))
    return values


def _with_another(rows: Ints, values: npt.NDArray[np.uint64]) -> tuple[Ints, npt.NDArray[np.uint64]]:
    """The rows, and their values, whose value occurs more than once."""
    kept = repeated(values)
    return rows[kept], values[kept]


def joined(several: Sequence[Groups], n: int) -> Groups:
    """All of these groups of n rows, one after the other; equal groups once."""
    new: list[Groups] = []
    for groups in several:
        for others in new:
            groups = groups.only(~groups.also_in(others, n))
        new.append(groups)
    sizes = np.concatenate([groups.sizes for groups in new])
    return Groups(np.concatenate([groups.rows for groups in new]), np.cumsum(sizes) - sizes)
