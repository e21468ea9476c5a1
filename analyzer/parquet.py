"""How flow tables are written as Parquet: compressed, and with a dictionary only for values that repeat from row to row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

OWN: Final = ("id", "isn_out", "isn_in", "client_random", "client_hello_digest", "community_id", "first_frame")
"""Columns with a value of its own in each row, as times are. Put into a dictionary first, they take a quarter more time and room."""


def how_written(schema: pa.Schema) -> dict[str, Any]:
    """The arguments of pyarrow.parquet's writers for a table with these columns."""
    return {"compression": "zstd", "use_dictionary": [path for field in schema if field.name not in OWN for path in repeating(field)]}


def repeating(field: pa.Field, above: str = "") -> Iterator[str]:
    """Where Parquet keeps the field's values that are no times: a path for each part of a structure or list."""
    path = above + field.name
    if pa.types.is_struct(field.type):
        for part in field.type:
            yield from repeating(part, f"{path}.")
    elif pa.types.is_list(field.type):
        yield from repeating(field.type.value_field.with_name("element"), f"{path}.list.")
    elif not pa.types.is_timestamp(field.type):
        yield path
