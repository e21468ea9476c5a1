"""Rows by their addresses, as C has them."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.compiled.rows import Row, by_address, plain

KIND = np.dtype([("small", "u1"), ("large", "i8"), ("at", "i4")], align=True)


def test_fields_are_read_and_written_in_the_table() -> None:
    table = np.zeros(4, KIND)
    rows = by_address(table)
    third = rows + 3 - 1
    third.large, third.small = -5, 255
    assert table["large"].tolist() == [0, 0, -5, 0] and table["small"].tolist() == [0, 0, 255, 0]
    assert (third.large, third.small, (rows + 2).large) == (-5, 255, -5)
    assert type(third.large) is int  # a whole number of Python's never wraps around unseen
    assert (rows + 1).large == 0


def test_what_c_would_cut_is_refused() -> None:
    row = by_address(np.zeros(1, KIND))
    for value in (256, -1):
        with pytest.raises(ValueError):
            row.small = value


def test_a_row_is_no_copy_and_nothing_looks_like_one() -> None:
    rows = by_address(np.zeros(2, KIND))
    with pytest.raises(TypeError):
        rows[0]
    with pytest.raises(AttributeError):
        rows.missing = 1


def test_a_kernel_gets_arrays_by_their_addresses() -> None:
    given = plain(lambda numbers, rows, n: (type(numbers), isinstance(rows, Row), n))(np.zeros(2, np.int64), np.zeros(1, KIND), 3)
    assert given == (memoryview, True, 3)
