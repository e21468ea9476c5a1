"""Some fields of chosen rows, each as a column of its own: rows lie all over their tables and are long, so each is fetched once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.facts.strings import AS_IS, byte_array, text_array
from analyzer.flows.layout import Tables

BLOCK: Final = 1 << 11
"""Rows that are taken at a time: the processor's cache holds them while their fields are sorted out."""

# What is asked of a flow's record and of its two sides.
OF_RECORDS: Final = (
    *("a_hi", "a_lo", "b_hi", "b_lo", "a_port", "b_port", "protocol", "version", "first_ns", "last_ns", "data_ns", "end_ns"),
    *("end_side", "end_reset", "outer0", "outer1", "sources", "first_source", "label", "pauses", "first_frame", "unreachable"),
)
OF_SIDES: Final = (
    *("packets", "bytes", "distinct", "last_ns", "high", "acked", "base", "seen", "marks", "low", "pending_ns", "acked_low"),
)


class Columns(Protocol):
    """Rows whose fields can be asked for: numpy's own, or only some fields of them (Fields)."""

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]: ...

    def __len__(self) -> int: ...


class Fields:
    """Some fields of chosen rows; zeros where a row is -1."""

    def __init__(self, table: npt.NDArray[Any], rows: npt.NDArray[Any], names: Iterable[str]) -> None:
        self._n = len(rows)
        self._columns = {name: np.zeros(self._n, table.dtype[name]) for name in names}
        there = np.flatnonzero(rows >= 0)
        room = np.empty(min(BLOCK, len(there)), table.dtype)
        for begin in range(0, len(there), BLOCK):
            at = there[begin : begin + BLOCK]
            some = table.take(rows[at], out=room[: len(at)], mode="clip")
            where: Any = slice(begin, begin + BLOCK) if len(there) == self._n else at
            for name, column in self._columns.items():
                column[where] = some[name]

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return self._n


class Picked:
    """Some numbers and texts of chosen messages, by the names that their kind gives them; -1 is no message."""

    def __init__(self, tables: Tables, kind: np.dtype[Any], rows: npt.NDArray[np.int64], *names: str) -> None:
        """kind   as what the messages are read: layout.MESSAGE, or one of flows.messages"""
        fields = [part for name in names for part in ([name] if name in (kind.names or ()) else [f"{name}_at", f"{name}_size"])]
        self.rows = rows
        self.there = rows >= 0
        self._fields = Fields(tables.messages.view(kind), rows, fields)
        self._pool = tables.pool

    def __getitem__(self, name: str, /) -> npt.NDArray[Any]:
        """A number of each, as it is kept; 0 where there is no message."""
        return self._fields[name]

    def __len__(self) -> int:
        return len(self.rows)

    def number(self, name: str, missing: int = 0) -> npt.NDArray[np.int64]:
        """A number of each, `missing` where there is no message."""
        return np.where(self.there, self._fields[name].astype(np.int64), missing)

    def text(self, name: str, form: int = AS_IS, only: npt.NDArray[np.bool_] | None = None) -> pa.Array:
        """A text of each, null where there is none, no message, or where `only` is false."""
        return text_array(self._pool, self._fields[f"{name}_at"], self._sizes(name, only), form)

    def raw(self, name: str, only: npt.NDArray[np.bool_] | None = None) -> pa.DictionaryArray:
        """As bytes: a dictionary array, as few of many are different."""
        return byte_array(self._pool, self._fields[f"{name}_at"], self._sizes(name, only)).dictionary_encode()

    def part(self, name: str, begin: int, size: int, form: int, only: npt.NDArray[np.bool_]) -> pa.Array:
        """So many bytes of a text, or behind it, from `begin` on; null where `only` is false."""
        return text_array(self._pool, self._fields[f"{name}_at"] + begin, np.where(only, size, -1), form)

    def _sizes(self, name: str, only: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int32]:
        return np.where(self.there if only is None else only, self._fields[f"{name}_size"], np.int32(-1))
