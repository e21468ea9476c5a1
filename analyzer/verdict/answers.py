"""The evidence counted: of every source, what was asked, who won and what came of it, per service and per plane, era by era."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Requests, same_host
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.eras import Asked, Border, Carried, best_agreed, borders_of, failing_end
from analyzer.verdict.evidence import DIRECT_OUTCOMES, Evidence, grouped
from analyzer.verdict.outcome import BROKEN, CHALLENGED, UNSEEN, WORKED
from analyzer.verdict.unread import unread_requests
from analyzer.verdict.winner import Answer, Contest, Era, Share

OUTCOME_COUNTS = {WORKED: "worked", BROKEN: "broken", UNSEEN: "unseen", CHALLENGED: "challenged"}
"""Outcomes that a share counts one by one."""


@dataclass(frozen=True)
class Answers:
    """By (client code, code of the service or plane)."""

    services: dict[tuple[int, int], Answer]
    planes: dict[tuple[int, int], Answer]
    of_client: dict[int, list[int]] = field(default_factory=dict)  # client → its services' codes


def answers_of(evidence: Evidence) -> Answers:
    """Every answer that the evidence gives."""
    books = _Books(evidence)
    services: dict[tuple[int, int], Answer] = {}
    planes: dict[tuple[int, int], Answer] = {}
    of_client: dict[int, list[int]] = {}
    cant_be_seen = unread_requests(evidence)
    for client, own in books.by_client().items():
        borders = _borders(books, own)
        for plane, part in own.planes.items():
            planes[client, plane] = _with_split(books, part, _answer(books, part, borders[plane]), borders[plane])
        for service, part in own.services.items():
            same = next((planes[client, plane] for plane, of_plane in own.planes.items() if of_plane == part), None)
            if same is not None and len(same.whole.shares) < 2:  # one proxy: no borders, nothing split
                services[client, service] = same
            else:
                services[client, service] = _answer(books, part, _of_service(books, part, borders))
        of_client[client] = list(own.services)
        unread = {evidence.proxy_label(proxy): n for proxy, n in cant_be_seen.get(client, {}).items() if proxy >= 0}
        if unread:
            for answer in (*(planes[client, plane] for plane in own.planes), *(services[client, service] for service in own.services)):
                for contest in (answer.whole, *(era.contest for era in answer.eras)):
                    contest.unread = unread
    return Answers(services, planes, of_client)


@dataclass
class _Part:
    """What belongs to one service or plane: positions of requests in order of time, rows of flows to proxies, and of direct flows."""

    asked: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    direct: list[int] = field(default_factory=list)


@dataclass
class _Own:
    """What one source did."""

    services: dict[int, _Part] = field(default_factory=dict)
    planes: dict[int, _Part] = field(default_factory=dict)


class _Books:
    """The evidence as plain lists: what is counted one by one is counted fastest so."""

    def __init__(self, evidence: Evidence) -> None:
        requests, outcome = evidence.requests, evidence.outcome
        row = requests.row
        self.evidence = evidence
        self.row = row.tolist()
        self.client = evidence.client.codes[row].tolist()
        self.at = [None if at == NO_TIME else at for at in evidence.begun.tolist()]
        self.proxy = evidence.proxy.codes[row].tolist()
        self.service = evidence.request_service.codes.tolist()
        self.plane = evidence.request_plane.codes.tolist()
        self.host = evidence.request_host.codes.tolist()
        self.code = outcome.code.tolist()
        self.carried = outcome.carried.tolist()
        self.failed = outcome.failed.tolist()
        self.mute, self.unused = outcome.mute.tolist(), outcome.unused.tolist()
        self.pages = (requests.kind == ABSOLUTE).tolist()
        self.status = requests.status.tolist()
        self.weight = evidence.weight.tolist()
        self.weak = (evidence.regional | sent_elsewhere(requests)).tolist()
        self.row_proxy = evidence.proxy.codes.tolist()
        self.row_first = [None if at == NO_TIME else at for at in evidence.first.tolist()]
        self.row_last = [None if at == NO_TIME else at for at in evidence.last.tolist()]
        self.row_bytes = evidence.bytes.tolist()
        self.row_lost = (np.bincount(row, minlength=evidence.flows.num_rows) == 0).tolist()
        self.row_direct = [DIRECT_OUTCOMES[code] if code >= 0 else None for code in evidence.direct.tolist()]
        self.row_service = evidence.service.codes.tolist()
        names = evidence.proxy_names
        self.proxies = [(proxy, *names[proxy]) for proxy in evidence.proxy.values]
        # Addresses of one name are one proxy: from one of them to another nothing changes.
        self.one = [min(evidence.alike(code)) for code in range(len(self.proxies))]

    def by_client(self) -> dict[int, _Own]:
        """What each source did; requests in order of time, those without a time first."""
        evidence = self.evidence
        found: dict[int, _Own] = {}

        def part(client: int, what: int, of_planes: bool) -> _Part:
            own = found.setdefault(client, _Own())
            return (own.planes if of_planes else own.services).setdefault(what, _Part())

        for of_planes, of_request, of_row in (
            (False, evidence.request_service.codes, evidence.service.codes),
            (True, evidence.request_plane.codes, evidence.plane.codes),
        ):
            asked = np.flatnonzero(evidence.asks_proxy & (of_request >= 0))
            asked = asked[np.lexsort((asked, evidence.begun[asked]))]
            for position, what in zip(asked.tolist(), of_request[asked].tolist(), strict=True):
                part(self.client[position], what, of_planes).asked.append(position)
            for route, name in ((PROXY, "rows"), (DIRECT, "direct")):
                rows = np.flatnonzero((evidence.route == route) & (of_row >= 0))
                for (client, what), members in grouped(rows, evidence.client.codes, of_row):
                    getattr(part(client, what, of_planes), name).extend(members.tolist())
        return found

    def what(self, position: int) -> Hashable:
        """What a request was for: its service, else its host."""
        service = self.service[position]
        return service if service >= 0 else ("host", self.host[position])

    def carried_of(self, asked: Iterable[int]) -> list[Carried]:
        """The carried ones of these requests, with a time."""
        return [
            Carried(at, self.one[self.proxy[position]], self.what(position), self.weight[position])
            for position in asked
            if self.carried[position] and (at := self.at[position]) is not None
        ]

    def asked_of(self, asked: Iterable[int]) -> list[Asked]:
        """These requests with what came of them, where their time is known."""
        return [
            Asked(at, self.one[self.proxy[position]], self.carried[position], self.failed[position])
            for position in asked
            if (at := self.at[position]) is not None
        ]


def sent_elsewhere(requests: Requests) -> Bools:
    """Per request: answered by a redirect to another host than the one asked for, which a portal may have sent as well as the host."""
    result = np.zeros(len(requests.status), dtype=np.bool_)
    at = np.flatnonzero((requests.status >= 300) & (requests.status < 400))
    if len(at):
        asked, sent = (same_host(column.take(array(at))) for column in (requests.host, requests.location))
        result[at] = pc.fill_null(pc.not_equal(asked, sent), False).to_numpy(zero_copy_only=False)
    return result


def _borders(books: _Books, own: _Own) -> dict[int, list[Border]]:
    """plane → where its eras meet: its own borders, else those of another plane that its requests agree with."""
    found: dict[int, list[Border]] = {}
    carried = {plane: books.carried_of(part.asked) for plane, part in own.planes.items()}
    everything: list[Carried] | None = None
    for plane, part in own.planes.items():
        if len({books.one[books.proxy[position]] for position in part.asked}) < 2:
            found[plane] = []  # who asks one proxy only changes nothing
            continue
        several = len({one.proxy for one in carried[plane]}) > 1
        if several and everything is None:
            positions = {position for one in (*own.planes.values(), *own.services.values()) for position in one.asked}
            everything = sorted(books.carried_of(positions), key=lambda one: one.at)
        found[plane] = borders_of(carried[plane], everything or ()) if several else []
        end = failing_end(books.asked_of(part.asked))
        if end is not None:
            found[plane].append(end)
    sure = [borders for borders in found.values() if borders]
    if not sure:
        return found
    return {plane: borders or best_agreed(carried[plane], sure) for plane, borders in found.items()}


def _of_service(books: _Books, part: _Part, borders: dict[int, list[Border]]) -> list[Border]:
    """Where a service's eras meet: as its plane's; where its hosts have none or several planes, as its requests agree with."""
    planes = {books.plane[position] for position in part.asked}
    if len(planes) == 1 and (plane := planes.pop()) in borders:
        return borders[plane]
    carried = books.carried_of(part.asked)
    return borders_of(carried) or best_agreed(carried, [found for found in borders.values() if found])


def _answer(books: _Books, part: _Part, borders: Sequence[Border]) -> Answer:
    """The answer of one service or plane with these borders."""
    whole = _tally(books, part.asked, part.rows, part.direct)
    pieces = _pieces(books, part, borders)
    if len(pieces) == 1:
        return Answer((Era(whole),), whole)
    eras: list[Era] = []
    for number, piece in sorted(pieces.items()):
        contest = _tally(books, piece.asked, piece.rows, piece.direct)
        contest.one_of_many = True
        border = borders[number - 1] if number and eras else None
        eras.append(Era(contest, border and border.since, border and border.until))
    return Answer(tuple(eras), whole)


def _pieces(books: _Books, part: _Part, borders: Sequence[Border]) -> dict[int, _Part]:
    """era's number → what falls into it; only eras in which something was asked. Flows go with the era they began in, or the one before."""
    if not borders:
        return {0: part}
    edges = [border.since for border in borders]

    def era(at: int | None) -> int:
        return 0 if at is None else bisect_right(edges, at)

    pieces: dict[int, _Part] = {}
    for position in part.asked:
        pieces.setdefault(era(books.at[position]), _Part()).asked.append(position)
    if not pieces:
        return {0: part}
    for name in ("rows", "direct"):
        for row in getattr(part, name):
            wanted = era(books.row_first[row])
            number = max((known for known in pieces if known <= wanted), default=min(pieces))
            getattr(pieces[number], name).append(row)
    return pieces


def _tally(books: _Books, asked: Sequence[int], rows: Sequence[int], direct: Sequence[int]) -> Contest:
    """Everything counted."""
    contest = Contest()
    shares = contest.shares

    def share(code: int) -> Share:
        proxy, name, method = books.proxies[code]
        if proxy not in shares:
            shares[proxy] = Share(proxy, name, method)
        return shares[proxy]

    services: dict[int, list[int]] = {}
    for position in asked:
        one, code, at = share(books.proxy[position]), books.code[position], books.at[position]
        one.asked += 1
        if one.first_asked is None:
            one.first_asked = at
        one.saw(at, at)
        contest.outcomes[code] += 1
        contest.mute += books.mute[position]
        contest.unused += books.unused[position]
        name = OUTCOME_COUNTS.get(code)
        if name is not None:
            setattr(one, name, getattr(one, name) + 1)
        if books.failed[position]:
            one.failed += 1
            contest.failures[books.status[position]] += 1
        if books.carried[position]:
            one.carried += 1
            one.pages += books.pages[position]
        worked = code == WORKED
        contest.on_itself = contest.on_itself or (worked and not books.weak[position])
        if code != CHALLENGED and books.service[position] >= 0:
            services.setdefault(books.service[position], []).append(worked)
        if at is not None:
            contest.first = at if contest.first is None else contest.first
            contest.last = at
    for row in rows:
        one = share(books.row_proxy[row])
        one.bytes += books.row_bytes[row]
        one.lost += books.row_lost[row]
        one.saw(books.row_first[row], books.row_last[row])
    for row in direct:
        contest.direct[books.row_direct[row] or "unknown"] += 1
    contest.idle = any(not any(worked) for worked in services.values())
    if not asked:
        firsts = [at for row in (*rows, *direct) if (at := books.row_first[row]) is not None]
        contest.first, contest.last = min(firsts, default=None), max(firsts, default=None)
    return contest


def _with_split(books: _Books, part: _Part, answer: Answer, borders: Sequence[Border]) -> Answer:
    """The plane's answer, its eras marked in which its services have different winners that are certain or likely."""
    if len(answer.whole.shares) < 2:
        return answer
    pieces = [piece for _, piece in sorted(_pieces(books, part, borders).items())]
    for era, piece in zip(answer.eras, pieces, strict=True):
        if len(era.contest.carriers) < 2:
            continue
        by_service: dict[int, _Part] = {}
        for position in piece.asked:
            if books.service[position] >= 0:
                by_service.setdefault(books.service[position], _Part()).asked.append(position)
        for row in piece.rows:
            if books.row_service[row] in by_service:
                by_service[books.row_service[row]].rows.append(row)
        winners = set()
        for own in by_service.values():
            contest = _tally(books, own.asked, own.rows, ())
            contest.one_of_many = era.contest.one_of_many
            if contest.winner is not None and contest.confidence != "unclear":
                winners.add(contest.winner.itself)
        era.contest.split = len(winners) > 1
    return answer
