"""Values as numbers: equal ones, and only those, have the same."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.routes.numbers import codes, distinct, mixed, numbered, repeated

small = st.integers(-1, 3)
rows_of_three = st.lists(st.tuples(small, small, small), max_size=12)


def columns_of(rows: list[tuple[int, ...]], scale: int = 1) -> list[Any]:
    return [np.array([row[i] for row in rows], dtype=np.int64) * (scale if i == 0 else 1) for i in range(3)]


def test_codes_are_given_in_the_order_in_which_values_come_first() -> None:
    assert codes(pa.array(["b", None, "a", "b"])).tolist() == [0, -1, 1, 0]


@given(rows_of_three)
def test_combinations_have_one_number_each(rows: list[tuple[int, ...]]) -> None:
    found = numbered(*columns_of(rows)).tolist()
    first_met = list(dict.fromkeys(rows))
    assert found == [first_met.index(row) for row in rows]


@given(rows_of_three)
def test_numbers_too_large_to_be_multiplied_are_numbered_first(rows: list[tuple[int, ...]]) -> None:
    rows = [(abs(row[0]), *row[1:]) for row in rows]
    assert numbered(*columns_of(rows, 2**61)).tolist() == numbered(*columns_of(rows)).tolist()


@given(st.lists(small, max_size=12))
def test_each_value_once_and_those_that_come_again(values: list[int]) -> None:
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))
    assert repeated(np.array(values, dtype=np.int64)).tolist() == [values.count(value) > 1 for value in values]


@pytest.mark.parametrize("order", [1, -1])
def test_mixing_depends_on_both_and_their_order(order: int) -> None:
    values = np.arange(1000, dtype=np.uint64)
    found = mixed(values, values[::order])
    assert len(set(found.tolist())) == 1000
    assert found.tolist() != mixed(values + np.uint64(1), values[::order]).tolist()
    assert mixed(values[:1], values[1:2]) != mixed(values[1:2], values[:1])
