"""One gateway's day: sources, proxies, services and their outcomes, judged from its rows as in a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.fleet.partitions import Partition
from analyzer.routes.requests import NO_TIME, Bools, Ints, one_array
from analyzer.routes.route import DIRECT, PROXY, route_flows
from analyzer.routes.topology import Topology
from analyzer.row_files import read_rows
from analyzer.services.catalogue import Catalogue
from analyzer.services.tag import tag_flows
from analyzer.text.times import rows as rows_of
from analyzer.text.times import span_of
from analyzer.verdict.answers import answers_of
from analyzer.verdict.evidence import ANSWERED, BLOCKED, Evidence, evidence_of, grouped
from analyzer.verdict.outcome import BROKEN, CHALLENGED, WORKED
from analyzer.verdict.seen import defender_seen
from analyzer.verdict.sources import source_names
from analyzer.verdict.winner import Answer, Contest

COLUMNS: Final = (
    "id", "protocol", "client_ip", "server_ip", "server_port", "first_seen", "last_seen", "bytes_out", "bytes_in", "packets_out", "state",
    "route", "direct_outcome", "same_as", "proxy", "proxy_name", "method", "requests", "http_host", "http_path", "http_via",
    "client_hello_at", "host", "host_source", "service", "service_group", "service_rule", "service_evidence", "plane", "pair", "hidden",
    "active",
)  # fmt: skip
"""The columns that a day needs; a fifth of a row's size."""

BRIEF: Final = ("id", "client_ip", "server_ip", "first_seen", "last_seen", "route", "direct_outcome", "same_as")

NO_SERVICE: Final = ""
"""The service of traffic past the proxies that has no service."""


Window = tuple[int | None, int | None]
"""[start, end) in ns since 1970; None: open."""


@dataclass(slots=True)
class Run:
    """Consecutive requests of one service or plane of one source, with their outcomes; times in ns since 1970, None: unknown.

    proxy      the winner, None: none;  asked: the proxy that was asked, None: no request was seen
    requests   number without challenged ones;  worked, carried (with broken ones), failed: numbers of them;  won: carried by the winner
    """

    proxy: str | None
    name: str | None
    method: str | None
    asked: str | None
    first: int | None
    last: int | None
    requests: int
    worked: int
    carried: int
    won: int
    failed: int
    broken: int
    outcome: str | None


@dataclass(slots=True)
class Stretch(Run):
    """A part of a day with one answer."""

    confidence: str | None


class Heard(NamedTuple):
    """A service or plane of a source on one day: first and last packet, ns since 1970, and its stretches in order of time."""

    first: int | None
    last: int | None
    stretches: tuple[Stretch, ...]


class SourceDay(NamedTuple):
    """A source on one day. defender: seen, hidden or not-seen, as in the verdict."""

    name: str | None
    defender: str
    first: int | None
    last: int | None


class ProxyDay(NamedTuple):
    """A proxy on one day: numbers of its requests and of the failed ones, and the sources that sent them."""

    name: str | None
    method: str | None
    requests: int
    failed: int
    sources: tuple[str, ...]
    first: int | None
    last: int | None


class Past(NamedTuple):
    """A source's traffic past the proxies on one day, for one service or for none: number of flows, number of servers.

    kind   allowed or blocked;  ids: a few of the flows
    """

    kind: str
    client: str
    service: str
    flows: int
    servers: int
    first: int | None
    last: int | None
    ids: tuple[str, ...]


@dataclass
class Day:
    """One gateway's day.

    rows, size   number of rows in the window, bytes of the files;  forms: form → number of files
    first last   of all rows, ns since 1970; None: no row has a time
    began        first and last begin of all conversations, also outside the window; None: one has no time, or there is none
    whole        whether all rows are in the window
    services, planes   (client_ip, slug or plane) → its day; plane_of: slug → its plane
    """

    gateway: str
    date: str | None
    rows: int = 0
    size: int = 0
    forms: dict[int, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    began: tuple[int, int] | None = None
    whole: bool = True
    sources: dict[str, SourceDay] = field(default_factory=dict)
    services: dict[tuple[str, str], Heard] = field(default_factory=dict)
    planes: dict[tuple[str, str], Heard] = field(default_factory=dict)
    plane_of: dict[str, str | None] = field(default_factory=dict)
    proxies: dict[str, ProxyDay] = field(default_factory=dict)
    past: list[Past] = field(default_factory=list)

    @cached_property
    def heard(self) -> set[str]:
        """The sources that used a service or plane."""
        return {client for client, _ in (*self.services, *self.planes)}

    def is_within(self, window: Window) -> bool:
        """Whether all conversations of the day began in the window."""
        start, end = window
        if start is None and end is None:
            return True
        if self.began is None:
            return False
        return (start is None or start <= self.began[0]) and (end is None or self.began[1] < end)


def read_day(partition: Partition, topology: Topology, catalogue: Catalogue, window: Window = (None, None)) -> Day:
    """The day that the partition's rows show.

    topology  names of sources and proxies; a proxy that it doesn't have keeps the name in its rows
    window    only rows that began in [start, end), ns since 1970
    Errors    Unusable: a file can't be read, or is of a newer version
    """
    day = Day(partition.gateway, partition.date)
    tables, others = [], []
    began: list[tuple[int, int] | None] = []
    for path in partition.files:
        found = read_rows(path, COLUMNS)
        rows = found.table
        if not found.judged:
            rows = tag_flows(route_flows(read_rows(path).table, topology), catalogue).select(COLUMNS)
        began += [_began(rows)] if rows.num_rows else []
        rows, n_all = _within(rows, window), rows.num_rows
        day.whole &= rows.num_rows == n_all
        relevant = array(_is_relevant(rows))
        tables.append(rows.filter(relevant))
        others.append(_in_brief(rows.filter(pc.invert(relevant))))
        day.size += path.stat().st_size
        day.forms[found.form] = day.forms.get(found.form, 0) + 1
    spans = [one for one in began if one is not None]
    if spans and len(spans) == len(began):
        day.began = min(first for first, _ in spans), max(last for _, last in spans)
    table, rest = _each_once(pa.concat_tables(tables)), _each_once(pa.concat_tables(others))
    day.rows = table.num_rows + rest.num_rows
    seen = [span_of(each["first_seen"], each["last_seen"]) for each in (table, rest)]
    day.first = min((first for first, _ in seen if first is not None), default=None)
    day.last = max((last for _, last in seen if last is not None), default=None)
    if day.rows:
        _fill(day, table, rest, topology)
    return day


def _in_brief(rows: pa.Table) -> pa.Table:
    """The columns that are counted of irrelevant rows, a thirtieth of a row's size. asks: whether the row has a request."""
    asks = pc.greater(pc.fill_null(pc.list_value_length(rows["requests"]), 0), 0)
    return rows.select(BRIEF).append_column("asks", asks)


def _began(rows: pa.Table) -> tuple[int, int] | None:
    """(first, last) begin of the rows' conversations, ns since 1970; None: one has no time, or there is none."""
    times = rows["first_seen"]
    if times.null_count or not len(times):
        return None
    return pc.min(times).cast(pa.int64()).as_py(), pc.max(times).cast(pa.int64()).as_py()


def _within(rows: pa.Table, window: Window) -> pa.Table:
    for bound, keep in zip(window, (pc.greater_equal, pc.less), strict=True):
        if bound is not None:
            rows = rows.filter(keep(pc.cast(rows["first_seen"], pa.int64()), bound))
    return rows


def _each_once(rows: pa.Table) -> pa.Table:
    """One row per conversation, the latest: a folder that was copied while a job wrote may have an old and a new row of one."""
    ids = one_array(rows["id"])
    if len(pc.unique(ids)) == len(ids):
        return rows
    last = pc.fill_null(pc.cast(one_array(rows["last_seen"]), pa.int64()), 0)
    order = pc.sort_indices(pa.table({"id": ids, "last": last}), [("id", "ascending"), ("last", "descending")])
    ordered = ids.take(order)
    first = np.append(True, np.asarray(pc.not_equal(ordered[1:], ordered[:-1])))
    return rows.take(order.filter(array(first)))


def _fill(day: Day, table: pa.Table, others: pa.Table, topology: Topology) -> None:
    evidence = evidence_of(table.combine_chunks(), topology)
    answers = answers_of(evidence)
    client, service, plane = evidence.client.values, evidence.service.values, evidence.plane.values
    day.services = {(client[c], service[s]): _heard(answer, topology) for (c, s), answer in answers.services.items()}
    day.planes = {(client[c], plane[p]): _heard(answer, topology) for (c, p), answer in answers.planes.items()}
    day.plane_of = _planes_of(evidence)
    day.sources = _sources(evidence) | _sources_without_service(others, evidence)
    day.proxies = _proxies(evidence, topology)
    day.past = [*_past(evidence), *_past_without_service(others.filter(pc.fill_null(pc.equal(others["route"], "direct"), False)))]


def _is_relevant(table: pa.Table) -> Bools:
    """bool[n]: the row or one of its requests has a service or plane; or its service is hidden; or it is the upstream leg of a pair.

    On a full link most rows are irrelevant: they show that a source is present, but not which proxy carries Defender.
    """
    found = np.zeros(table.num_rows, np.bool_)
    for name in ("service", "plane"):
        found |= np.asarray(one_array(table[name]).is_valid())
    found |= np.asarray(pc.fill_null(one_array(table["hidden"]), False))
    found |= np.asarray(pc.and_(pc.fill_null(pc.equal(one_array(table["route"]), "upstream"), False), one_array(table["pair"]).is_valid()))
    requests = one_array(table["requests"])
    inside = pc.list_flatten(requests)
    asked = np.asarray(inside.field("service").is_valid()) | np.asarray(inside.field("plane").is_valid())
    found[np.asarray(pc.list_parent_indices(requests))[asked]] = True
    return found


def _sources_without_service(rows: pa.Table, evidence: Evidence) -> dict[str, SourceDay]:
    """Sources that requested only other hosts from proxies: present, but without traffic of Defender."""
    asked = rows.filter(pc.and_(rows["asks"], pc.fill_null(pc.equal(rows["route"], "proxy"), False)))
    times = {name: pc.cast(asked[f"{name}_seen"], pa.int64()) for name in ("first", "last")}
    spans: Any = pa.table({"client": asked["client_ip"], **times}).group_by("client").aggregate([("first", "min"), ("last", "max")])
    names = source_names(evidence.topology, spans["client"].to_pylist())
    known = set(evidence.client.values)
    found: dict[str, SourceDay] = {}
    for one in rows_of(spans):
        client = names.canonical(one["client"])
        if client not in known and one["first_min"] is not None:
            before = found.get(client)
            first, last = one["first_min"], one["last_max"]
            if before is not None and before.first is not None and before.last is not None:
                first, last = min(first, before.first), max(last, before.last)
            found[client] = SourceDay(names.name(client), "not-seen", first, last)
    return found


def _heard(answer: Answer, topology: Topology) -> Heard:
    shares = answer.whole.shares.values()
    firsts = [at for at in (answer.whole.first, *(share.first for share in shares)) if at is not None]
    lasts = [at for at in (answer.whole.last, *(share.last for share in shares)) if at is not None]
    return Heard(min(firsts, default=None), max(lasts, default=None), tuple(_stretch(era.contest, topology) for era in answer.eras))


def _stretch(contest: Contest, topology: Topology) -> Stretch:
    winner = contest.winner
    name, method = (None, None) if winner is None else called(winner.proxy, winner.name, winner.method, topology)
    return Stretch(
        proxy=None if winner is None else winner.proxy,
        name=name,
        method=method,
        asked=None if contest.asked is None else contest.asked.proxy,
        first=contest.first,
        last=contest.last,
        requests=contest.n_requests - contest.outcomes[CHALLENGED],
        worked=contest.outcomes[WORKED],
        carried=sum(share.carried for share in contest.shares.values()),
        won=0 if winner is None else winner.carried,
        failed=sum(share.failed for share in contest.shares.values()),
        broken=contest.outcomes[BROKEN],
        outcome=contest.outcome,
        confidence=contest.confidence,
    )


def called(proxy: str, name: str | None, method: str | None, topology: Topology) -> tuple[str | None, str | None]:
    """(name, method) of a proxy (ip:port): the topology's if it has the proxy, else those of its rows."""
    ip, _, port = proxy.rpartition(":")
    entry = topology.proxy_at(ip.strip("[]"), int(port)) if topology.proxies and port.isdigit() else None
    return (name, method) if entry is None else (entry.name, entry.method)


def _planes_of(evidence: Evidence) -> dict[str, str | None]:
    """slug → the one plane of its hosts; None: they have none or several."""
    found: dict[str, set[str]] = {}
    for codes, planes in ((evidence.service, evidence.plane), (evidence.request_service, evidence.request_plane)):
        named = np.flatnonzero(codes.codes >= 0)
        for (code, plane), _ in grouped(named, codes.codes, planes.codes):
            found.setdefault(codes.values[code], set()).update([planes.values[plane]] if plane >= 0 else [])
    return {slug: next(iter(planes)) if len(planes) == 1 else None for slug, planes in found.items()}


def _sources(evidence: Evidence) -> dict[str, SourceDay]:
    seen = defender_seen(evidence)
    rows = np.flatnonzero((evidence.route == PROXY) | (evidence.route == DIRECT))
    found = {}
    for (client,), mine in grouped(rows, evidence.client.codes):
        ip = evidence.client.values[client]
        found[ip] = SourceDay(evidence.names.name(ip), seen.get(client, "not-seen"), *_span(evidence, mine))
    return found


def _span(evidence: Evidence, rows: Ints) -> tuple[int | None, int | None]:
    first, last = evidence.first[rows], evidence.last[rows]
    first, last = first[first != NO_TIME], last[last != NO_TIME]
    return int(first.min()) if len(first) else None, int(last.max()) if len(last) else None


def _proxies(evidence: Evidence, topology: Topology) -> dict[str, ProxyDay]:
    """Address → day of each proxy that received a request."""
    row, codes = evidence.requests.row, evidence.proxy.codes
    asked = np.flatnonzero(evidence.asks_proxy & (codes[row] >= 0))
    found = {}
    for (code,), positions in grouped(asked, codes[row]):
        rows = evidence.rows_of(positions)
        proxy = evidence.proxy.values[code]
        name, method = called(proxy, *evidence.proxy_names[proxy], topology)
        sources = tuple(sorted(evidence.client.values[one] for one in np.unique(evidence.client.codes[rows]).tolist()))
        failed = int(evidence.outcome.failed[positions].sum())
        found[proxy] = ProxyDay(name, method, len(positions), failed, sources, *_span(evidence, rows))
    return found


FLOWS_KEPT: Final = 3
"""Maximum of flows that are named for a source's traffic past the proxies on a day."""


def _past(evidence: Evidence) -> Iterable[Past]:
    """The answered and blocked traffic of services past the proxies."""
    named = np.flatnonzero((evidence.route == DIRECT) & (evidence.service.codes >= 0) & ~evidence.taken_over & (evidence.direct >= 0))
    server = one_array(evidence.flows["server_ip"])
    kinds = {ANSWERED: "allowed", BLOCKED: "blocked"}
    for (client, service, outcome), rows in grouped(named, evidence.client.codes, evidence.service.codes, evidence.direct):
        if outcome in kinds:
            servers = len(pc.unique(server.take(array(rows))))
            first, last = _span(evidence, rows)
            ids = tuple(evidence.flow_ids(rows[:FLOWS_KEPT]))
            yield Past(
                kinds[outcome], evidence.client.values[client], evidence.service.values[service], len(rows), servers, first, last, ids
            )


def _past_without_service(rows: pa.Table) -> Iterable[Past]:
    """The answered traffic past the proxies without a service, one entry per source."""
    answered = rows.filter(pc.and_(pc.equal(rows["direct_outcome"], "answered"), pc.is_null(rows["same_as"])))
    if not answered.num_rows:
        return
    numbers = pa.table(
        {
            "client": answered["client_ip"],
            "server": answered["server_ip"],
            "first": pc.cast(answered["first_seen"], pa.int64()),
            "last": pc.cast(answered["last_seen"], pa.int64()),
            "id": answered["id"],
        }
    )
    by_client: Any = numbers.group_by("client").aggregate(
        [("id", "count"), ("server", "count_distinct"), ("first", "min"), ("last", "max"), ("id", "min")]
    )
    for one in rows_of(by_client):
        yield Past(
            "allowed", one["client"], NO_SERVICE, one["id_count"], one["server_count_distinct"], one["first_min"], one["last_max"],
            (one["id_min"],),
        )  # fmt: skip
