"""The flow table as numbers: what the verdict counts, one integer per row and request instead of a Python object.

Built once per verdict; every statement is then a selection or a group of positions in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.direct import was_blocked
from analyzer.routes.requests import (
    ABSOLUTE,
    NO_TIME,
    Bools,
    Ints,
    Requests,
    bytes_both_ways,
    flat_requests,
    integers,
    one_array,
    times_ns,
)
from analyzer.routes.route import DIRECT, PROXY, ROUTES
from analyzer.routes.topology import Topology
from analyzer.text.times import rfc3339 as rfc3339
from analyzer.text.times import values
from analyzer.verdict.outcome import Outcome, outcome_of, same_host


@dataclass(frozen=True)
class Coded:
    """A text column as numbers: codes int64, -1 for null; values the text of each code."""

    codes: Ints
    values: list[str]

    def text(self, code: int) -> str | None:
        return self.values[code] if code >= 0 else None


@dataclass(frozen=True)
class Evidence:
    """All flows, sorted by first_seen and id, and their requests.

    flows           the table itself, for columns that few statements need
    route           int64[n]   index into ROUTES, -1 for null
    client … state  Coded of n rows; service and plane share their numbering with request_service and request_plane
    first last      int64[n]   ns since 1970, or NO_TIME
    bytes           int64[n]   payload both ways
    blocked         bool[n]    nobody let it in
    outcome         per request: carried, failed, excused, unseen
    """

    flows: pa.Table
    topology: Topology
    route: Ints
    client: Coded
    proxy: Coded
    service: Coded
    plane: Coded
    host: Coded
    state: Coded
    first: Ints
    last: Ints
    bytes: Ints
    blocked: Bools
    requests: Requests
    request_service: Coded
    request_plane: Coded
    outcome: Outcome

    @property
    def asks_proxy(self) -> Bools:
        """Per request: whether a source made it (requests of proxies to their parents aren't anybody's evidence)."""
        result: Bools = self.route[self.requests.row] == PROXY
        return result

    def flow_ids(self, rows: Ints) -> list[str]:
        """The ids of these rows, in their order."""
        ids: list[str] = self._ids[rows].tolist()
        return ids

    @cached_property
    def _ids(self) -> npt.NDArray[np.object_]:
        return np.array(one_array(self.flows.column("id")).to_pylist(), dtype=object)

    @cached_property
    def request_host(self) -> Coded:
        """The hosts asked for, comparable: lower case, without the root's dot."""
        return coded(same_host(self.requests.host))

    def rows_of(self, asked: Ints) -> Ints:
        """The rows of these requests (ascending positions), each once."""
        rows = self.requests.row[asked]
        each_once: Ints = rows[np.append(True, rows[1:] != rows[:-1])[: len(rows)]]
        return each_once

    def span(self, rows: Ints) -> tuple[str | None, str | None]:
        """When these rows began and ended, as the document writes times."""
        first, last = self.first[rows], self.last[rows]
        first, last = first[first != NO_TIME], last[last != NO_TIME]
        return rfc3339(int(first.min())) if len(first) else None, rfc3339(int(last.max())) if len(last) else None

    def proxy_label(self, proxy: int) -> str:
        """The proxy's name where the topology has one, else its address."""
        address = self.proxy.values[proxy]
        return self.proxy_names[address][0] or address

    def client_label(self, client: int) -> str:
        """The source's name where the topology has one, else its address."""
        address = self.client.values[client]
        return self.topology.workstation_name(address) or address

    @cached_property
    def proxy_names(self) -> dict[str, tuple[str | None, str | None]]:
        """ip:port → (name, method), as the routes stage found them."""
        codes, at = np.unique(self.proxy.codes, return_index=True)
        rows = array(at[codes >= 0])
        columns = [values(one_array(self.flows.column(name)).take(rows)) for name in ("proxy", "proxy_name", "method")]
        return {proxy: (name, method) for proxy, name, method in zip(*columns, strict=True)}

    def finding(
        self,
        code: str,
        rows: Ints,
        text: str,
        *,
        client: int = -1,
        proxy: int = -1,
        service: int = -1,
        severity: Severity | None = None,
        confidence: Confidence = "certain",
    ) -> Finding:
        """A finding about these rows (ascending, each once), with their times and ids."""
        first, last = self.span(rows)
        return Finding(
            code,
            text,
            client_ip=self.client.text(client),
            proxy=self.proxy.text(proxy),
            service=self.service.text(service),
            severity=severity,
            confidence=confidence,
            first_seen=first,
            last_seen=last,
            flows=self.flow_ids(rows),
        )


def evidence_of(flows: pa.Table, topology: Topology) -> Evidence:
    """The evidence in a flow table whose stages are all filled. The order of its rows doesn't matter."""
    flows = in_time_order(flows)
    requests = flat_requests(flows)
    service, request_service = _with_requests(flows, requests, "service", requests.service)
    plane, request_plane = _with_requests(flows, requests, "plane", requests.plane)
    return Evidence(
        flows=flows,
        topology=topology,
        route=integers(pc.index_in(one_array(flows.column("route")), value_set=pa.array(ROUTES)), -1),
        client=coded(flows.column("client_ip")),
        proxy=coded(flows.column("proxy")),
        service=service,
        plane=plane,
        host=coded(flows.column("host")),
        state=coded(flows.column("state")),
        first=times_ns(flows.column("first_seen")),
        last=times_ns(flows.column("last_seen")),
        bytes=integers(flows.column("bytes_out"), 0) + integers(flows.column("bytes_in"), 0),
        blocked=was_blocked(flows),
        requests=requests,
        request_service=request_service,
        request_plane=request_plane,
        outcome=outcome_of(requests, bytes_both_ways(flows)),
    )


def in_time_order(flows: pa.Table) -> pa.Table:
    """The table sorted by first_seen (rows without a time last), then id, as one chunk; untouched where it is so already."""
    flows = flows.combine_chunks()
    times, ids = times_ns(flows.column("first_seen")), one_array(flows.column("id"))
    times = np.where(times == NO_TIME, np.iinfo(np.int64).max, times)
    if not np.any(times[1:] < times[:-1]):
        same_time = np.flatnonzero(times[1:] == times[:-1])
        rising = pc.less_equal(ids.take(array(same_time)), ids.take(array(same_time + 1)))
        if pc.all(rising, min_count=0).as_py():
            return flows
    return flows.take(pc.sort_indices(flows.select(["first_seen", "id"]), [("first_seen", "ascending"), ("id", "ascending")]))


def coded(column: pa.Array | pa.ChunkedArray) -> Coded:
    """A text column as numbers."""
    encoded = one_array(column).dictionary_encode()
    return Coded(integers(encoded.indices, -1), encoded.dictionary.to_pylist())


def _with_requests(flows: pa.Table, requests: Requests, name: str, own: pa.Array) -> tuple[Coded, Coded]:
    """A scalar column and the same fact per request, in one numbering.

    A request by address has no service of its own. Where it is the request that the row's scalar columns describe (the last
    CONNECT or SOCKS, the first absolute-form one), the row knows more: the name in the tunnel's ClientHello, or the Host header.
    """
    of_row = one_array(flows.column(name))
    first = np.append(True, requests.row[1:] != requests.row[:-1])[: len(requests.row)]
    described = np.where(requests.kind == ABSOLUTE, first, requests.last)
    inherited = of_row.take(array(requests.row.astype(np.int64), ~described))
    both = coded(pa.concat_arrays([of_row, pc.coalesce(own, inherited)]))
    n = flows.num_rows
    return Coded(both.codes[:n], both.values), Coded(both.codes[n:], both.values)


def grouped(positions: Ints, *keys: Ints) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """The positions with equal keys, as (their keys, they in ascending order). keys are indexed by position."""
    if not len(positions):
        return
    columns = [key[positions] for key in keys]
    order = np.lexsort((positions, *columns[::-1]))
    columns = [column[order] for column in columns]
    changes = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    values = [column[starts].tolist() for column in columns]
    ends = [*starts[1:].tolist(), len(order)]
    ordered = positions[order]
    for number, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
        yield tuple(value[number] for value in values), ordered[start:end]


def source_rows(evidence: Evidence) -> Bools:
    """Per flow: whether it makes its client a source: it went to a proxy or past them. Proxies are never sources."""
    result: Bools = (evidence.route == PROXY) | (evidence.route == DIRECT)
    return result
