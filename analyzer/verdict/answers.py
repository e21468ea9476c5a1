"""The evidence counted: for every source, who was asked, who won and with which outcome, per service and per plane, era by era."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array as in_arrow
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, same_host
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.eras import LEAST_OF_TWO, Asked, Border, Carried, best_agreed, borders_of, failing_end
from analyzer.verdict.evidence import ANSWERED, BLOCKED, DIRECT_OUTCOMES, Evidence, grouped
from analyzer.verdict.outcome import BROKEN, CHALLENGED, UNSEEN, WORKED, answer_status
from analyzer.verdict.unread import unread_requests
from analyzer.verdict.winner import Answer, Contest, Era, Share, Turned

OUTCOME_COUNTS = {WORKED: "worked", BROKEN: "broken", UNSEEN: "unseen", CHALLENGED: "challenged"}
"""Outcomes that each have a counter of their own in a share."""


@dataclass(frozen=True)
class Answers:
    """Answers by (client code, code of the service or plane)."""

    services: dict[tuple[int, int], Answer]
    planes: dict[tuple[int, int], Answer]
    of_client: dict[int, list[int]] = field(default_factory=dict)  # client → its services' codes


def answers_of(evidence: Evidence) -> Answers:
    """All answers of the evidence."""
    columns = _Columns(evidence)
    services: dict[tuple[int, int], Answer] = {}
    planes: dict[tuple[int, int], Answer] = {}
    of_client: dict[int, list[int]] = {}
    cant_be_seen = unread_requests(evidence)
    for client, own in columns.by_client().items():
        borders = _borders(columns, own)
        for plane, part in own.planes.items():
            planes[client, plane] = _with_split(columns, part, _answer(columns, part, borders[plane]), borders[plane])
        for service, part in own.services.items():
            same = next((planes[client, plane] for plane, of_plane in own.planes.items() if of_plane == part), None)
            if same is not None and len(same.whole.shares) < 2:  # one proxy: no borders, no split
                services[client, service] = same
            else:
                services[client, service] = _answer(columns, part, _of_service(columns, part, borders))
        of_client[client] = list(own.services)
        unread = {evidence.proxy_label(proxy): n for proxy, n in cant_be_seen.get(client, {}).items() if proxy >= 0}
        if unread:
            for answer in (*(planes[client, plane] for plane in own.planes), *(services[client, service] for service in own.services)):
                for contest in (answer.whole, *(era.contest for era in answer.eras)):
                    contest.unread = unread
    return Answers(services, planes, of_client)


def no_numbers() -> array[int]:
    """An empty array of 64-bit integers."""
    return array("q")


@dataclass
class _Traffic:
    """The traffic of one service or plane: positions of requests in order of time, rows of flows to proxies, and rows of direct flows."""

    asked: array[int] = field(default_factory=no_numbers)
    rows: array[int] = field(default_factory=no_numbers)
    direct: array[int] = field(default_factory=no_numbers)


@dataclass
class _OfSource:
    """The traffic of one source."""

    services: dict[int, _Traffic] = field(default_factory=dict)
    planes: dict[int, _Traffic] = field(default_factory=dict)


def in_place(values: Ints | Bools) -> memoryview:
    """The values, indexed as Python numbers. A list takes five times as much memory, numpy itself three times as long."""
    return np.ascontiguousarray(values).data


class Times:
    """Times by position, None for NO_TIME. ns: int64, NO_TIME where there is none."""

    def __init__(self, ns: Ints) -> None:
        self._ns = in_place(ns)

    def __getitem__(self, position: int) -> int | None:
        at = self._ns[position]
        return None if at == NO_TIME else at


class _Columns:
    """The evidence's columns as Python numbers, which are counted one by one."""

    def __init__(self, evidence: Evidence) -> None:
        requests, outcome = evidence.requests, evidence.outcome
        row = requests.row
        self.evidence = evidence
        self.at = Times(evidence.begun)
        self.proxy = in_place(evidence.proxy.codes[row])
        self.service = in_place(evidence.request_service.codes)
        self.plane = in_place(evidence.request_plane.codes)
        self.host = in_place(evidence.request_host.codes)
        self.code = in_place(outcome.code)
        self.carried = in_place(outcome.carried)
        self.failed = in_place(outcome.failed)
        self.mute, self.unused = in_place(outcome.mute), in_place(outcome.unused)
        self.pages = in_place(requests.kind == ABSOLUTE)
        self.status = in_place(answer_status(requests, outcome.code))
        self.weight = in_place(evidence.weight)
        self.weak = in_place(evidence.weak | sent_elsewhere(requests))
        self.row_proxy = in_place(evidence.proxy.codes)
        self.row_first = Times(evidence.first)
        self.row_last = Times(evidence.last)
        self.row_bytes = in_place(evidence.bytes)
        self.row_lost = in_place(np.bincount(row, minlength=evidence.flows.num_rows) == 0)
        self.row_direct = in_place(evidence.direct)
        self.row_service = in_place(evidence.service.codes)
        self.row_taken_over = in_place(evidence.taken_over)
        names = evidence.proxy_names
        self.proxies = [(proxy, *names[proxy]) for proxy in evidence.proxy.values]
        # Addresses of one name are one proxy: a move between them is no change.
        self.one = [min(evidence.alike(code)) for code in range(len(self.proxies))]

    def by_client(self) -> dict[int, _OfSource]:
        """The traffic of each source; requests in order of time, those without a time first."""
        evidence = self.evidence
        client = evidence.client.codes[evidence.requests.row]
        found: dict[int, _OfSource] = {}

        def part(source: int, what: int, of_planes: bool) -> _Traffic:
            own = found.setdefault(source, _OfSource())
            return (own.planes if of_planes else own.services).setdefault(what, _Traffic())

        for of_planes, of_request, of_row in (
            (False, evidence.request_service.codes, evidence.service.codes),
            (True, evidence.request_plane.codes, evidence.plane.codes),
        ):
            asked = np.flatnonzero(evidence.asks_proxy & (of_request >= 0))
            asked = asked[np.lexsort((asked, evidence.begun[asked]))]
            together = grouped(np.arange(len(asked)), client[asked], of_request[asked])
            for (source, what), places in sorted(together, key=lambda one: int(one[1][0])):  # in the order of their first requests
                part(source, what, of_planes).asked.extend(asked[places].tolist())
            for route, name in ((PROXY, "rows"), (DIRECT, "direct")):
                rows = np.flatnonzero((evidence.route == route) & (of_row >= 0))
                for (source, what), members in grouped(rows, evidence.client.codes, of_row):
                    getattr(part(source, what, of_planes), name).extend(members.tolist())
        return found

    def what(self, position: int) -> Hashable:
        """The service of a request, else its host."""
        service = self.service[position]
        return service if service >= 0 else ("host", self.host[position])

    def carried_of(self, asked: Iterable[int]) -> list[Carried]:
        """Those of these requests that were carried and have a time."""
        return [
            Carried(at, self.one[self.proxy[position]], self.what(position), self.weight[position])
            for position in asked
            if self.carried[position] and (at := self.at[position]) is not None
        ]

    def asked_of(self, asked: Iterable[int]) -> list[Asked]:
        """Those of these requests that have a time, with their results."""
        return [
            Asked(at, self.one[self.proxy[position]], bool(self.carried[position]), bool(self.failed[position]))
            for position in asked
            if (at := self.at[position]) is not None
        ]


def sent_elsewhere(requests: Requests) -> Bools:
    """Per request: whether it was answered by a redirect to another host, which a portal may have sent instead of the host."""
    result = np.zeros(len(requests.status), dtype=np.bool_)
    at = np.flatnonzero((requests.status >= 300) & (requests.status < 400))
    if len(at):
        asked, sent = (same_host(column.take(in_arrow(at))) for column in (requests.host, requests.location))
        result[at] = pc.fill_null(pc.not_equal(asked, sent), False).to_numpy(zero_copy_only=False)
    return result


def _borders(columns: _Columns, own: _OfSource) -> dict[int, list[Border]]:
    """plane → the borders of its eras: its own, else those of another plane that its requests agree with."""
    found: dict[int, list[Border]] = {}
    of_planes: dict[int, list[Carried]] = {}

    def carried(plane: int) -> list[Carried]:
        if plane not in of_planes:
            of_planes[plane] = columns.carried_of(own.planes[plane].asked)
        return of_planes[plane]

    everything: list[Carried] | None = None
    for plane, part in own.planes.items():
        if len({columns.one[columns.proxy[position]] for position in part.asked}) < 2:
            found[plane] = []  # a source that asks only one proxy changes nothing
            continue
        several = len({one.proxy for one in carried(plane)}) > 1
        if several and everything is None:
            positions = {position for one in (*own.planes.values(), *own.services.values()) for position in one.asked}
            everything = sorted(columns.carried_of(positions), key=lambda one: one.at)
        found[plane] = borders_of(carried(plane), everything or ()) if several else []
        end = failing_end(columns.asked_of(part.asked))
        if end is not None:
            found[plane].append(end)
    sure = [borders for borders in found.values() if borders]
    if not sure:
        return found
    return {plane: borders or best_agreed(carried(plane), sure) for plane, borders in found.items()}


def _of_service(columns: _Columns, part: _Traffic, borders: dict[int, list[Border]]) -> list[Border]:
    """The borders of a service's eras: its plane's; where its hosts have no plane or several, those that its requests agree with."""
    planes = {columns.plane[position] for position in part.asked}
    if len(planes) == 1 and (plane := planes.pop()) in borders:
        return borders[plane]
    carried = columns.carried_of(part.asked)
    return borders_of(carried) or best_agreed(carried, [found for found in borders.values() if found])


def _answer(columns: _Columns, part: _Traffic, borders: Sequence[Border]) -> Answer:
    """The answer of one service or plane with these borders."""
    whole = _tally(columns, part.asked, part.rows, part.direct)
    pieces = _pieces(columns, part, borders)
    turned = _turned(columns, part)
    if len(pieces) == 1:
        return Answer((Era(whole),), whole, turned)
    eras: list[Era] = []
    for number, piece in sorted(pieces.items()):
        contest = _tally(columns, piece.asked, piece.rows, piece.direct)
        contest.one_of_many = True
        border = borders[number - 1] if number and eras else None
        eras.append(Era(contest, border and border.since, border and border.until))
    return Answer(tuple(eras), whole, turned)


def _turned(columns: _Columns, part: _Traffic) -> Turned | None:
    """When the services that went both ways turned to direct, or from it, if all of them agree; None: they didn't turn.

    A service that always goes one way, or alternates, shows no turn; nor does a single connection or request.
    """
    direct: dict[int, list[int]] = {}
    for row in part.direct:
        at, service = columns.row_first[row], columns.row_service[row]
        if at is not None and service >= 0 and columns.row_direct[row] == ANSWERED and not columns.row_taken_over[row]:
            direct.setdefault(service, []).append(at)
    if not direct:
        return None
    asked: dict[int, list[int]] = {}
    for position in part.asked:
        at, service = columns.at[position], columns.service[position]
        if at is not None and service in direct and columns.carried[position]:
            asked.setdefault(service, []).append(at)
    past = [at for service in asked for at in direct[service]]
    through = [at for own in asked.values() for at in own]
    if min(len(past), len(through)) < LEAST_OF_TWO:
        return None
    if max(through) < min(past):
        return Turned(max(through), min(past), True)
    return Turned(max(past), min(through), False) if max(past) < min(through) else None


def _pieces(columns: _Columns, part: _Traffic, borders: Sequence[Border]) -> dict[int, _Traffic]:
    """era's number → its traffic; only eras with requests. A flow belongs to the era in which it began, or to the one before."""
    if not borders:
        return {0: part}
    edges = [border.since for border in borders]

    def era(at: int | None) -> int:
        return 0 if at is None else bisect_right(edges, at)

    pieces: dict[int, _Traffic] = {}
    for position in part.asked:
        pieces.setdefault(era(columns.at[position]), _Traffic()).asked.append(position)
    if not pieces:
        return {0: part}
    for name in ("rows", "direct"):
        for row in getattr(part, name):
            wanted = era(columns.row_first[row])
            number = max((known for known in pieces if known <= wanted), default=min(pieces))
            getattr(pieces[number], name).append(row)
    return pieces


def _tally(columns: _Columns, asked: Sequence[int], rows: Sequence[int], direct: Sequence[int]) -> Contest:
    """The counts of these requests and flows."""
    contest = Contest()
    shares = contest.shares

    def share(code: int) -> Share:
        proxy, name, method = columns.proxies[code]
        if proxy not in shares:
            shares[proxy] = Share(proxy, name, method)
        return shares[proxy]

    services: dict[int, bool] = {}
    for position in asked:
        one, code, at = share(columns.proxy[position]), columns.code[position], columns.at[position]
        one.asked += 1
        if one.first_asked is None:
            one.first_asked = at
        one.saw(at, at)
        contest.outcomes[code] += 1
        contest.mute += columns.mute[position]
        contest.unused += columns.unused[position]
        name = OUTCOME_COUNTS.get(code)
        if name is not None:
            setattr(one, name, getattr(one, name) + 1)
        if columns.failed[position]:
            one.failed += 1
            contest.failures[columns.status[position]] += 1
            one.failures[columns.status[position]] += 1
        if columns.carried[position]:
            one.carried += 1
            one.pages += columns.pages[position]
        worked = code == WORKED
        contest.on_itself = contest.on_itself or (worked and not columns.weak[position])
        if code != CHALLENGED and columns.service[position] >= 0:
            services[columns.service[position]] = services.get(columns.service[position], False) or worked
        if at is not None:
            contest.first = at if contest.first is None else contest.first
            contest.last = at
    for row in rows:
        one = share(columns.row_proxy[row])
        one.bytes += columns.row_bytes[row]
        one.lost += columns.row_lost[row]
        one.saw(columns.row_first[row], columns.row_last[row])
    blocked: dict[int, bool] = {}
    for row in direct:
        outcome, service = columns.row_direct[row], columns.row_service[row]
        blocked[service] = blocked.get(service, True) and outcome == BLOCKED
        contest.direct[DIRECT_OUTCOMES[outcome] if outcome >= 0 else "unknown"] += 1
        contest.taken_over += columns.row_taken_over[row] and outcome == ANSWERED
    contest.shut = frozenset(
        columns.evidence.service.values[service] for service, shut in blocked.items() if shut and service not in services and service >= 0
    )
    contest.idle = not all(services.values())
    if not asked:
        firsts = [at for row in (*rows, *direct) if (at := columns.row_first[row]) is not None]
        contest.first, contest.last = min(firsts, default=None), max(firsts, default=None)
    return contest


def _with_split(columns: _Columns, part: _Traffic, answer: Answer, borders: Sequence[Border]) -> Answer:
    """The plane's answer, with those eras marked in which its services have different winners that are certain or likely."""
    if len(answer.whole.shares) < 2:
        return answer
    pieces = [piece for _, piece in sorted(_pieces(columns, part, borders).items())]
    for era, piece in zip(answer.eras, pieces, strict=True):
        if len(era.contest.carriers) < 2:
            continue
        by_service: dict[int, _Traffic] = {}
        for position in piece.asked:
            if columns.service[position] >= 0:
                by_service.setdefault(columns.service[position], _Traffic()).asked.append(position)
        for row in piece.rows:
            if columns.row_service[row] in by_service:
                by_service[columns.row_service[row]].rows.append(row)
        winners = set()
        for own in by_service.values():
            contest = _tally(columns, own.asked, own.rows, ())
            contest.one_of_many = era.contest.one_of_many
            if contest.winner is not None and contest.confidence != "unclear":
                winners.add(contest.winner.itself)
        era.contest.split = len(winners) > 1
    return answer
