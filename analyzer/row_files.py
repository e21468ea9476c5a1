"""Flow table rows in Parquet files that outlive a version: each row holds the form it was written in, and older forms are read.

Form 1 has no mark, and the columns of its time. Form 2 has the column `schema`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analyzer.errors import Unusable
from analyzer.parquet import how_written
from analyzer.tables import FLOW_SCHEMA

FORM: Final = 2
UNMARKED_FORM: Final = 1
FORM_COLUMN: Final = "schema"

SECOND_EDITION: Final = "direct_outcome"
"""A column that exists since routes and outcomes have their present meaning; rows without it have to be routed and tagged again."""


class Rows(NamedTuple):
    """Rows in the present form.

    table    FLOW_SCHEMA, or the requested columns of it; columns that a file lacks are null
    form     the form that the file was written in
    judged   whether routes, services and outcomes have their present meaning; else an older version's
    """

    table: pa.Table
    form: int
    judged: bool


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write the rows, each with the present form's number."""
    form = pa.repeat(pa.scalar(FORM, pa.int32()), rows.num_rows)
    # Without the columns' meanings (docs/columns.md): in every file they would take more room than the rows of a quiet day.
    plain = pa.schema([pa.field(field.name, field.type) for field in rows.schema])
    table = rows.cast(plain).append_column(FORM_COLUMN, form)
    pq.write_table(table, path, **how_written(table.schema))


def read_rows(path: Path, columns: Sequence[str] | None = None) -> Rows:
    """The rows of a file of any form up to the present one.

    columns   of FLOW_SCHEMA; None: all
    Errors    Unusable: not Parquet, not the flow table, or a newer form
    """
    wanted = FLOW_SCHEMA.names if columns is None else list(columns)
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
            if "id" not in names or "first_seen" not in names:
                raise Unusable("it has no flow table's rows", str(path), "name a folder that whichproxy capture wrote")
            found = file.read([name for name in (*wanted, FORM_COLUMN) if name in names])
    except (pa.ArrowException, OSError) as error:
        text = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise Unusable(f"its rows can't be read ({text})", str(path), "have them written again, or move the file away") from error
    form = _form_of(found, path)
    try:
        arrays = [as_type(found, FLOW_SCHEMA.field(name)) for name in wanted]
    except pa.ArrowException as error:
        raise Unusable(f"its rows can't be read ({str(error).splitlines()[0]})", str(path), "have them written again") from error
    schema = FLOW_SCHEMA if columns is None else pa.schema([FLOW_SCHEMA.field(name) for name in wanted])
    return Rows(pa.table(arrays, schema=schema), form, SECOND_EDITION in names)


def _form_of(found: pa.Table, path: Path) -> int:
    if FORM_COLUMN not in found.column_names:
        return UNMARKED_FORM
    column = found[FORM_COLUMN]
    form = pc.max(column).cast(pa.int64()).as_py() if pa.types.is_integer(column.type) else None
    if form is not None and form > FORM:
        raise Unusable(f"its rows are of form {form}, and this version reads up to {FORM}", str(path), "update whichproxy")
    return FORM if form is None else int(form)


def as_type(found: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    """The column of this name in this type, at every depth: missing fields are null, unknown fields are dropped."""
    if field.name not in found.column_names:
        return pa.chunked_array([pa.nulls(found.num_rows, field.type)])
    return pa.chunked_array([_conform(chunk, field.type) for chunk in found.column(field.name).chunks], field.type)


def _conform(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if values.type == kind:
        return values
    if pa.types.is_list(kind) and pa.types.is_list(values.type):
        start, end = int(values.offsets.to_numpy()[0]), int(values.offsets.to_numpy()[-1])
        inner = _conform(values.values.slice(start, end - start), kind.value_type)
        offsets = pc.subtract(values.offsets, start)
        return pa.ListArray.from_arrays(offsets, inner, mask=values.is_null() if values.null_count else None).cast(kind)
    if pa.types.is_struct(kind) and pa.types.is_struct(values.type):
        have = {field.name: number for number, field in enumerate(values.type)}
        parts = [
            _conform(values.field(have[field.name]), field.type) if field.name in have else pa.nulls(len(values), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=values.is_null() if values.null_count else None)
    return values.cast(kind)
