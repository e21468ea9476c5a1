"""Slices made of captures and read again, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analyzer.pipeline import Reading
from analyzer.slices.choose import Selection
from analyzer.slices.slicing import write_slice
from tests.engine import engine_rows, reading
from tests.reference.agree import Row, rows_of_table


def sliced(out: Path, inputs: Sequence[str], wanted: Selection | None = None, read: Reading | None = None, **options: Any) -> Path:
    """`out`, which holds the slice of these captures."""
    read = read or reading(*inputs)
    write_slice(str(out), list(inputs), read, wanted or Selection(), **options)
    return out


def rows_of(*paths: str | Path) -> list[Row]:
    """Flow rows without the columns that name the file they were read from."""
    return [without_place(row) for row in engine_rows(*map(str, paths))]


def rows_in(read: Reading, ids: set[str]) -> list[Row]:
    return [without_place(row) for row in rows_of_table(read.flows) if row["id"] in ids]


def without_place(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("capture", "captures", "first_frame")}
