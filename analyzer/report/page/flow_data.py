"""The flow table as the page's script reads it: JSON by column, each distinct text once, whole-column work only.

What the script shows is inert already: controls and direction marks are made visible here, once per distinct text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.report.rows import json_texts
from analyzer.report.text import inert
from analyzer.routes.requests import NO_TIME, integers, one_array, times_ns
from analyzer.tables import FLOW_COLUMNS
from analyzer.text.times import values

MOST_FLOWS: Final = 100_000
"""Flows that a page holds: more make a file that no mail carries. Those that prove something come first."""

LEFT_OUT: Final = ("client_random",)
"""64 digits of every hello, of use to nobody who reads a page."""

NS: Final = 1_000_000_000

TEST: Final = "test"
"""The column that a study's page has beside those of the flow table: the number of the test."""


def flow_data(flows: pa.Table, sets: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    """The JSON for the page, and how many flows it has no room for.

    flows  the flow table; a study's with the column `test` before it
    sets   name → ids: the flows behind a statement, which the script can show alone
    Form   {"rows", "columns": [{"name", "kind", "meaning", …}], "sets": {name: [row…]}}; times as seconds since "base" and nanoseconds
    """
    kept, left_out = _most(flows, sets.values())
    ids = kept.column("id").to_pylist()
    row_of = {flow: row for row, flow in reversed(list(enumerate(ids)))}
    columns = [_column(kept.column(name), name) for name in kept.schema.names if name not in LEFT_OUT]
    named = {name: [row_of[flow] for flow in wanted if flow in row_of] for name, wanted in sets.items()}
    document = {"rows": kept.num_rows, "columns": columns, "sets": named}
    return script_safe(json.dumps(document, ensure_ascii=True, separators=(",", ":"))), left_out


def script_safe(text: str) -> str:
    """JSON that no HTML parser sees the end of a script, or a comment, in (HTML 4.12.1.3)."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _most(flows: pa.Table, wanted: Iterable[Sequence[str]]) -> tuple[pa.Table, int]:
    """The flows that fit: those that something rests on, then those of a service, then the others, each in the order of time."""
    if flows.num_rows <= MOST_FLOWS:
        return flows, 0
    named = pa.array(sorted({flow for ids in wanted for flow in ids}), pa.string())
    proving = pc.is_in(one_array(flows.column("id")), value_set=named).to_numpy(zero_copy_only=False)
    of_service = one_array(flows.column("service")).is_valid().to_numpy(zero_copy_only=False)
    rank = np.where(proving, 0, np.where(of_service, 1, 2))
    chosen = np.sort(np.argsort(rank, kind="stable")[:MOST_FLOWS])
    return flows.take(array(chosen)), flows.num_rows - MOST_FLOWS


_MEANINGS: Final = {column.name: column.meaning for column in FLOW_COLUMNS} | {TEST: "number of the test in the study"}


def _column(column: pa.ChunkedArray, name: str) -> dict[str, Any]:
    kind = column.type
    about = {"name": name, "meaning": _MEANINGS[name]}
    if column.null_count == len(column):
        return about | {"kind": "none"}
    if pa.types.is_timestamp(kind):
        return about | _times(column)
    if pa.types.is_integer(kind):
        return about | {"kind": "number", "values": values(column)}
    if pa.types.is_boolean(kind):
        return about | {"kind": "text"} | _distinct(pc.if_else(one_array(column), "true", "false"))
    if pa.types.is_list(kind):
        lists = one_array(column)
        texts = pc.if_else(pc.greater(pc.list_value_length(lists), 0), json_texts(lists), pa.scalar(None, pa.string()))
        return about | {"kind": "text"} | _distinct(texts)
    return about | {"kind": "text"} | _distinct(one_array(column))


def _times(column: pa.ChunkedArray) -> dict[str, Any]:
    times = times_ns(column)
    known = times != NO_TIME
    base = int(times[known].min()) // NS
    seconds = (times // NS - base).tolist()
    parts = (times % NS).tolist()
    if not known.all():
        seconds = [value if there else None for value, there in zip(seconds, known.tolist(), strict=True)]
    return {"kind": "time", "base": base, "seconds": seconds, "nanoseconds": parts}


def _distinct(texts: pa.Array) -> dict[str, Any]:
    encoded = texts.dictionary_encode()
    return {"texts": [inert(text) for text in encoded.dictionary.to_pylist()], "codes": integers(encoded.indices, -1).tolist()}
