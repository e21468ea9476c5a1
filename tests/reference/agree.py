"""The differences between an engine's flow table and the twin's rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analyzer.tables import ACTIVE, FLOW_COLUMNS, REQUEST, TIME

Row = dict[str, Any]

FAMILY = ("client_family", "client_family_by")
PLACES = ("tls_first",)
"""Positions in a stream, which the twin doesn't have."""

COMPARED = [column.name for column in FLOW_COLUMNS if column.stage in ("flows", "facts") and column.name not in (*FAMILY, *PLACES)]
BY_LATER_STAGES = ("service", "plane", "service_rule", "service_evidence", "outcome", "let_through")  # fields of a request


# Times as integers: Python's own can't hold nanoseconds, and pandas' need pandas.
def in_numbers(struct: pa.StructType) -> pa.ListType:
    return pa.list_(pa.struct([pa.field(field.name, pa.int64() if field.type == TIME else field.type) for field in struct]))


IN_NUMBERS = {TIME: pa.int64(), pa.list_(REQUEST): in_numbers(REQUEST), pa.list_(ACTIVE): in_numbers(ACTIVE)}


def rows_of_table(table: pa.Table) -> list[Row]:
    """The table's rows as the twin writes them: times in nanoseconds since 1970, requests without what later stages add."""
    table = table.select(COMPARED)
    rows: list[Row] = table.cast(pa.schema([(field.name, IN_NUMBERS.get(field.type, field.type)) for field in table.schema])).to_pylist()
    for row in rows:
        row["requests"] = [{key: value for key, value in request.items() if key not in BY_LATER_STAGES} for request in row["requests"]]
    return rows


def disagreements(rows: list[Row], twin: list[Row], columns: list[str] | None = None) -> list[str]:
    """One line per flow that only one side has, and per value that differs."""
    mine, theirs = {row["id"]: row for row in rows}, {row["id"]: row for row in twin}
    lines = [f"only the engine: {flow_text(row)}" for id, row in mine.items() if id not in theirs]
    lines += [f"only the twin: {flow_text(row)}" for id, row in theirs.items() if id not in mine]
    for id in mine.keys() & theirs.keys():
        for column in columns or COMPARED:
            if mine[id][column] != theirs[id][column]:
                lines.append(f"{flow_text(theirs[id])} {column}: engine {mine[id][column]!r}, twin {theirs[id][column]!r}")
    if not lines and [row["id"] for row in rows] != [row["id"] for row in twin]:
        lines.append("the same rows in another order")
    return lines


def flow_text(row: Row) -> str:
    return f"{row['protocol']} {row['client_ip']}:{row['client_port']} > {row['server_ip']}:{row['server_port']} at {row['first_seen']}"
