"""Folders of rows as a fleet's capture jobs would leave them, made from the laboratory's captures.

Each source's day is what a workstation of one of the captures did, with addresses, times and ids of its own: who wins, what fails
and what goes past the proxies differs as the captures do. A plan says which capture each source follows on which day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import analyzer
from analyzer.row_files import write_rows
from analyzer.tables import FLOW_SCHEMA, TIME
from tests.conftest import ROOT

BEGIN = "2026-10-01"
NS_PER_DAY = 86_400 * 10**9
WORKSTATIONS, PROXIES = "172.16.11.", "172.16.12."

# What the captures show: who wins for the sensor.
WINHTTP, BOTH, STATIC, THREE, STATIC_WININET = (
    "T1-winhttp", "T2-winhttp-wininet", "T4-static", "T5-all-three", "T6-static-wininet",
)  # fmt: skip
CAPTURES = (WINHTTP, BOTH, STATIC, THREE, STATIC_WININET, "T3b-wininet-user")

Plan = Callable[[int, int], str | None]
"""(number of the source, number of the day) → the capture that it follows; None: it is off."""


@cache
def rows_of(capture: str) -> pa.Table:
    """The flow table of one of the laboratory's captures; only the columns that distinguish flows are changed."""
    return analyzer.read(ROOT / "captures" / f"{capture}.pcapng", topology=ROOT / "captures" / "topology.toml").table


def day_of(gateway: int, day: int, sources: Mapping[int, str], *, own_proxies: bool = False, share: float = 1.0, seed: int = 0) -> pa.Table:
    """The rows of a gateway's day.

    sources      number → capture
    own_proxies  the gateway's proxies have addresses of their own, else those of the captures, as all such gateways
    share        of the captures' conversations, chosen anew for each source and day
    """
    chance = np.random.default_rng([seed, gateway, day])
    tables, clients, shifts = [], [], []
    begin = int(np.datetime64(BEGIN, "ns").astype(np.int64)) + day * NS_PER_DAY
    for number, capture in sources.items():
        rows = rows_of(capture)
        kept = np.flatnonzero(chance.random(rows.num_rows) < share) if share < 1 else np.arange(rows.num_rows)
        if not len(kept):
            continue
        rows = rows.take(pa.array(kept))
        first = pc.min(rows["first_seen"].cast(pa.int64())).as_py()
        at = begin + int(chance.integers(0, NS_PER_DAY - 3600 * 10**9)) - first
        tables.append(rows)
        clients.append(np.full(rows.num_rows, number))
        shifts.append(np.full(rows.num_rows, at))
    if not tables:
        return FLOW_SCHEMA.empty_table()
    rows = pa.concat_tables(tables).combine_chunks()
    return _moved(rows, gateway, day, np.concatenate(clients), np.concatenate(shifts), own_proxies)


def _moved(rows: pa.Table, gateway: int, day: int, client: npt.NDArray[Any], shift: npt.NDArray[Any], own_proxies: bool) -> pa.Table:
    """The rows at other times, of other sources, with ids of their own."""
    suffix = pa.array([hashlib.sha256(f"{gateway}|{day}|{number}".encode()).hexdigest()[:6] for number in client.tolist()])
    address = pa.array([f"10.{gateway % 200}.{number // 250}.{number % 250 + 1}" for number in client.tolist()])
    columns = {}
    for field in FLOW_SCHEMA:
        column = rows[field.name].combine_chunks()
        if field.name in ("id", "pair", "same_as"):
            column = pc.binary_join_element_wise(pc.utf8_slice_codeunits(column, 0, 10), suffix, "")
        elif field.name in ("client_ip", "server_ip"):
            column = pc.if_else(pc.starts_with(column, WORKSTATIONS), address, column)
        elif field.type == TIME:
            column = _later(column, shift)
        elif pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            column = _later_inside(column, shift)
        if own_proxies and field.name in ("client_ip", "server_ip", "proxy"):
            column = pc.replace_substring(column, PROXIES, f"10.{gateway % 200}.250.")
        columns[field.name] = column
    moved = pa.table([columns[field.name] for field in FLOW_SCHEMA], schema=FLOW_SCHEMA)
    return moved.sort_by([("first_seen", "ascending"), ("id", "ascending")])


def _later(times: pa.Array, shift: npt.NDArray[Any]) -> pa.Array:
    return pc.add(times.cast(pa.int64()), pa.array(shift)).cast(TIME)


def _later_inside(lists: pa.Array, shift: npt.NDArray[Any]) -> pa.Array:
    of_row = np.asarray(pc.list_parent_indices(lists))
    inner = pc.list_flatten(lists)
    parts = [
        _later(inner.field(number), shift[of_row]) if field.type == TIME else inner.field(number) for number, field in enumerate(inner.type)
    ]
    offsets = np.concatenate([[0], np.cumsum(np.asarray(pc.fill_null(pc.list_value_length(lists), 0)))])
    mask = lists.is_null() if lists.null_count else None
    struct = pa.StructArray.from_arrays(parts, fields=list(inner.type))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct, mask=mask).cast(lists.type)


def date(day: int) -> str:
    """The date of a day's number."""
    return str(np.datetime64(BEGIN) + day)


def lay(root: Path, gateway: str, day: int, rows: pa.Table) -> Path:
    """Write a gateway's day as its job would."""
    path = root / f"gateway={gateway}" / f"date={date(day)}" / f"part-{day + 1:08d}-1.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(rows, path)
    return path


def small(root: Path, plans: Mapping[str, Plan], days: int, sources: int = 2, off: Mapping[str, Sequence[int]] | None = None) -> Path:
    """A fleet with a plan for each gateway; `off`: days of which a gateway has nothing."""
    for number, (name, plan) in enumerate(plans.items()):
        for day in range(days):
            if day in (off or {}).get(name, ()):
                continue
            follow = {source: capture for source in range(sources) if (capture := plan(source, day)) is not None}
            lay(root, name, day, day_of(number, day, follow))
    return root
