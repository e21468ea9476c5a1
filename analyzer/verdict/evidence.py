"""The flow table as numbers, which the verdict counts: integers per row and request instead of Python objects.

Built once per verdict; every fact is a selection or a group of positions in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.behind import explained_clients
from analyzer.routes.captured import is_text
from analyzer.routes.direct import was_blocked
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, flat_requests, integers, one_array, same_host, times_ns
from analyzer.routes.route import DIRECT, PROXY, ROUTES, UPSTREAM
from analyzer.routes.topology import Topology
from analyzer.services.rules import is_regional
from analyzer.tables import ACTIVE_GAP_S
from analyzer.text.times import rfc3339 as rfc3339
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.outcome import Outcome, outcome_of
from analyzer.verdict.sources import SourceNames, source_names

DIRECT_OUTCOMES = ("answered", "blocked", "unknown")
ANSWERED, BLOCKED, UNKNOWN = range(3)

LONG_NS = 600 * 10**9
LONG_MOMENTS = 3
LONG_WEIGHT = 2
"""A tunnel used for more than ten minutes, with client data at three moments or more, counts as two requests in runs."""


class Coded(NamedTuple):
    """A text column as numbers: codes int64, -1 for null; values: the text of each code."""

    codes: Ints
    values: list[str]

    def text(self, code: int) -> str | None:
        return self.values[code] if code >= 0 else None


@dataclass(frozen=True)
class Evidence:
    """All flows except translated copies, sorted by first_seen and id, and their requests.

    flows           the table itself, for columns that few facts need; copies: the translated copies, which count nowhere
    names           names and addresses of the sources: a source with several addresses is one client
    route           int64[n]   index into ROUTES, -1 for null; upstream also where the client is a NAT's address, which is no source
    direct          int64[n]   index into DIRECT_OUTCOMES, -1 for flows that aren't direct
    client … state  Coded of n rows; service and plane share their numbering with request_service and request_plane
    first last      int64[n]   ns since 1970, or NO_TIME
    bytes           int64[n]   payload both ways
    hidden          bool[n]    TLS to a proxy that shows no request
    own             bool[n]    named by a rule of evidence `own`
    outcome         per request (outcome.Outcome)
    begun           int64 per request: its time, else the time its flow began; NO_TIME
    weight          int64 per request: how many it counts as in runs (eras.py)
    weak            bool per request: its service is named only by a pattern for regions that no list prints, or its host only by DNS
    """

    flows: pa.Table
    copies: pa.Table
    topology: Topology
    names: SourceNames
    route: Ints
    direct: Ints
    client: Coded
    proxy: Coded
    service: Coded
    plane: Coded
    host: Coded
    state: Coded
    first: Ints
    last: Ints
    bytes: Ints
    hidden: Bools
    own: Bools
    requests: Requests
    request_service: Coded
    request_plane: Coded
    request_own: Bools
    outcome: Outcome
    begun: Ints
    weight: Ints
    weak: Bools

    @property
    def asks_proxy(self) -> Bools:
        """Per request: whether a source made it; requests of proxies to their parents are excluded."""
        result: Bools = self.route[self.requests.row] == PROXY
        return result

    def flow_ids(self, rows: Ints) -> list[str]:
        """The ids of these rows, in their order."""
        ids: list[str] = self._ids[rows].tolist()
        return ids

    @cached_property
    def unopened(self) -> Bools:
        """bool[n]: the connection was never accepted: refused, unreachable, or unanswered although there was time for an answer."""
        return was_blocked(self.flows)

    @cached_property
    def _ids(self) -> npt.NDArray[np.object_]:
        return np.array(one_array(self.flows.column("id")).to_pylist(), dtype=object)

    @cached_property
    def pair_rows(self) -> Ints:
        """Per flow, the row of the flow whose id `pair` holds; -1 without one."""
        result: Ints = np.full(self.flows.num_rows, -1, dtype=np.int64)
        pair, ids = one_array(self.flows.column("pair")), one_array(self.flows.column("id"))
        legs = np.flatnonzero(pair.is_valid().to_numpy(zero_copy_only=False))
        if len(legs):  # few rows have one, and all ids as Python texts would take more memory than everything else here
            named = pair.take(array(legs))
            there = np.flatnonzero(pc.is_in(ids, value_set=named.unique()).to_numpy(zero_copy_only=False))
            place = integers(pc.index_in(named, value_set=ids.take(array(there))), -1)
            result[legs[place >= 0]] = there[place[place >= 0]]
        return result

    @cached_property
    def taken_over(self) -> Bools:
        """Per flow: it went past the proxies, and a transparent proxy relayed it on a connection of its own.

        Its origin leg was captured too, or that of another flow to this server was still open and plain HTTP was sent on it.
        """
        direct = self.route == DIRECT
        found = np.zeros(self.flows.num_rows, dtype=np.bool_)
        legs = np.flatnonzero((self.route == UPSTREAM) & (self.pair_rows >= 0))
        legs = legs[direct[self.pair_rows[legs]]]
        found[self.pair_rows[legs]] = True
        if len(legs):
            server = coded(self.flows.column("server_ip")).codes
            port = integers(one_array(self.flows.column("server_port")), 0)
            plain = np.flatnonzero(direct & ~found & one_array(self.flows.column("http_host")).is_valid().to_numpy(zero_copy_only=False))
            for row in plain.tolist():
                kept = (server[legs] == server[row]) & (port[legs] == port[row]) & (self.first[legs] <= self.first[row])
                found[row] = bool((kept & (self.last[legs] >= self.first[row])).any())
        return found

    @cached_property
    def request_host(self) -> Coded:
        """The requested hosts, comparable: lower case, without the final dot."""
        return coded(same_host(self.requests.host))

    def rows_of(self, asked: Ints) -> Ints:
        """The rows of these requests (ascending positions), each once."""
        rows = self.requests.row[asked]
        each_once: Ints = rows[np.append(True, rows[1:] != rows[:-1])[: len(rows)]]
        return each_once

    def span(self, rows: Ints) -> tuple[str | None, str | None]:
        """The times when these rows began and ended, as texts of the document."""
        first, last = self.first[rows], self.last[rows]
        first, last = first[first != NO_TIME], last[last != NO_TIME]
        return rfc3339(int(first.min())) if len(first) else None, rfc3339(int(last.max())) if len(last) else None

    def proxy_label(self, proxy: int) -> str:
        """The proxy's name where the topology has one, else its address."""
        address = self.proxy.values[proxy]
        return self.proxy_names[address][0] or address

    def alike(self, proxy: int) -> list[int]:
        """The codes of all addresses of this proxy: those to which the topology gives the same name and method."""
        own = self.proxy_names[self.proxy.values[proxy]]
        if own[0] is None:
            return [proxy]
        return [code for code, address in enumerate(self.proxy.values) if self.proxy_names[address] == own]

    def client_label(self, client: int) -> str:
        """The source's name where the topology has one, else its address."""
        address = self.client.values[client]
        return self.names.name(address) or address

    @property
    def blocked(self) -> Bools:
        """Per flow: whether it went past the proxies and was blocked."""
        result: Bools = self.direct == BLOCKED
        return result

    @cached_property
    def proxy_names(self) -> dict[str, tuple[str | None, str | None]]:
        """ip:port → (name, method), as the routes stage filled them."""
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
        clients: Sequence[int] | None = None,
        proxy: int = -1,
        services: Sequence[int] = (),
        severity: Severity | None = None,
        confidence: Confidence = "certain",
    ) -> Finding:
        """A finding about these rows (ascending, each once), with their times and ids.

        clients   codes of the affected sources; None: those of the rows
        services  codes; negative ones are left out
        """
        first, last = self.span(rows)
        about = occurring(self.client.codes[rows]) if clients is None else clients
        return Finding(
            code,
            text,
            client_ips=tuple(self.client.values[code] for code in about if code >= 0),
            proxy=self.proxy.text(proxy),
            services=tuple(sorted({self.service.values[code] for code in services if code >= 0})),
            severity=severity,
            confidence=confidence,
            first_seen=first,
            last_seen=last,
            flows=self.flow_ids(rows),
            planes=tuple(sorted(self.plane.values[code] for code in occurring(self.plane.codes[rows]))),
        )

    def of_whom(self, rows: Ints) -> str:
        """`WORKSTATION`, or `5 sources (A, B, C and 2 more)`: the sources of these rows."""
        labels = [self.client_label(code) for code in occurring(self.client.codes[rows])]
        return labels[0] if len(labels) == 1 else f"{counted(len(labels), 'source')} ({listed(labels)})"

    def hosts_of(self, rows: Ints) -> str:
        """` (a.example, b.example)`, the hosts of these rows; "" without any."""
        hosts = sorted({self.host.values[code] for code in occurring(self.host.codes[rows])})
        return f" ({listed(hosts)})" if hosts else ""


def evidence_of(flows: pa.Table, topology: Topology) -> Evidence:
    """The evidence in a flow table with all stages filled. The order of its rows doesn't matter."""
    everything = by_first_seen(flows)
    is_copy = one_array(everything.column("same_as")).is_valid()
    copies = everything.filter(is_copy)
    middleboxes = _middleboxes(everything, topology)
    flows = everything.filter(pc.invert(is_copy)).combine_chunks() if copies.num_rows else everything
    requests = flat_requests(flows)
    entries = pc.list_flatten(one_array(flows.column("requests")))
    service, request_service = _with_requests(flows, requests, "service", requests.service)
    plane, request_plane = _with_requests(flows, requests, "plane", requests.plane)
    kind, request_kind = _with_requests(flows, requests, "service_evidence", entries.field("service_evidence"))
    _, rule = _with_requests(flows, requests, "service_rule", entries.field("service_rule"))
    is_own = np.array([value == "own" for value in kind.values] + [False])
    regional = np.array([is_regional(value) for value in rule.values] + [False])
    addresses = coded(flows.column("client_ip"))
    names = source_names(topology, addresses.values)
    first = times_ns(flows.column("first_seen"))
    route = integers(pc.index_in(one_array(flows.column("route")), value_set=pa.array(ROUTES)), -1)
    direct = integers(pc.index_in(one_array(flows.column("direct_outcome")), value_set=pa.array(DIRECT_OUTCOMES)), -1)
    if middleboxes:
        behind = pc.is_in(one_array(flows.column("client_ip")), pa.array(middleboxes)).to_numpy(zero_copy_only=False).astype(np.bool_)
        route = np.where(behind & (route >= 0), UPSTREAM, route)
        direct = np.where(behind, -1, direct)
    return Evidence(
        flows=flows,
        copies=copies,
        topology=topology,
        names=names,
        route=route,
        direct=direct,
        client=_merged(addresses, [names.canonical(address) for address in addresses.values]),
        proxy=coded(flows.column("proxy")),
        service=service,
        plane=plane,
        host=coded(flows.column("host")),
        state=coded(flows.column("state")),
        first=first,
        last=times_ns(flows.column("last_seen")),
        bytes=integers(flows.column("bytes_out"), 0) + integers(flows.column("bytes_in"), 0),
        hidden=_true(flows, "hidden"),
        own=is_own[kind.codes],
        requests=requests,
        request_service=request_service,
        request_plane=request_plane,
        request_own=is_own[request_kind.codes],
        outcome=outcome_of(flows, requests),
        begun=np.where(requests.first_seen == NO_TIME, first[requests.row], requests.first_seen),
        weight=np.where(requests.last & _long_used(flows)[requests.row], LONG_WEIGHT, 1),
        weak=regional[rule.codes] | is_text(flows, "host_source", "dns")[requests.row],
    )


def _middleboxes(flows: pa.Table, topology: Topology) -> list[str]:
    """Addresses of NATs and transparent proxies. Other flows from these addresses belong to clients outside the capture."""
    return [address for address in explained_clients(flows) if topology.workstation_name(address) is None]


def _true(flows: pa.Table, name: str) -> Bools:
    """A bool column as a mask; null is false."""
    return np.asarray(pc.fill_null(one_array(flows.column(name)), False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _merged(codes: Coded, canonical: list[str]) -> Coded:
    """The column with the addresses of one source merged under its canonical address."""
    values = list(dict.fromkeys(canonical))
    at = {value: code for code, value in enumerate(values)}
    new = np.array([at[value] for value in canonical] + [-1], dtype=np.int64)
    return Coded(new[codes.codes], values)


def _long_used(flows: pa.Table) -> Bools:
    """Per flow: used for more than ten minutes, with client data at three moments or more.

    A stretch of packets has as many moments as gaps would fit into it.
    """
    lists = one_array(flows.column("active"))
    row, entries = integers(pc.list_parent_indices(lists), 0), pc.list_flatten(lists)
    start, end = times_ns(entries.field("start")), times_ns(entries.field("end"))
    used = (integers(entries.field("bytes_out"), 0) > 0) & (start != NO_TIME) & (end != NO_TIME)
    moments = np.bincount(row[used], 1 + (end - start)[used] // (ACTIVE_GAP_S * 10**9), minlength=flows.num_rows)
    first, last = np.full(flows.num_rows, np.iinfo(np.int64).max), np.full(flows.num_rows, np.iinfo(np.int64).min)
    np.minimum.at(first, row[used], start[used])
    np.maximum.at(last, row[used], end[used])
    known = moments >= LONG_MOMENTS
    result: Bools = known & (np.where(known, last, 0) - np.where(known, first, 0) > LONG_NS)
    return result


def by_first_seen(flows: pa.Table) -> pa.Table:
    """The table sorted by first_seen (rows without a time last), then id, as one chunk; unchanged where it is sorted already."""
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

    A request by address has no service of its own. If the row's scalar columns describe this request (the last CONNECT or SOCKS, the first
    absolute-form one), it takes the row's value, which the ClientHello in the tunnel or the Host header may have named.
    """
    of_row = one_array(flows.column(name))
    first = np.append(True, requests.row[1:] != requests.row[:-1])[: len(requests.row)]
    described = np.where(requests.kind == ABSOLUTE, first, requests.last)
    inherited = of_row.take(array(requests.row.astype(np.int64), ~described))
    both = coded(pa.concat_arrays([of_row, pc.coalesce(own, inherited)]))
    n = flows.num_rows
    return Coded(both.codes[:n], both.values), Coded(both.codes[n:], both.values)


def grouped(positions: Ints, *keys: Ints) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """The positions grouped by equal keys, as (keys, positions in ascending order). keys are indexed by position."""
    if not len(positions):
        return
    values, starts, ordered = _sorted_by(positions, keys)
    ends = [*starts[1:], len(ordered)]
    for key, start, end in zip(zip(*values, strict=True), starts, ends, strict=True):
        yield key, ordered[start:end]


def distinct(positions: Ints, *keys: Ints) -> Iterator[tuple[int, ...]]:
    """The distinct keys of the positions, in order."""
    return zip(*_sorted_by(positions, keys)[0], strict=True) if len(positions) else iter(())


def _sorted_by(positions: Ints, keys: Sequence[Ints]) -> tuple[list[list[int]], list[int], Ints]:
    """(each key of each group, the start of each group, the positions group by group); at least one position."""
    columns = [key[positions] for key in keys]
    order = np.lexsort((positions, *columns[::-1]))
    columns = [column[order] for column in columns]
    changes = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    return [column[starts].tolist() for column in columns], starts.tolist(), positions[order]


def occurring(codes: Ints) -> list[int]:
    """The distinct codes, in order, without -1."""
    found: list[int] = np.flatnonzero(np.bincount(codes[codes >= 0])).tolist()
    return found


def source_rows(evidence: Evidence) -> Bools:
    """Per flow: whether it makes its client a source: it went to a proxy or past the proxies. Proxies are never sources."""
    result: Bools = (evidence.route == PROXY) | (evidence.route == DIRECT)
    return result
