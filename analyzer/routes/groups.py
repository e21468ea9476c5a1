"""Rows that agree in something, as arrays, so that fifty thousand pairs cost what one array operation costs and not Python for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.routes.numbers import mixed, repeated
from analyzer.routes.requests import Bools, Ints

MOST_COPIES = 8
"""More flows that agree were made by a tool that says the same everywhere; translators stand in a row of two or three."""


@dataclass(frozen=True)
class Groups:
    """Groups of two to MOST_COPIES rows, one behind the other. A row may be in several, once in each.

    rows     int64[n]       the rows of all groups, in each in order
    starts   int64[groups]  where each group begins in `rows`
    """

    rows: Ints
    starts: Ints

    @property
    def sizes(self) -> Ints:
        """int64[groups]: how many rows each has."""
        return np.diff(np.append(self.starts, len(self.rows)))

    @property
    def number(self) -> Ints:
        """int64[n]: per row the number of its group, from 0 on."""
        return np.repeat(np.arange(len(self.starts)), self.sizes)

    def any_of(self, flags: Bools) -> Bools:
        """bool[n]: whether the flag of any row of the same group is set. `flags` has one for each of `rows`."""
        if not len(self.starts):
            return flags
        result: Bools = np.repeat(np.logical_or.reduceat(flags, self.starts), self.sizes)
        return result

    def only(self, kept: Bools) -> Groups:
        """The groups for whose rows this is set; it is the same for all rows of a group."""
        sizes = self.sizes[kept[self.starts]]
        return Groups(self.rows[kept], np.cumsum(sizes) - sizes)

    def also_in(self, others: Groups, n: int) -> Bools:
        """bool[n]: whether the same rows are a group of the others, of which no two share a row. n: how many rows there are."""
        place = np.full(n, -1, dtype=np.int64)
        place[others.rows] = others.number
        theirs = place[self.rows]
        first = np.repeat(theirs[self.starts], self.sizes)
        sizes = np.append(others.sizes, 0)
        result: Bools = ~self.any_of((theirs != first) | (sizes[first] != np.repeat(self.sizes, self.sizes)))
        return result

    def pairs(self) -> tuple[Ints, Ints]:
        """Every two rows of one group, as places in `rows`: the one that stands first there, and the other."""
        number = self.number
        left = [np.flatnonzero(number[apart:] == number[: len(number) - apart]) for apart in range(1, int(self.sizes.max(initial=1)))] or [
            np.zeros(0, dtype=np.int64)
        ]
        return np.concatenate(left), np.concatenate([one + apart for apart, one in enumerate(left, start=1)])


def agreeing(rows: Ints, *keys: Ints) -> Groups:
    """Rows that agree in all keys, where there are two to MOST_COPIES of them; groups by the last key, then the one before it.

    rows   in order
    """
    rows = repeating(rows, *keys)  # nearly always there are none, and putting all in order takes long
    if not len(rows):
        return Groups(rows, rows)
    rows = rows[np.lexsort([key[rows] for key in keys])]
    same = np.ones(len(rows) - 1, dtype=np.bool_)
    for key in keys:
        of_row = key[rows]
        same &= of_row[1:] == of_row[:-1]
    starts = np.flatnonzero(np.append(True, ~same))
    sizes = np.diff(np.append(starts, len(rows)))
    fits = (sizes > 1) & (sizes <= MOST_COPIES)
    kept = sizes[fits]
    return Groups(rows[np.repeat(fits, sizes)], np.cumsum(kept) - kept)


def repeating(rows: Ints, *keys: Ints) -> Ints:
    """Those of the rows that agree with another one in all keys; hardly ever one more (numbers.mixed)."""
    values = keys[0][rows].astype(np.uint64)
    for key in keys[1:]:
        values = mixed(values, key[rows].astype(np.uint64))
    found: Ints = rows[repeated(values)]
    return found


def joined(several: Sequence[Groups], n: int) -> Groups:
    """All of these groups of n rows, one behind the other; of the same groups the first."""
    new: list[Groups] = []
    for groups in several:
        for others in new:
            groups = groups.only(~groups.also_in(others, n))
        new.append(groups)
    sizes = np.concatenate([groups.sizes for groups in new])
    return Groups(np.concatenate([groups.rows for groups in new]), np.cumsum(sizes) - sizes)
