"""Arrays as kernels see them in plain Python: integers, and rows by address."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


class Row:
    """A row of a table by its address: `rows + i` is the i-th row behind it, and its fields are read and written in the table.

    There is no `rows[i]`: in C it would be a copy. A number that doesn't fit a field raises ValueError, where C would truncate it.
    """

    __slots__ = ("_columns", "_row")  # no field is named so

    def __init__(self, columns: tuple[memoryview, ...], at: int) -> None:
        self._columns = columns
        self._row = at

    def __add__(self, rows: int) -> Row:
        return type(self)(self._columns, self._row + rows)

    def __sub__(self, rows: int) -> Row:
        return self + -rows

    def over(self, dtype: np.dtype[Any]) -> Row:
        """The same row with the field names of another type: the n-th field of that type is this row's n-th field."""
        return row_class(dtype)(self._columns, self._row)


@cache
def row_class(dtype: np.dtype[Any]) -> type[Row]:
    """The class of the rows of this type, with a property for each field."""
    assert dtype.names is not None
    return type("Row", (Row,), {"__slots__": (), **{name: _field(i) for i, name in enumerate(dtype.names)}})


def _field(i: int) -> property:
    def get(row: Any) -> Any:
        return row._columns[i][row._row]

    def put(row: Any, value: int) -> None:
        row._columns[i][row._row] = value

    return property(get, put)


class Bundle:
    """A named tuple of arrays by their addresses; len_NAME: the number of an array's rows."""

    def __init__(self, arrays: Any) -> None:
        for name, array in arrays._asdict().items():
            setattr(self, name, by_address(array))
            setattr(self, f"len_{name}", len(array))


def by_address(array: Any) -> Any:
    """A kernel's argument for an array: its first row, or its numbers as a flat buffer; for a named tuple of arrays, a Bundle."""
    if not isinstance(array, np.ndarray):
        return Bundle(array)
    names = array.dtype.names
    if names is None:
        return array.reshape(-1).data
    return row_class(array.dtype)(tuple(memoryview(array[name]) for name in names), 0)


def plain(function: F) -> F:
    """The kernel as plain Python, callable with arrays."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*(by_address(argument) if isinstance(argument, np.ndarray | tuple) else argument for argument in arguments))

    return cast(F, call)
