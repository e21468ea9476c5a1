"""The flow table for the page's script: JSON by column, each distinct text once, built with array operations.

A page must fit into a mail: if the flows are too many, it contains fewer columns, and then fewer flows. All texts are inert: controls and
direction marks are escaped here, once per distinct text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.report.rows import json_texts
from analyzer.routes.requests import NO_TIME, integers, one_array, times_ns
from analyzer.tables import FLOW_COLUMNS
from analyzer.text.inert import inert
from analyzer.text.times import offsets_shown, values, zone_name

SAMPLE: Final = 2_000
"""Flows from which the total size is estimated."""

LEFT_OUT: Final = ("client_random",)
"""64 digits of every hello, which no reader of a page needs."""

NS: Final = 1_000_000_000

TEST: Final = "test"
"""The additional column in a study's page: the number of the test."""

KEPT_OF_MANY: Final = frozenset(
    (TEST, "id", "capture", "protocol", "client_ip", "client_port", "server_ip", "server_port", "first_seen", "bytes_out", "bytes_in",
     "state", "route", "proxy", "proxy_name", "method", "request", "proxy_status", "host", "service", "plane", "pair", "first_frame",
     "inspected")
)  # fmt: skip
"""The columns on a page without room for all: those of its table, and those that identify the flow's packets."""


class FlowData(NamedTuple):
    """The JSON for a page.

    left_out  number of flows that didn't fit
    brief     whether it has only the columns KEPT_OF_MANY
    """

    text: str
    left_out: int
    brief: bool


def flow_data(
    flows: pa.Table, sets: Mapping[str, Sequence[str]], room: int | None = None, linked: Collection[str] = (), find: str = ""
) -> FlowData:
    """The JSON for the page, and the number of omitted flows.

    flows   the flow table; a study's with `test` as first column
    sets    name → ids: the flows of a statement, which the script can show alone
    room    maximum size in bytes; None: no limit
    linked  ids to which the page links, which are kept first
    find    the command that cuts a flow's packets out of the captures, without its last words
    Form    {"rows", "zone", "find", "columns": [{"name", "kind", "meaning", …}], "sets": {name: [row…]}, "more": {name: number of omitted
            flows of a set}}; times as seconds since "base" and nanoseconds; zone: its name, and [second, offset from then on] pairs
    """
    if room is None:
        return FlowData(_text(flows, sets, find), 0, False)
    order = _ranked(flows, sets.values(), linked)
    if _fits(flows, order, room) >= flows.num_rows and len(text := _text(flows, sets, find)) <= room:
        return FlowData(text, 0, False)
    flows = flows.select([name for name in flows.schema.names if name in KEPT_OF_MANY])
    kept = _fits(flows, order, room)
    while len(text := _text(_first(flows, order, kept), sets, find)) > room and kept:
        kept = int(kept * min(0.97, room / len(text)))
    return FlowData(text, flows.num_rows - kept, True)


def _fits(flows: pa.Table, order: npt.NDArray[np.int64], room: int) -> int:
    """Estimated number of flows that fit, from a sample of the first ones."""
    sample = _first(flows, order, SAMPLE)
    return min(int(flows.num_rows), int(room * sample.num_rows / len(_text(sample, {}, ""))))


def _first(flows: pa.Table, order: npt.NDArray[np.int64], most: int) -> pa.Table:
    """The first so many flows by rank, in the table's own order."""
    return flows if most >= flows.num_rows else flows.take(array(np.sort(order[:most])))


def _text(kept: pa.Table, sets: Mapping[str, Sequence[str]], find: str) -> str:
    """The JSON of these flows."""
    ids = kept.column("id").to_pylist()
    row_of = {flow: row for row, flow in reversed(list(enumerate(ids)))}
    columns = [_column(kept.column(name), name) for name in kept.schema.names if name not in LEFT_OUT]
    named = {name: [row_of[flow] for flow in wanted if flow in row_of] for name, wanted in sets.items()}
    more = {name: len(wanted) - len(named[name]) for name, wanted in sets.items() if len(wanted) > len(named[name])}
    document = {"rows": kept.num_rows, "zone": _zone(kept), "find": inert(find), "columns": columns, "sets": named, "more": more}
    return script_safe(json.dumps(document, ensure_ascii=True, separators=(",", ":")))


def _zone(kept: pa.Table) -> dict[str, Any]:
    """The name of the shown time zone, and its UTC offsets in the flows' time span."""
    known = times_ns(kept.column("first_seen"))
    known = known[known != NO_TIME]
    span = (int(known.min()) // NS, int(known.max()) // NS + 1) if len(known) else (0, 0)
    return {"name": zone_name(), "offsets": offsets_shown(*span)}


def script_safe(text: str) -> str:
    """JSON without the characters with which HTML could end the script, or begin a comment (HTML 4.12.1.3)."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _ranked(flows: pa.Table, wanted: Iterable[Sequence[str]], linked: Collection[str]) -> npt.NDArray[np.int64]:
    """The rows in order of priority: linked flows, flows that prove a statement, flows of a service, the others.

    Within each they stay in order of time.
    """
    every = one_array(flows.column("id"))

    def among(ids: Iterable[str]) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = pc.is_in(every, value_set=pa.array(sorted(ids), pa.string())).to_numpy(zero_copy_only=False)
        return found

    proving = among({flow for ids in wanted for flow in ids})
    of_service = one_array(flows.column("service")).is_valid().to_numpy(zero_copy_only=False)
    rank = np.where(among(set(linked)), 0, np.where(proving, 1, np.where(of_service, 2, 3)))
    return np.argsort(rank, kind="stable")


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
    found = [inert(text) for text in encoded.dictionary.to_pylist()]
    if len(found) == len(texts) and not texts.null_count:
        return {"texts": found, "codes": None}  # all values differ, as ids do
    return {"texts": found, "codes": integers(encoded.indices, -1).tolist()}
