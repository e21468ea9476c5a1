"""The flow table as requested: chosen columns, sorted rows, at most so many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import Unusable
from analyzer.routes.networks import address_number
from analyzer.tables import FLOW_SCHEMA
from analyzer.text.times import values
from analyzer.text.words import did_you_mean

ADDRESSES = ("client_ip", "server_ip")
PROXY = "proxy"


class Arrangement(NamedTuple):
    """The requested arrangement, checked.

    columns  their names in order; empty: the default ones
    sort     (column, whether descending), the most significant first; empty: by first_seen, then id
    limit    maximum number of rows; None: all
    """

    columns: tuple[str, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None


def arrangement(columns: str | None = None, sort: str | None = None, limit: int | None = None) -> Arrangement:
    """The arrangement from `--columns a,b`, `--sort a,-b` and `--limit N`.

    Errors  Unusable: no such column, a column twice, or a list column, which can't be sorted
    """
    named = _names(columns, "--columns")
    keys = tuple((key.removeprefix("-"), key.startswith("-")) for key in _names(sort, "--sort"))
    for where, asked in (("--columns", named), ("--sort", tuple(name for name, _ in keys))):
        for name in asked:
            if name not in FLOW_SCHEMA.names:
                raise Unusable(f"{name!r} is no column", where, did_you_mean(name, FLOW_SCHEMA.names))
            if asked.count(name) > 1:
                raise Unusable(f"{name} stands there twice", where, "name each column once")
    for name, _ in keys:
        if pa.types.is_nested(FLOW_SCHEMA.field(name).type):
            raise Unusable(f"{name} holds lists, which have no order", "--sort", "name a column of single values")
    return Arrangement(named, keys, limit)


def arranged(flows: pa.Table, how: Arrangement) -> pa.Table:
    """The rows sorted and limited as requested, with every column. Missing values come last in either direction."""
    if how.sort:
        keys = [_key(flows.column(name)) if name in ADDRESSES else _text_key(flows, name) for name, _ in how.sort]
        sorting: dict[str, Any] = {}
        order: list[tuple[str, str]] = []
        for (name, falls), key in zip(how.sort, keys, strict=True):  # pyarrow's versions have different options for the place of nulls
            sorting |= {f"no {name}": pc.is_null(key), name: key}
            order += [(f"no {name}", "ascending"), (name, "descending" if falls else "ascending")]
        flows = flows.take(pc.sort_indices(pa.table(sorting), sort_keys=order))
    return flows if how.limit is None else flows.slice(0, how.limit)


def _names(text: str | None, where: str) -> tuple[str, ...]:
    if text is None:
        return ()
    names = tuple(part.strip() for part in text.split(","))
    if not all(name.removeprefix("-") for name in names):
        raise Unusable("a column without a name", where, "write the columns' names with a comma between them, docs/columns.md has them")
    return names


def _text_key(flows: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    """The values by which a column is sorted: ip:port numerically by address, then port."""
    return _key(flows.column(name), _proxy_order) if name == PROXY else flows.column(name)


def _key(column: pa.ChunkedArray, order: Callable[[str], str] | None = None) -> pa.Array:
    """Texts that sort like the addresses."""
    make: Callable[[str], str] = order or _address_order
    known: dict[Any, str | None] = {text: None if text is None else make(text) for text in values(pc.unique(column))}
    return pa.array([known[text] for text in values(column)], pa.string())


def _address_order(ip: str) -> str:
    return f"{address_number(ip):033x}"


def _proxy_order(proxy: str) -> str:
    ip, _, port = proxy.rpartition(":")
    return f"{_address_order(ip.strip('[]'))}:{int(port):05d}"


def columns_that_begin(text: str) -> Sequence[str]:
    """Completions of the last column name in such a list, each with the names before it."""
    before, comma, last = text.rpartition(",")
    sign = "-" * last.startswith("-")
    return [f"{before}{comma}{sign}{name}" for name in FLOW_SCHEMA.names if name.startswith(last.removeprefix("-"))]
