"""Fields of chosen rows, each as a column of its own: rows are long and scattered over their tables, so each is fetched once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_number, prefetch
from analyzer.facts.strings import AS_IS, byte_array, text_array
from analyzer.flows.layout import N_MESSAGES, Tables

AT_ONCE: Final = 1 << 8
"""Rows whose fields are copied at a time, so that they stay in the processor's cache."""

LINE: Final = 64  # bytes of a cache line, at which each column begins

# The fields of a flow's record and of its two sides.
OF_RECORDS: Final = (
    *("a_hi", "a_lo", "b_hi", "b_lo", "a_port", "b_port", "protocol", "version", "first_ns", "last_ns", "data_ns", "end_ns"),
    *("end_side", "end_reset", "outer0", "outer1", "sources", "first_source", "label", "pauses", "first_frame", "unreachable"),
)
OF_SIDES: Final = (
    *("packets", "bytes", "distinct", "last_ns", "high", "acked", "base", "seen", "marks", "low", "pending_ns", "acked_low"),
)


class Columns(Protocol):
    """Rows with fields by name: numpy's own, or only some fields of them (Fields)."""

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]: ...

    def __len__(self) -> int: ...


class Fields:
    """Some fields of chosen rows; zeros where a row is -1."""

    def __init__(self, table: npt.NDArray[Any], rows: npt.NDArray[Any], names: Iterable[str]) -> None:
        assert table.dtype.fields is not None
        n = self._n = len(rows)
        places = {name: table.dtype.fields[name][:2] for name in names}
        offsets = np.array([offset for _, offset in places.values()], np.int64)
        sizes = np.array([kind.itemsize for kind, _ in places.values()], np.int64)
        room = -(-sizes * n // LINE) * LINE
        begins = np.cumsum(room) - room
        held = np.zeros(int(room.sum()), np.uint8)
        rows = np.ascontiguousarray(rows, np.int64)
        pick_fields(table.view(np.uint8), table.dtype.itemsize, rows, n, offsets, sizes, begins, len(sizes), held)
        ends = (begins + sizes * n).tolist()
        self._columns = {
            name: held[begin:end].view(kind) for (name, (kind, _)), begin, end in zip(places.items(), begins.tolist(), ends, strict=True)
        }

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return self._n


def kinds_of(tables: Tables) -> npt.NDArray[np.uint8]:
    """uint8[n_messages]: the kind of each message, in an array of its own, because messages are longer than a cache line."""
    return np.ascontiguousarray(tables.messages["kind"][: int(tables.counts[N_MESSAGES])])


def columns_of(table: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64[k, n]: the columns of these rows of int64[m, k]."""
    n, k = len(rows), table.shape[1]
    out = np.zeros((k, n), np.int64)
    at = np.arange(k, dtype=np.int64)
    pick_fields(table.view(np.uint8), 8 * k, rows, n, 8 * at, np.full(k, 8), 8 * n * at, k, out.view(np.uint8))
    return out


class Picked:
    """Some numbers and texts of chosen messages, by their kind's names; -1 is no message."""

    def __init__(self, tables: Tables, kind: np.dtype[Any], rows: npt.NDArray[np.int64], *names: str) -> None:
        """kind   the messages' row type: layout.MESSAGE, or one of flows.messages"""
        fields = [part for name in names for part in ([name] if name in (kind.names or ()) else [f"{name}_at", f"{name}_size"])]
        self.rows = rows
        self.there = rows >= 0
        self._fields = Fields(tables.messages.view(kind), rows, fields)
        self._pool = tables.pool

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]:
        """A number of each, unconverted; 0 without a message."""
        return self._fields[name]

    def __len__(self) -> int:
        return len(self.rows)

    def number(self, name: str, missing: int = 0) -> npt.NDArray[np.int64]:
        """A number of each, `missing` without a message."""
        return np.where(self.there, self._fields[name].astype(np.int64), missing)

    def text(self, name: str, form: int = AS_IS, only: npt.NDArray[np.bool_] | None = None) -> pa.Array:
        """A text of each, null where it is missing, without a message, or where `only` is false."""
        return text_array(self._pool, self._fields[f"{name}_at"], self._sizes(name, only), form)

    def raw(self, name: str, only: npt.NDArray[np.bool_] | None = None) -> pa.DictionaryArray:
        """A text of each as bytes, in a dictionary array, because few of many are distinct."""
        return byte_array(self._pool, self._fields[f"{name}_at"], self._sizes(name, only)).dictionary_encode()

    def part(self, name: str, begin: int, size: int, form: int, only: npt.NDArray[np.bool_]) -> pa.Array:
        """`size` bytes of a text, or behind it, from `begin` on; null where `only` is false."""
        return text_array(self._pool, self._fields[f"{name}_at"] + begin, np.where(only, size, -1), form)

    def _sizes(self, name: str, only: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int32]:
        return np.where(self.there if only is None else only, self._fields[f"{name}_size"], np.int32(-1))


@kernel
def pick_fields(table, row_size, rows, n, offsets, sizes, begins, n_fields, out):
    """Copy fields of chosen rows, each to a column of its own; rows of -1 are skipped.

    table            uint8[]: rows of row_size bytes
    offsets, sizes   int64[n_fields]: each field's offset in a row and size in bytes;  begins: its column's offset in `out`
    """
    for i in range(min(n, AT_ONCE)):
        prefetch(table, rows[i] * row_size)
        prefetch(table, rows[i] * row_size + LINE)
    begin = 0
    while begin < n:
        end = min(n, begin + AT_ONCE)
        for i in range(end, min(n, end + AT_ONCE)):  # rows are scattered over their table: prefetch the next ones
            prefetch(table, rows[i] * row_size)
            prefetch(table, rows[i] * row_size + LINE)
        for k in range(n_fields):
            copy_field(table, row_size, rows, begin, end, offsets[k], sizes[k], out, begins[k])
        begin = end


def copy_field(table, row_size, rows, begin, end, offset, size, out, at):
    """Copy the field at `offset` of rows[begin:end] to the column at out[at:]."""
    if size == 8:  # a branch for each size, so that C knows it in the loop
        for i in range(begin, end):
            if rows[i] >= 0:
                copy_number(table, rows[i] * row_size + offset, 8, out, at + 8 * i)
    elif size == 4:
        for i in range(begin, end):
            if rows[i] >= 0:
                copy_number(table, rows[i] * row_size + offset, 4, out, at + 4 * i)
    else:
        for i in range(begin, end):
            if rows[i] >= 0:
                copy_number(table, rows[i] * row_size + offset, size, out, at + size * i)
