"""The flow table as the page's script reads it: JSON by column, each distinct text once, whole-column work only.

A page is for mail: where there are more flows than it has room for, it holds fewer columns of each, and then fewer flows.
What the script shows is inert already: controls and direction marks are made visible here, once per distinct text.
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
"""Flows by which the size of many is judged."""

LEFT_OUT: Final = ("client_random",)
"""64 digits of every hello, of use to nobody who reads a page."""

NS: Final = 1_000_000_000

TEST: Final = "test"
"""The column that a study's page has beside those of the flow table: the number of the test."""

KEPT_OF_MANY: Final = frozenset(
    (TEST, "id", "capture", "protocol", "client_ip", "client_port", "server_ip", "server_port", "first_seen", "bytes_out", "bytes_in",
     "state", "route", "proxy", "proxy_name", "method", "request", "proxy_status", "host", "service", "plane", "pair", "first_frame",
     "inspected")
)  # fmt: skip
"""What a page says of each flow where it hasn't room for every column: what its table shows, and what finds the flow's packets."""


class FlowData(NamedTuple):
    """The JSON for a page.

    left_out  how many flows it has no room for
    brief     whether it has only the columns of KEPT_OF_MANY
    """

    text: str
    left_out: int
    brief: bool


def flow_data(
    flows: pa.Table, sets: Mapping[str, Sequence[str]], room: int | None = None, linked: Collection[str] = (), find: str = ""
) -> FlowData:
    """The JSON for the page, and what of the flows it leaves out.

    flows   the flow table; a study's with the column `test` before it
    sets    name → ids: the flows behind a statement, which the script can show alone
    room    bytes that it may take; None: as many as it needs
    linked  ids that the page links to one by one, which come first where there isn't room for all
    find    the command that cuts a flow's packets out of the captures, but for its last words
    Form    {"rows", "zone", "find", "columns": [{"name", "kind", "meaning", …}], "sets": {name: [row…]}, "more": {name: flows of a set
            that aren't here}}; times as seconds since "base" and nanoseconds; zone: its name, and [second, offset from then on] pairs
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
    """About how many of the flows there is room for, judged by the first few."""
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
    """What the zone of the times shown is called, and how far ahead of UTC it is from when on."""
    known = times_ns(kept.column("first_seen"))
    known = known[known != NO_TIME]
    span = (int(known.min()) // NS, int(known.max()) // NS + 1) if len(known) else (0, 0)
    return {"name": zone_name(), "offsets": offsets_shown(*span)}


def script_safe(text: str) -> str:
    """JSON that no HTML parser sees the end of a script, or a comment, in (HTML 4.12.1.3)."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _ranked(flows: pa.Table, wanted: Iterable[Sequence[str]], linked: Collection[str]) -> npt.NDArray[np.int64]:
    """The rows in the order in which they are kept: those linked to, those that something rests on, those of a service, the others.

    Within each they stay in the order of time.
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
        return {"texts": found, "codes": None}  # each row has its own, as ids do
    return {"texts": found, "codes": integers(encoded.indices, -1).tolist()}
