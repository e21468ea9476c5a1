"""Where an engine's flow table and the twin's rows differ."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analyzer.tables import FLOW_COLUMNS

Row = dict[str, Any]

COMPARED = [column.name for column in FLOW_COLUMNS if column.stage in ("flows", "names") and column.name != "client_family"]
BY_LATER_STAGES = ("service", "plane")  # fields of a request


def rows_of_table(table: pa.Table) -> list[Row]:
    """The table's rows as the twin writes them: times in nanoseconds since 1970, requests without what later stages add."""
    return [in_numbers(row) for row in table.select(COMPARED).to_pylist()]


def in_numbers(value: Any) -> Any:
    """Times as integers, through lists and structs."""
    if isinstance(value, dict):
        return {key: in_numbers(item) for key, item in value.items() if key not in BY_LATER_STAGES}
    if isinstance(value, list):
        return [in_numbers(item) for item in value]
    return value.value if hasattr(value, "value") else value  # pandas.Timestamp, which alone holds nanoseconds


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
