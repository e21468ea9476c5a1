"""Tables as pandas DataFrames, and a DataFrame of flows as the flow table again.

Text is pandas' Arrow-backed string type with NaN for missing (pandas 3's default, requested by name in 2.x), so that comparisons give plain
booleans. Integers and booleans are nullable, times are datetime64[ns, UTC], lists are Python lists: pandas can't read a frame with Arrow
lists back from its own Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import Unusable
from analyzer.report.causes import SEVERITIES
from analyzer.tables import FLOW_SCHEMA, TIME

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("id", "protocol", "client_ip", "server_ip", "first_seen", "state")
"""Columns that a DataFrame must have to be a flow table; other missing columns count as all null."""

FINDING_COLUMNS = (
    "code", "severity", "confidence", "client_ip", "client_ips", "proxy", "service", "services", "text", "advice", "first_seen",
    "last_seen", "flows",
)  # fmt: skip
LISTS = ("client_ips", "services", "flows")
SERVICE_COLUMNS = (
    "service", "group", "plane", "evidence", "asked", "asked_name", "asked_method", "outcome", "winner", "winner_name", "method",
    "confidence", "reason",
)  # fmt: skip
COUNTS = ("tunnels", "failed", "bytes")


def frame_of(table: pa.Table) -> pd.DataFrame:
    """An Arrow table, such as the flow table, as a DataFrame."""
    import pandas as pd

    text = _text_type()

    def pandas_type(kind: pa.DataType) -> Any:
        if pa.types.is_string(kind):
            return text
        if pa.types.is_integer(kind):
            return pd.Int64Dtype()
        return pd.BooleanDtype() if pa.types.is_boolean(kind) else None  # None: pandas' own choice, for timestamps

    lists = [field.name for field in table.schema if pa.types.is_list(field.type)]
    frame: pd.DataFrame = table.drop_columns(lists).to_pandas(types_mapper=pandas_type)
    for name in lists:
        position = table.schema.get_field_index(name)
        frame.insert(position, name, pd.Series(table.column(name).to_pylist(), dtype="object"))
    return frame


def findings_frame(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """The findings as a DataFrame, problems first. client_ip and service are missing where a finding has several: client_ips, services."""
    rows = sorted(verdict["findings"], key=lambda f: SEVERITIES.index(f["severity"]))
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in FINDING_COLUMNS if name not in LISTS}
    for name in ("first_seen", "last_seen"):
        columns[name] = times_of(columns[name])
    columns |= {name: pa.array([row[name] for row in rows], pa.list_(pa.string())) for name in LISTS}
    return frame_of(pa.table({name: columns[name] for name in FINDING_COLUMNS}))


def services_frame(verdict: Mapping[str, Any]) -> pd.DataFrame:
    """One row per source and service of a verdict: SERVICE_COLUMNS as in the document, and its counts over all proxies.

    asked, outcome, winner and confidence are those of the last era.
    """
    rows = [(source, entry) for source in verdict["sources"] for entry in source["services"]]
    columns = {name: pa.array([source[name] for source, _ in rows], pa.string()) for name in ("client_ip", "name")}
    columns |= {name: pa.array([entry[name] for _, entry in rows], pa.string()) for name in SERVICE_COLUMNS}
    columns |= {name: pa.array([sum(part[name] for part in entry["by_proxy"]) for _, entry in rows], pa.int64()) for name in COUNTS}
    return frame_of(pa.table(columns))


def table_of(flows: pd.DataFrame, start_ns: int | None = None, end_ns: int | None = None) -> pa.Table:
    """The flow table of a DataFrame, with only the flows that began in [start_ns, end_ns), without unknown columns.

    Errors  Unusable: a required column is missing, or a column's values don't fit its type
    """
    missing = [name for name in REQUIRED if name not in flows.columns]
    if missing:
        raise Unusable(f"no column {', '.join(missing)}", "DataFrame", "give flows as Traffic.flows has them")
    columns = [_column(flows, field) for field in FLOW_SCHEMA]
    table = pa.Table.from_arrays(columns, schema=FLOW_SCHEMA)
    for bound, keep in ((start_ns, pc.greater_equal), (end_ns, pc.less)):
        if bound is not None:
            table = table.filter(keep(table.column("first_seen"), pa.scalar(bound, TIME)))
    return table.sort_by([("first_seen", "ascending"), ("id", "ascending")])


def _column(flows: pd.DataFrame, field: pa.Field) -> pa.Array:
    if field.name not in flows.columns:
        return pa.nulls(len(flows), field.type)
    try:
        return pa.Array.from_pandas(flows[field.name], type=field.type)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise Unusable(f"not {field.type}: {error}", f"DataFrame, column {field.name}", "see analyzer.tables for each column") from error


def times_of(texts: pa.Array) -> pa.Array:
    """RFC 3339 texts in UTC as timestamps."""
    return pc.replace_substring(texts, "Z", "").cast(pa.timestamp("ns")).cast(TIME)


def _text_type() -> Any:
    """pandas' Arrow-backed text with NaN for missing."""
    import pandas as pd

    try:
        return pd.StringDtype("pyarrow", na_value=float("nan"))
    except TypeError:  # pandas 2.2 has another name for it
        storage: Any = "pyarrow_numpy"
        return pd.StringDtype(storage)
