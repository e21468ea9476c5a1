"""Tables that would take too much memory, in a temporary file that is mapped: then only what somebody looks at is in memory, and the
system takes that back when it needs room.

The file has no name any more when the first byte is written, so nothing stays behind however the program ends. Where it can't be
written, as on a full disk, tables stay in memory as they were.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import pyarrow as pa

from analyzer.arrow import given_back, nothing

MOST: Final = 128 << 20
"""Bytes of one table that are kept in memory: the rows of some 120,000 flows."""

RANGE: Final = 1 << 16
"""Rows of a large table that are worked on at a time, where each is worked on alone."""

ON_DISK: Final = Path("/var/tmp")
"""Where large temporary files belong (hier(7)); /tmp lies in memory on many systems."""


class Place(NamedTuple):
    """Where a table lies in the file: its columns but for those that are all null."""

    begin: int
    end: int
    schema: pa.Schema
    rows: int


class Spill:
    """Tables of one kind that are wanted again when the last of them is made; threads may put theirs here side by side.

    in_file   whether they lie in a file
    """

    def __init__(self, most: int | None = MOST) -> None:
        """most: bytes that stay in memory; None: however many they are."""
        self.in_file = False
        self._most = most
        self._bytes = 0
        self._tables: list[pa.Table | Place] = []
        self._file: IO[bytes] | None = None
        self._turn = threading.Lock()

    def put(self, table: pa.Table) -> int:
        """The number that the table has among all."""
        with self._turn:
            number = len(self._tables)
            self._tables.append(table)
            self._bytes += table.nbytes
            if self._most is not None and self._bytes > self._most:
                self._written()
            return number

    def tables(self) -> list[pa.Table]:
        """All tables by their numbers; here they are no more then."""
        tables, self._tables = self._tables, []
        if self._file is not None and self.in_file:
            mapped = pa.py_buffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
            tables = [read(mapped, one) if isinstance(one, Place) else one for one in tables]
        if self._file is not None:
            self._file.close()
            given_back()
        return tables

    def _written(self) -> None:
        """Put what is in memory into the file, as far as it can be."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="whichproxy-", dir=folder())  # noqa: SIM115
            for number, table in enumerate(self._tables):
                if isinstance(table, pa.Table):
                    self._tables[number] = write(table, self._file)
                    self.in_file = True
        except OSError:  # no room, or nowhere to write: memory has to do
            self._most = None


def folder() -> Path | None:
    """Where large temporary files go: where the user says, else on a disk, else where Python puts them (None)."""
    named = any(name in os.environ for name in ("TMPDIR", "TEMP", "TMP"))
    return None if named or not os.access(ON_DISK, os.W_OK) else ON_DISK


def write(table: pa.Table, file: IO[bytes]) -> Place:
    """The place of the table, written behind all that the file holds. Errors: OSError, and the file is as before."""
    begin = file.tell()
    kept = table.select([name for name in table.column_names if table[name].null_count < len(table)])
    try:
        with pa.ipc.new_stream(pa.PythonFile(file, "w"), kept.schema) as stream:
            stream.write_table(kept)
        file.flush()
    except OSError:
        file.seek(begin)
        file.truncate()
        raise
    return Place(begin, file.tell(), table.schema, len(table))


def read(data: pa.Buffer, place: Place) -> pa.Table:
    """The table that lies there, nothing of it copied."""
    kept = pa.ipc.open_stream(pa.BufferReader(data.slice(place.begin, place.end - place.begin))).read_all()
    there = set(kept.column_names)
    columns: list[Any] = [kept[one.name] if one.name in there else nothing(place.rows, one.type) for one in place.schema]
    return pa.table(columns, schema=place.schema)


def with_columns_spilled(table: pa.Table, names: Collection[str]) -> pa.Table:
    """The table, these columns of it lying in a file, where it is a large one."""
    return table if table.nbytes <= MOST else _replaced(table, (table.select([name]) for name in names))


def filled_by_ranges(table: pa.Table, names: Collection[str], fill: Callable[[pa.Table], pa.Table]) -> pa.Table:
    """The table with these columns as `fill` gives them, which looks at each row alone: of a large table at some rows at a time."""
    if table.nbytes <= MOST:
        return fill(table)
    made = Spill(0)
    for begin in range(0, len(table), RANGE):
        made.put(fill(table.slice(begin, RANGE)).select(names))
    pieces = made.tables()
    return _replaced(table, (pa.concat_tables(piece.select([name]) for piece in pieces).combine_chunks() for name in names))


def _replaced(table: pa.Table, columns: Iterable[pa.Table]) -> pa.Table:
    """The table with these columns, a table each, in the place of those of their names, and in a file."""
    spill = Spill(0)
    for each in columns:
        spill.put(each)
    for each in spill.tables():
        (name,) = each.column_names
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), each.column(0))
    given_back()
    return table
