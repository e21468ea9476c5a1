"""Values as numbers from 0 on, so that they and their combinations are compared as integers.

By Arrow's hash tables, and by NumPy's vectorised sorting of plain numbers: `numpy.unique` with indices, and `lexsort`, take four to ten
times as long (measured), and plain `numpy.unique` loads numpy.ma (15 ms).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.routes.requests import Bools, Ints, integers

LARGEST = 2**63 - 1


def codes(values: pa.Array) -> Ints:
    """A number for each distinct value, in the order of first occurrence; -1 for null."""
    return integers(values.dictionary_encode().indices, -1)


def numbered(values: Ints, *more: Ints) -> Ints:
    """A number for each combination of these, none of which is below -1; the values of `more` are as small as codes and rows."""
    for column in more:
        size = int(column.max(initial=-1)) + 2
        if int(values.max(initial=-1)) > LARGEST // size - 1:
            values = codes(array(values))
        values = values * size + column + 1
    return codes(array(values))


def distinct(values: Ints) -> Ints:
    """The distinct values, in order."""
    values = np.sort(values)
    result: Ints = values[np.append(True, values[1:] != values[:-1])[: len(values)]]
    return result


def repeated(values: npt.NDArray[np.int64] | npt.NDArray[np.uint64]) -> Bools:
    """Per value: whether another one is equal."""
    order = np.argsort(values)
    same = values[order[1:]] == values[order[:-1]]
    result = np.zeros(len(values), dtype=np.bool_)
    result[order[1:][same]] = True
    result[order[:-1][same]] = True
    return result


def mixed(values: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Both as one number each, every bit of which depends on all bits of both (splitmix64's finalizer)."""
    both = values + (others + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    both = (both ^ (both >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    both = (both ^ (both >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: npt.NDArray[np.uint64] = both ^ (both >> np.uint64(31))
    return result
