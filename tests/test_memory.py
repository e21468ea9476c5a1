"""Bytes moved in a kernel are the bytes that a slice would move; asking for a row changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.kernels import OPTIONS, numba
from analyzer.memory import copy_bytes, prefetch
from analyzer.packets.layout import PACKET


@numba.njit(**OPTIONS)
def moved(source, at, size, target, to):  # type: ignore[no-untyped-def]
    copy_bytes(source, at, size, target, to)


@numba.njit(**OPTIONS)
def asked(rows, row):  # type: ignore[no-untyped-def]
    prefetch(rows, row)
    return len(rows)


@pytest.mark.parametrize(("at", "size", "to"), [(0, 10, 0), (3, 4, 1), (1, 4, 3), (5, 1, 9), (2, 0, 2), (9, -3, 0)])
def test_as_a_slice(at: int, size: int, to: int) -> None:
    source = np.arange(10, dtype=np.uint8)
    for target in (np.zeros(10, np.uint8), source.copy()):
        expected = target.copy()
        if size > 0:
            expected[to : to + size] = source[at : at + size]
        uncompiled = target.copy()
        moved(source, np.int32(at), size, target, np.int64(to))
        copy_bytes(source, at, size, uncompiled, to)
        assert target.tolist() == uncompiled.tolist() == expected.tolist()


@pytest.mark.parametrize("distance", [1, 3, -2])
def test_within_one_array(distance: int) -> None:
    data = np.arange(20, dtype=np.uint8)
    expected = data.copy()
    expected[5 + distance : 11 + distance] = data[5:11]
    moved(data, 5, 6, data, 5 + distance)
    assert data.tolist() == expected.tolist()


@pytest.mark.parametrize("row", [0, 2, 1_000_000, -1])
def test_any_row_may_be_asked_for(row: int) -> None:
    rows = np.zeros(3, PACKET)
    assert asked(rows, row) == 3
    assert rows.tobytes() == bytes(rows.nbytes)
