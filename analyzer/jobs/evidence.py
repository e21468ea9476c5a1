"""The flow table on disk: Parquet by gateway and date, one row per conversation, which pandas and DuckDB read directly.

flows/gateway=NAME/date=YYYY-MM-DD/   by the day (UTC) on which a conversation was first seen
    part-N.parquet   rows of conversations that were evicted from memory; written once
    open.parquet     rows of conversations that may go on; rewritten with every ring file

A proxy is recognised by its traffic anywhere, so a proxy that is found late changes rows that were written before: those parts are
rewritten. For each proxy one row is kept that proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.errors import Unusable
from analyzer.growing import has_name, together
from analyzer.jobs.store import Store, Transaction
from analyzer.routes.proxies import find_proxies, flow_ends, rows_that_show
from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from analyzer.row_files import read_rows, write_rows
from analyzer.services.catalogue import Catalogue
from analyzer.services.tag import tag_flows
from analyzer.tables import FLOW_SCHEMA

FLOWS: Final = "flows"
OPEN: Final = "open.parquet"
WITNESSES: Final = "witnesses.parquet"
NO_DATE: Final = "__HIVE_DEFAULT_PARTITION__"
MOST_UNNAMED: Final = 20_000
"""As in engine.Limits: a verdict over more sources is too long to read, and takes minutes."""

ROUTED: Final = ("route", "direct_outcome", "hidden", "proxy", "proxy_name", "method", "pair", "inspected")


class JobRows:
    """The rows of a job. topology, catalogue: decide their routes and services."""

    def __init__(self, store: Store, gateway: str, topology: Topology, catalogue: Catalogue) -> None:
        self.store = store
        self._root = f"{FLOWS}/gateway={gateway}"
        self._topology = topology
        self._catalogue = catalogue

    def writing(self, change: Transaction, look: Callable[[], None] = lambda: None) -> Writing:
        """Rows to be written with a change. look: called for every file of rows that is read; an exception from it ends the writing."""
        place = self.store.state_file(WITNESSES)
        return Writing(self, change, read_rows(place).table if place else FLOW_SCHEMA.empty_table(), look)

    def routed(self, rows: pa.Table, beside: pa.Table) -> pa.Table:
        """The rows with their routes and services, which also depend on the rows of `beside`."""
        if rows.num_rows and beside.num_rows:
            beside = beside.filter(pc.invert(pc.is_in(beside["id"], value_set=rows["id"].combine_chunks())))
        if not beside.num_rows:
            return tag_flows(route_flows(rows, self._topology), self._catalogue)
        both = pa.concat_tables([rows, beside]).combine_chunks()
        return tag_flows(route_flows(both, self._topology).slice(0, rows.num_rows), self._catalogue)

    def proxies(self, rows: pa.Table) -> dict[str, int]:
        """ip:port of each proxy that the rows prove or the topology names → the first row with it as server."""
        ends = flow_ends(rows)
        found = find_proxies(rows, ends, Topology())
        return {name: int(np.flatnonzero(ends.server_end == end)[0]) for end, (name, _) in found.at.items()}

    def parts(self) -> list[Path]:
        """All files of rows."""
        return sorted((self.store.path / self._root).glob("date=*/*.parquet"))

    def place(self, date: str, name: str) -> str:
        return f"{self._root}/date={date}/{name}"

    def rows_seen_in(self, captures: Sequence[str], since: int) -> tuple[pa.Table, int]:
        """(the rows that were seen in any of these ring files, the number of rows left out).

        since   the number of the first change that may have evicted rows of these files

        A flood's rows stay on disk: of the rows without a host and a request, at most MOST_UNNAMED are returned.
        """
        wanted = pa.array(captures, pa.string())
        tables, unnamed, left_out = [], 0, 0
        for path in self.parts():
            number = part_number(path)
            if number is None or number >= since:
                rows = read_rows(path).table
                rows = rows.filter(seen_in(rows, wanted))
                others = ~has_name(rows)
                surplus = np.flatnonzero(others)[max(0, MOST_UNNAMED - unnamed) :]
                unnamed += int(others.sum()) - len(surplus)
                left_out += len(surplus)
                tables.append(rows if not len(surplus) else rows.take(np.setdiff1d(np.arange(rows.num_rows), surplus)))
        return together(tables) if tables else FLOW_SCHEMA.empty_table(), left_out


def seen_in(rows: pa.Table, captures: pa.Array) -> pa.Array:
    """bool[n]: whether one of the row's captures is among these."""
    lists = rows.column("captures").combine_chunks()
    hits = np.zeros(rows.num_rows, np.bool_)
    found = np.asarray(pc.is_in(pc.list_flatten(lists), value_set=captures))
    hits[np.asarray(pc.list_parent_indices(lists))[found.astype(np.bool_)]] = True
    return array(hits)


def part_number(path: Path) -> int | None:
    """The change that a part was written with; None for the open rows."""
    stem = path.name.removesuffix(".parquet").split("-")
    return int(stem[1]) if stem[0] == "part" and len(stem) > 1 and stem[1].isdigit() else None


class Writing:
    """Rows to be written with one change."""

    def __init__(self, evidence: JobRows, change: Transaction, witnesses: pa.Table, look: Callable[[], None]) -> None:
        self._evidence = evidence
        self._look = look
        self._change = change
        self._witnesses = witnesses
        self._known = set(evidence.proxies(witnesses))
        self._before = set(self._known)
        self._n_parts = 0
        self.rows = 0

    def keep(self, rows: pa.Table) -> None:
        """Keep rows of conversations that were evicted from memory, for good."""
        self._learn(rows)
        for date, dated in by_date(self._evidence.routed(rows, self._witnesses)):
            self._n_parts += 1
            name = f"part-{self._change.number:08d}-{self._n_parts}.parquet"
            self._write(dated, self._evidence.place(date, name))
        self.rows += rows.num_rows

    def replace_open(self, rows: pa.Table) -> None:
        """Replace the open rows, and rewrite the rows whose routes a new proxy changes."""
        self._learn(rows)
        written = set()
        for date, dated in by_date(self._evidence.routed(rows, self._witnesses)):
            written.add(self._evidence.place(date, OPEN))
            self._write(dated, self._evidence.place(date, OPEN))
        for path in self._evidence.parts():
            place = str(path.relative_to(self._evidence.store.path))
            if path.name == OPEN and place not in written:
                self._change.remove(place)
        new = self._known - self._before
        if new:
            self._route_again(new)
        if self._known != self._before or self._evidence.store.state_file(WITNESSES) is None:
            write_rows(self._witnesses, self._change.state_file(WITNESSES))
        self.rows += rows.num_rows

    def close_open(self) -> None:
        """Keep the open rows for good."""
        for path in self._evidence.parts():
            if path.name == OPEN:
                place = path.relative_to(self._evidence.store.path)
                self._n_parts += 1
                name = f"part-{self._change.number:08d}-{self._n_parts}.parquet"
                write_rows(read_rows(path).table, self._change.file(str(place.with_name(name))))
                self._change.remove(str(place))

    def _learn(self, rows: pa.Table) -> None:
        """Keep a row for every proxy that wasn't known."""
        proves = proving(rows)
        if not proves.num_rows:
            return
        found = {name: row for name, row in self._evidence.proxies(proves).items() if name not in self._known}
        if found:
            self._known |= set(found)
            self._witnesses = pa.concat_tables([self._witnesses, proves.take(sorted(set(found.values())))]).combine_chunks()

    def _route_again(self, new: set[str]) -> None:
        """Parts with rows from or to these proxies, with new routes."""
        addresses = pa.array(sorted({name.rpartition(":")[0].strip("[]") for name in new}), pa.string())
        staged = self._change.staged()
        places = {str(path.relative_to(self._evidence.store.path)): path for path in self._evidence.parts() if path.name != OPEN}
        places |= {place: path for place, path in staged.items() if Path(place).name != OPEN}
        for place, path in places.items():
            self._look()
            ends = read_rows(path, ["client_ip", "server_ip"]).table
            near = [pc.is_in(ends[name], value_set=addresses) for name in ends.column_names]
            touched = pc.or_(*near).combine_chunks()
            if not pc.any(touched).as_py():
                continue
            rows = read_rows(path).table
            again = self._evidence.routed(rows, self._witnesses)
            for name in ROUTED:
                column = pc.if_else(touched, again[name].combine_chunks(), rows[name].combine_chunks())
                rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
            if place in staged:
                write_rows(rows, path)
            else:
                self._write(rows, place)

    def _write(self, rows: pa.Table, place: str) -> None:
        write_rows(rows, self._change.file(place))


def proving(rows: pa.Table) -> pa.Table:
    """The rows that show that their server is a proxy."""
    return rows.filter(array(rows_that_show(rows)))


def by_date(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """(date, its rows), by the time at which a conversation was first seen."""
    if not rows.num_rows:
        return
    first: Any = rows["first_seen"].combine_chunks()
    days = np.asarray(pc.fill_null(pc.cast(pc.floor_temporal(first, unit="day"), pa.int64()), -1)) // (86_400 * 10**9)
    for day in np.unique(days).tolist():
        date = str(np.datetime64(day, "D")) if day >= 0 else NO_DATE
        yield date, rows.filter(array(days == day))


def read_all(path: Path) -> pa.Table:
    """All rows under a job's results, sorted as flow tables are. Errors: Unusable, there are none."""
    found = sorted((path / FLOWS).glob("gateway=*/date=*/*.parquet"))
    if not found:
        raise Unusable("no rows yet", str(path), "whichproxy capture makes some")
    return together([read_rows(one).table for one in found])
