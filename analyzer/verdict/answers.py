"""The evidence counted: for every source, who was asked, who won and with which outcome, per service and per plane, era by era."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.routes.requests import NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.eras import LEAST_OF_TWO, Asked, Border, Carried, best_agreed, borders_of, failing_end
from analyzer.verdict.evidence import ANSWERED, Evidence, grouped
from analyzer.verdict.tally import Tally, Traffic
from analyzer.verdict.unread import unread_requests
from analyzer.verdict.winner import Answer, Contest, Era, Turned

Key = tuple[int, int]
"""(client code, code of the service or plane)."""


@dataclass(frozen=True)
class Answers:
    """Answers by (client code, code of the service or plane)."""

    services: dict[tuple[int, int], Answer]
    planes: dict[tuple[int, int], Answer]
    of_client: dict[int, list[int]] = field(default_factory=dict)  # client → its services' codes


def answers_of(evidence: Evidence) -> Answers:
    """All answers of the evidence."""
    columns, tally = _Columns(evidence), Tally(evidence)
    sources = columns.by_client()
    borders = {client: _borders(columns, own) for client, own in sources.items()}
    planes = _answers(
        columns,
        tally,
        {(client, plane): (part, borders[client][plane]) for client, own in sources.items() for plane, part in own.planes.items()},
    )
    for client, own in sources.items():
        for plane, part in own.planes.items():
            _mark_split(columns, tally, part, planes[client, plane], borders[client][plane])
    services: dict[Key, Answer | None] = {}
    for client, own in sources.items():
        for service, part in own.services.items():
            same = next((planes[client, plane] for plane, of_plane in own.planes.items() if of_plane == part), None)
            services[client, service] = same if same is not None and len(same.whole.shares) < 2 else None  # one proxy: no borders, no split
    wanted = [key for key, same in services.items() if same is None]
    parts = {(client, service): sources[client].services[service] for client, service in wanted}
    found = _answers(columns, tally, {key: (part, _of_service(columns, part, borders[key[0]])) for key, part in parts.items()})
    answers = Answers(
        {key: found[key] if same is None else same for key, same in services.items()},
        planes,
        {client: list(own.services) for client, own in sources.items()},
    )
    _note_unread(evidence, sources, answers)
    return answers


def _answers(columns: _Columns, tally: Tally, wanted: Mapping[Key, tuple[Traffic, Sequence[Border]]]) -> dict[Key, Answer]:
    """The answer of each service or plane with its borders."""
    eras = [sorted(_pieces(columns, part, borders).items()) for part, borders in wanted.values()]
    whole = tally.contests([part for part, _ in wanted.values()])
    pieces = iter(tally.contests([piece for own in eras if len(own) > 1 for _, piece in own]))
    return {
        key: Answer(_eras(own, pieces, borders) if len(own) > 1 else (Era(contest),), contest, _turned(columns, part))
        for (key, (part, borders)), own, contest in zip(wanted.items(), eras, whole, strict=True)
    }


def _eras(own: Sequence[tuple[int, Traffic]], contests: Iterator[Contest], borders: Sequence[Border]) -> tuple[Era, ...]:
    """The eras of these numbers, with the next contests."""
    eras: list[Era] = []
    for (number, _), contest in zip(own, contests, strict=False):
        contest.one_of_many = True
        border = borders[number - 1] if number and eras else None
        eras.append(Era(contest, border and border.since, border and border.until))
    return tuple(eras)


def _note_unread(evidence: Evidence, sources: Mapping[int, _OfSource], answers: Answers) -> None:
    """Note at each source's contests which of its requests can't be read."""
    for client, counts in unread_requests(evidence).items():
        unread = {evidence.proxy_label(proxy): n for proxy, n in counts.items() if proxy >= 0}
        own = sources.get(client)
        if not unread or own is None:
            continue
        for answer in (*(answers.planes[client, plane] for plane in own.planes), *(answers.services[client, one] for one in own.services)):
            for contest in (answer.whole, *(era.contest for era in answer.eras)):
                contest.unread = unread


@dataclass
class _OfSource:
    """The traffic of one source."""

    services: dict[int, Traffic] = field(default_factory=dict)
    planes: dict[int, Traffic] = field(default_factory=dict)


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
        self.carried = in_place(outcome.carried)
        self.failed = in_place(outcome.failed)
        self.weight = in_place(evidence.weight)
        self.row_first = Times(evidence.first)
        self.row_direct = in_place(evidence.direct)
        self.row_service = in_place(evidence.service.codes)
        self.row_taken_over = in_place(evidence.taken_over)
        # Addresses of one name are one proxy: a move between them is no change.
        self.one = [min(evidence.alike(code)) for code in range(len(evidence.proxy.values))]

    def by_client(self) -> dict[int, _OfSource]:
        """The traffic of each source; requests in order of time, those without a time first."""
        evidence = self.evidence
        client = evidence.client.codes[evidence.requests.row]
        found: dict[int, _OfSource] = {}

        def part(source: int, what: int, of_planes: bool) -> Traffic:
            own = found.setdefault(source, _OfSource())
            return (own.planes if of_planes else own.services).setdefault(what, Traffic())

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


def _of_service(columns: _Columns, part: Traffic, borders: dict[int, list[Border]]) -> list[Border]:
    """The borders of a service's eras: its plane's; where its hosts have no plane or several, those that its requests agree with."""
    planes = {columns.plane[position] for position in part.asked}
    if len(planes) == 1 and (plane := planes.pop()) in borders:
        return borders[plane]
    carried = columns.carried_of(part.asked)
    return borders_of(carried) or best_agreed(carried, [found for found in borders.values() if found])


def _turned(columns: _Columns, part: Traffic) -> Turned | None:
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


def _pieces(columns: _Columns, part: Traffic, borders: Sequence[Border]) -> dict[int, Traffic]:
    """era's number → its traffic; only eras with requests. A flow belongs to the era in which it began, or to the one before."""
    if not borders:
        return {0: part}
    edges = [border.since for border in borders]

    def era(at: int | None) -> int:
        return 0 if at is None else bisect_right(edges, at)

    pieces: dict[int, Traffic] = {}
    for position in part.asked:
        pieces.setdefault(era(columns.at[position]), Traffic()).asked.append(position)
    if not pieces:
        return {0: part}
    for name in ("rows", "direct"):
        for row in getattr(part, name):
            wanted = era(columns.row_first[row])
            number = max((known for known in pieces if known <= wanted), default=min(pieces))
            getattr(pieces[number], name).append(row)
    return pieces


def _mark_split(columns: _Columns, tally: Tally, part: Traffic, answer: Answer, borders: Sequence[Border]) -> None:
    """Mark the eras of a plane in which its services have different winners that are certain or likely."""
    if len(answer.whole.shares) < 2:
        return
    pieces = [piece for _, piece in sorted(_pieces(columns, part, borders).items())]
    for era, piece in zip(answer.eras, pieces, strict=True):
        if len(era.contest.carriers) < 2:
            continue
        by_service: dict[int, Traffic] = {}
        for position in piece.asked:
            if columns.service[position] >= 0:
                by_service.setdefault(columns.service[position], Traffic()).asked.append(position)
        for row in piece.rows:
            if columns.row_service[row] in by_service:
                by_service[columns.row_service[row]].rows.append(row)
        winners = set()
        for contest in tally.contests(list(by_service.values())):
            contest.one_of_many = era.contest.one_of_many
            if contest.winner is not None and contest.confidence != "unclear":
                winners.add(contest.winner.itself)
        era.contest.split = len(winners) > 1
