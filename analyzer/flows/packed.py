"""Rows of a table as bytes that compress well, and back: column by column, deltas instead of numbers, their bytes sorted by significance.

Times, offsets and row numbers grow little from row to row, so that the deltas' high bytes are mostly adjacent zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[Any]


def packed(rows: Rows) -> bytes:
    """The rows' bytes; unpacking needs their number and type."""
    return b"".join(_packed_column(rows[name]) for name in rows.dtype.names) if rows.dtype.names else _packed_column(rows)


def packed_size(n: int, dtype: np.dtype[Any]) -> int:
    """Size of n packed rows in bytes."""
    sizes = [dtype[name].itemsize for name in dtype.names] if dtype.names else [dtype.itemsize]
    return n * sum(sizes)


def unpacked(data: memoryview, n: int, dtype: np.dtype[Any]) -> Rows:
    """The n rows from the bytes of `packed`."""
    if not dtype.names:
        return _unpacked_column(data, n, dtype)
    rows = np.zeros(n, dtype)
    at = 0
    for name in dtype.names:
        size = n * dtype[name].itemsize
        rows[name] = _unpacked_column(data[at : at + size], n, dtype[name])
        at += size
    return rows


def _packed_column(column: Rows) -> bytes:
    if column.dtype.itemsize == 1:
        return column.tobytes()
    numbers = np.ascontiguousarray(column).view(f"u{column.dtype.itemsize}")
    differences = numbers.copy()
    differences[1:] -= numbers[:-1]
    return np.ascontiguousarray(differences.view(np.uint8).reshape(len(numbers), column.dtype.itemsize).T).tobytes()


def _unpacked_column(data: memoryview, n: int, dtype: np.dtype[Any]) -> Rows:
    planes = np.frombuffer(data, np.uint8, n * dtype.itemsize)
    if dtype.itemsize == 1:
        return planes.view(dtype).copy()
    differences = np.ascontiguousarray(planes.reshape(dtype.itemsize, n).T).view(f"u{dtype.itemsize}").ravel()
    return np.cumsum(differences, dtype=differences.dtype).view(dtype)
