"""Contests counted: the requests and flows of many services and planes in one pass over the evidence's columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array as in_arrow
from analyzer.routes.numbers import numbered
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, same_host
from analyzer.verdict.amounts import NEVER, ends_of
from analyzer.verdict.columns import torn
from analyzer.verdict.evidence import ANSWERED, BLOCKED, DIRECT_OUTCOMES, UNKNOWN, Evidence
from analyzer.verdict.outcome import BROKEN, CHALLENGED, UNSEEN, WORKED, answer_status
from analyzer.verdict.winner import Contest, Share


def no_numbers() -> array[int]:
    """An empty array of 64-bit integers."""
    return array("q")


@dataclass
class Traffic:
    """The traffic of one service or plane: positions of requests in order of time, rows of flows to proxies, and rows of direct flows."""

    asked: array[int] = field(default_factory=no_numbers)
    rows: array[int] = field(default_factory=no_numbers)
    direct: array[int] = field(default_factory=no_numbers)


class Tally:
    """The evidence's columns that are counted."""

    def __init__(self, evidence: Evidence) -> None:
        requests = evidence.requests
        self._evidence = evidence
        self._proxy = evidence.proxy.codes[requests.row]
        self._pages = requests.kind == ABSOLUTE
        self._status = answer_status(requests, evidence.outcome.code)
        self._weak = evidence.weak | sent_elsewhere(requests)
        self._lost = np.bincount(requests.row, minlength=evidence.flows.num_rows) == 0
        names = evidence.proxy_names
        self.proxies = [(proxy, *names[proxy]) for proxy in evidence.proxy.values]

    def contests(self, parts: Sequence[Traffic]) -> list[Contest]:
        """The contest of each part."""
        contests = [Contest() for _ in parts]
        asked, of_asked = _joined([part.asked for part in parts])
        rows, of_row = _joined([part.rows for part in parts])
        direct, of_direct = _joined([part.direct for part in parts])
        self._count_shares(contests, asked, of_asked, rows, of_row)
        self._count_requests(contests, asked, of_asked)
        self._count_direct(contests, direct, of_direct, self._count_services(contests, asked, of_asked))
        self._note_times(contests, (asked, of_asked), (np.concatenate([rows, direct]), np.concatenate([of_row, of_direct])))
        return contests

    def _count_shares(self, contests: list[Contest], asked: Ints, of_asked: Ints, rows: Ints, of_row: Ints) -> None:
        """Fill each contest's shares, in the order in which its requests and then its flows went to them."""
        evidence, outcome = self._evidence, self._evidence.outcome
        proxies = np.concatenate([self._proxy[asked], evidence.proxy.codes[rows]])
        heads, place = pairs_of(np.concatenate([of_asked, of_row]), proxies)
        n, (to, by) = len(heads), np.split(place, [len(asked)])
        begun, code, carried, failed = evidence.begun[asked], outcome.code[asked], outcome.carried[asked], outcome.failed[asked]
        sizes = np.zeros(n, np.int64)
        np.add.at(sizes, by, evidence.bytes[rows])
        first, last = ends_of(n, (to, begun, begun), (by, evidence.first[rows], evidence.last[rows]))
        counts = (
            np.bincount(to, minlength=n),
            *(np.bincount(to[chosen], minlength=n) for chosen in (code == WORKED, code == BROKEN, code == UNSEEN, failed)),
            *(np.bincount(to[chosen], minlength=n) for chosen in (code == CHALLENGED, carried, carried & self._pages[asked])),
            np.bincount(by[self._lost[rows]], minlength=n),
        )
        columns = [*(column.tolist() for column in (*counts, sizes)), *map(_times, (first, last, ends_of(n, (to, begun, begun))[0]))]
        shares = []
        for number, proxy, *counted in zip(
            np.concatenate([of_asked, of_row])[heads].tolist(), proxies[heads].tolist(), *columns, strict=True
        ):
            share = Share(*self.proxies[proxy], *counted)
            contests[number].shares[share.proxy] = share
            shares.append(share)
        for at, status, times in _counted(to[failed], self._status[asked[failed]]):
            shares[at].failures[status] = times

    def _count_requests(self, contests: list[Contest], asked: Ints, of_asked: Ints) -> None:
        """Count the requests by outcome, and by the status of failed ones."""
        outcome = self._evidence.outcome
        code, failed = outcome.code[asked], outcome.failed[asked]
        for number, what, times in _counted(of_asked, code):
            contests[number].outcomes[what] = times
        for number, status, times in _counted(of_asked[failed], self._status[asked[failed]]):
            contests[number].failures[status] = times
        flags = (outcome.mute[asked], outcome.unused[asked], (code == WORKED) & ~self._weak[asked])
        found = (np.bincount(of_asked[flag], minlength=len(contests)).tolist() for flag in flags)
        for contest, mute, unused, sure in zip(contests, *found, strict=True):
            contest.mute, contest.unused, contest.on_itself = mute, unused, sure > 0

    def _count_services(self, contests: list[Contest], asked: Ints, of_asked: Ints) -> set[tuple[int, int]]:
        """Mark the contests with a service of which no request worked; all (contest, service code) with requests but challenges."""
        code, service = self._evidence.outcome.code[asked], self._evidence.request_service.codes[asked]
        counts = np.flatnonzero((code != CHALLENGED) & (service >= 0))
        number, service = of_asked[counts], service[counts]
        heads, place = pairs_of(number, service)
        worked = np.bincount(place[code[counts] == WORKED], minlength=len(heads)) > 0
        pairs = list(zip(number[heads].tolist(), service[heads].tolist(), strict=True))
        for (at, _), any_worked in zip(pairs, worked.tolist(), strict=True):
            contests[at].idle = contests[at].idle or not any_worked
        return set(pairs)

    def _count_direct(self, contests: list[Contest], direct: Ints, of_direct: Ints, asked: set[tuple[int, int]]) -> None:
        """Count the direct flows. asked: (contest, service code) with requests."""
        evidence = self._evidence
        outcome, service = evidence.direct[direct], evidence.service.codes[direct]
        for number, what, times in _counted(of_direct, np.where(outcome < 0, UNKNOWN, outcome)):
            contests[number].direct[DIRECT_OUTCOMES[what]] = times
        taken_over = evidence.taken_over[direct] & (outcome == ANSWERED)
        for contest, times in zip(contests, np.bincount(of_direct[taken_over], minlength=len(contests)).tolist(), strict=True):
            contest.taken_over = times
        broken = torn(evidence)[direct]
        for contest, times in zip(contests, np.bincount(of_direct[broken], minlength=len(contests)).tolist(), strict=True):
            contest.torn = times
        heads, place = pairs_of(of_direct, service)
        open_ones = np.bincount(place[outcome != BLOCKED], minlength=len(heads))
        shut: dict[int, list[str]] = {}
        for head in heads[open_ones == 0].tolist():
            number, code = int(of_direct[head]), int(service[head])
            if code >= 0 and (number, code) not in asked:
                shut.setdefault(number, []).append(evidence.service.values[code])
        for number, names in shut.items():
            contests[number].shut = frozenset(names)

    def _note_times(self, contests: list[Contest], asked: tuple[Ints, Ints], flows: tuple[Ints, Ints]) -> None:
        """Note each contest's first and last request, else when its first and last flow began."""
        n, begun, first = len(contests), self._evidence.begun[asked[0]], self._evidence.first[flows[0]]
        requests, others = ends_of(n, (asked[1], begun, begun)), ends_of(n, (flows[1], first, first))
        asks = np.bincount(asked[1], minlength=n) > 0
        ends = (_times(np.where(asks, own, other)) for own, other in zip(requests, others, strict=True))
        for contest, earliest, latest in zip(contests, *ends, strict=True):
            contest.first, contest.last = earliest, latest


def sent_elsewhere(requests: Requests) -> Bools:
    """Per request: whether it was answered by a redirect to another host, which a portal may have sent instead of the host."""
    result = np.zeros(len(requests.status), dtype=np.bool_)
    at = np.flatnonzero((requests.status >= 300) & (requests.status < 400))
    if len(at):
        asked, sent = (same_host(column.take(in_arrow(at))) for column in (requests.host, requests.location))
        result[at] = pc.fill_null(pc.not_equal(asked, sent), False).to_numpy(zero_copy_only=False)
    return result


def pairs_of(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """(where each pair of keys occurs first, in this order; for each position the number of its pair)."""
    place = numbered(first, second - int(second.min(initial=0)))  # a status may be below -1
    return np.flatnonzero(np.diff(np.maximum.accumulate(place), prepend=-1)), place


def _counted(first: Ints, second: Ints) -> Iterable[tuple[int, int, int]]:
    """(key, key, number of positions) of each pair, in the order in which they occur first."""
    heads, place = pairs_of(first, second)
    times = np.bincount(place, minlength=len(heads))
    return zip(first[heads].tolist(), second[heads].tolist(), times.tolist(), strict=True)


def _joined(parts: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """(the numbers of all parts, the part of each)."""
    sizes = [len(part) for part in parts]
    numbers = np.concatenate([np.zeros(0, np.int64), *(np.asarray(part, np.int64) for part in parts)])
    return numbers, np.repeat(np.arange(len(parts)), sizes)


def _times(ns: Ints) -> list[int | None]:
    """The times as Python numbers, None where there is none."""
    times: list[int | None] = ns.tolist()
    for at in np.flatnonzero((ns == NO_TIME) | (ns == NEVER)).tolist():
        times[at] = None
    return times
