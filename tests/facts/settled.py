"""The flow table's rows of what was read, times as nanoseconds since 1970."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analyzer.facts.table import flow_table
from analyzer.flows.layout import Tables
from tests.streams.harness import Stage


def settled(stage: Stage) -> list[dict[str, Any]]:
    """Rows of a Stage's flows; the stage is used up."""
    stage.finish()
    return rows_of(stage.tables, 1)


def rows_of(tables: Tables, n_sources: int = 1, order: list[int] | None = None) -> list[dict[str, Any]]:
    """Rows as dicts of inputs called 0.pcap, 1.pcap, ...; order: the inputs' numbers by time."""
    table = flow_table(tables, [f"{i}.pcap" for i in range(n_sources)], order or list(range(n_sources)))
    return table.cast(pa.schema([field.with_type(timeless(field.type)) for field in table.schema])).to_pylist()  # type: ignore[no-any-return]


def timeless(kind: pa.DataType) -> pa.DataType:
    """The type with integers for times."""
    if pa.types.is_timestamp(kind):
        return pa.int64()
    if pa.types.is_list(kind):
        return pa.list_(timeless(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(timeless(field.type)) for field in kind])
    return kind
