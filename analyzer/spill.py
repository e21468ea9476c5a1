"""Tables that would take too much memory, in a memory-mapped temporary file: only the parts in use are in memory, and the system drops
them when it needs room.

The file is unlinked before the first byte is written, so nothing remains however the program ends. Where it can't be written, as on a
full disk, the tables stay in memory.
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

from analyzer.arrow import all_null, release_free_memory

MAX_MEMORY_BYTES: Final = 128 << 20
"""Bytes of one table that are kept in memory: the rows of some 120,000 flows."""

ROWS_AT_ONCE: Final = 1 << 16
"""Rows of a large table that are worked on at a time, where rows are independent."""

ON_DISK: Final = Path("/var/tmp")
"""The directory for large temporary files (hier(7)); /tmp is in memory on many systems."""


class Place(NamedTuple):
    """A table's place in the file; columns that are all null aren't written."""

    begin: int
    end: int
    schema: pa.Schema
    rows: int


class Spill:
    """Tables that are needed only when the last of them is made; several threads may add tables.

    in_file   whether any table is in the file
    """

    def __init__(self, most: int | None = MAX_MEMORY_BYTES) -> None:
        """most: bytes that stay in memory; None: no limit."""
        self.in_file = False
        self._most = most
        self._bytes = 0
        self._tables: list[pa.Table | Place] = []
        self._file: IO[bytes] | None = None
        self._turn = threading.Lock()

    def put(self, table: pa.Table) -> int:
        """Add the table; returns its number."""
        with self._turn:
            number = len(self._tables)
            self._tables.append(table)
            self._bytes += table.nbytes
            if self._most is not None and self._bytes > self._most:
                self._written()
            return number

    def tables(self) -> list[pa.Table]:
        """All tables in order of their numbers; the spill is empty afterwards."""
        tables, self._tables = self._tables, []
        if self._file is not None and self.in_file:
            mapped = pa.py_buffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
            tables = [read(mapped, one) if isinstance(one, Place) else one for one in tables]
        if self._file is not None:
            self._file.close()
            release_free_memory()
        return tables

    def _written(self) -> None:
        """Write the tables in memory to the file, as far as possible."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="whichproxy-", dir=folder())  # noqa: SIM115
            for number, table in enumerate(self._tables):
                if isinstance(table, pa.Table):
                    self._tables[number] = write(table, self._file)
                    self.in_file = True
        except OSError:  # no space, or no writable directory: keep the tables in memory
            self._most = None


def folder() -> Path | None:
    """The directory for large temporary files: the user's TMPDIR, else a disk, else Python's default (None)."""
    named = any(name in os.environ for name in ("TMPDIR", "TEMP", "TMP"))
    return None if named or not os.access(ON_DISK, os.W_OK) else ON_DISK


def write(table: pa.Table, file: IO[bytes]) -> Place:
    """Append the table to the file; returns its place. Errors: OSError, and the file is unchanged."""
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
    """The table at this place, without a copy."""
    kept = pa.ipc.open_stream(pa.BufferReader(data.slice(place.begin, place.end - place.begin))).read_all()
    there = set(kept.column_names)
    columns: list[Any] = [kept[one.name] if one.name in there else all_null(place.rows, one.type) for one in place.schema]
    return pa.table(columns, schema=place.schema)


def with_columns_spilled(table: pa.Table, names: Collection[str]) -> pa.Table:
    """The table; if it is large, these columns are moved to a file."""
    return table if table.nbytes <= MAX_MEMORY_BYTES else _replaced(table, (table.select([name]) for name in names))


def filled_by_ranges(table: pa.Table, names: Collection[str], fill: Callable[[pa.Table], pa.Table]) -> pa.Table:
    """The table with these columns filled by `fill`, which treats each row alone; a large table is filled some rows at a time."""
    if table.nbytes <= MAX_MEMORY_BYTES:
        return fill(table)
    made = Spill(0)
    for begin in range(0, len(table), ROWS_AT_ONCE):
        made.put(fill(table.slice(begin, ROWS_AT_ONCE)).select(names))
    pieces = made.tables()
    return _replaced(table, (pa.concat_tables(piece.select([name]) for piece in pieces).combine_chunks() for name in names))


def _replaced(table: pa.Table, columns: Iterable[pa.Table]) -> pa.Table:
    """The table with these columns replaced by those of the single-column tables, which are moved to a file."""
    spill = Spill(0)
    for each in columns:
        spill.put(each)
    for each in spill.tables():
        (name,) = each.column_names
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), each.column(0))
    release_free_memory()
    return table
