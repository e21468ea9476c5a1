"""Eras: the stretches of time in which one proxy carried the requests that another had carried before.

A changed setting shows as runs: consecutive carried requests of one source and plane to one proxy. Two runs of at least two requests,
or three to five of at least three, are eras; more runs are alternation. Checked by hand on 38 scenarios: these numbers find every
change and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

LEAST_OF_TWO: Final = 2
LEAST_OF_MORE: Final = 3
MOST_RUNS: Final = 5

STRAGGLER_BETWEEN: Final = 6
"""Requests that two runs to one proxy need together, so that a lone request to another proxy between them ends no run."""

LEAST_FAILING: Final = 3
"""Failed requests to one other proxy, after the last carried one, from which on they are an era of their own."""

BALANCED: Final = 2
"""Requests to each of two proxies on both sides of a border, from which on a service counts as balanced between them."""


class Carried(NamedTuple):
    """A carried request.

    at       ns since 1970
    proxy    its code
    service  the code of the requested service, or any other value that identifies the host
    weight   how many requests it counts as
    """

    at: int
    proxy: int
    service: Hashable
    weight: int = 1


class Border(NamedTuple):
    """The border between two eras.

    until  ns since 1970, the last request to the earlier proxy;  since   the first request to the later one
    after  the code of the later proxy, also where all requests to it failed
    """

    until: int
    since: int
    before: int
    after: int


class Run(NamedTuple):
    """Consecutive requests to one proxy, with stragglers to another."""

    proxy: int
    requests: tuple[Carried, ...]

    @property
    def own(self) -> tuple[Carried, ...]:
        """The requests to the run's proxy."""
        return tuple(one for one in self.requests if one.proxy == self.proxy)

    @property
    def weight(self) -> int:
        return sum(one.weight for one in self.own)


def runs_of(carried: Sequence[Carried]) -> list[Run]:
    """The runs of requests that are in order of time."""
    spans: list[_Span] = []
    for place, one in enumerate(carried):
        if spans and spans[-1].proxy == one.proxy:
            spans[-1].end, spans[-1].weight = place + 1, spans[-1].weight + one.weight
        else:
            spans.append(_Span(one.proxy, place, place + 1, one.weight))
    found = spans[:1]
    rest = iter(range(1, len(spans)))
    for place in rest:
        before, lone, after = found[-1], spans[place], spans[place + 1] if place + 1 < len(spans) else None
        if after and lone.weight == 1 and before.proxy == after.proxy and before.weight + after.weight >= STRAGGLER_BETWEEN:
            before.end, before.weight = after.end, before.weight + after.weight
            next(rest)
        else:
            found.append(lone)
    return [Run(span.proxy, tuple(carried[span.begin : span.end])) for span in found]


@dataclass
class _Span:
    """A run as positions of requests, so that each further straggler doesn't recount the whole run."""

    proxy: int
    begin: int
    end: int
    weight: int


def are_eras(runs: Sequence[Run]) -> bool:
    """Whether the number and length of these runs show a change, and neither one answer nor alternation."""
    least = LEAST_OF_TWO if len(runs) == 2 else LEAST_OF_MORE
    return 2 <= len(runs) <= MOST_RUNS and all(run.weight >= least for run in runs)


def borders_of(carried: Sequence[Carried], others: Sequence[Carried] = ()) -> list[Border]:
    """The borders between the eras of these requests, in order of time; empty where there is one answer.

    carried  of one source and plane, in order of time
    others   all carried requests of that source: none of its services may be balanced between the two proxies of a border
    """
    runs = runs_of(carried)
    if are_eras(runs):
        return [border for before, after in pairwise(runs) if (border := _border(before, after, others or carried))]
    return _agreed(carried, others or carried)


def _border(before: Run, after: Run, others: Sequence[Carried]) -> Border | None:
    """The border between two runs; None where no service crosses it, or one is balanced over it."""
    crossing = {one.service for one in before.own} & {one.service for one in after.own}
    if not crossing or _is_balanced(before, after, others):
        return None
    return Border(before.own[-1].at, after.own[0].at, before.proxy, after.proxy)


def _is_balanced(before: Run, after: Run, others: Sequence[Carried]) -> bool:
    """Whether a service used both proxies on both sides of the border, within the two runs."""
    start, border, end = before.requests[0].at, after.own[0].at, after.requests[-1].at
    counts: dict[Hashable, list[int]] = {}
    for one in others:
        if start <= one.at <= end and one.proxy in (before.proxy, after.proxy):
            counts.setdefault(one.service, [0, 0, 0, 0])[2 * (one.at >= border) + (one.proxy == after.proxy)] += 1
    return any(min(four) >= BALANCED for four in counts.values())


def _agreed(carried: Sequence[Carried], others: Sequence[Carried]) -> list[Border]:
    """The borders on which all services that changed agree, each at the last service's time; empty where they don't agree or none
    changed."""
    by_service: dict[Hashable, list[Carried]] = {}
    for one in carried:
        by_service.setdefault(one.service, []).append(one)
    if len(by_service) < 2:
        return []
    changed = []
    for own in by_service.values():
        runs = runs_of(own)
        if are_eras(runs):
            found = [border for before, after in pairwise(runs) if (border := _border(before, after, others))]
            if len(found) < len(runs) - 1:
                return []
            changed.append(found)
    if not changed or len({tuple((b.before, b.after) for b in found) for found in changed}) > 1:
        return []
    last = [max(same, key=lambda border: border.since) for same in zip(*changed, strict=True)]
    return last if all(a.since <= b.until for a, b in pairwise(last)) else []


def agreeing(carried: Sequence[Carried], borders: Sequence[Border]) -> list[Border]:
    """Those of one plane's borders with which other requests of the source agree: one proxy before the border, another after it."""
    edges = [border.since for border in borders]
    parts: list[set[int]] = [set() for _ in range(len(edges) + 1)]
    for one in carried:
        parts[bisect_right(edges, one.at)].add(one.proxy)
    beside = zip(borders, parts, parts[1:], strict=False)
    return [border for border, before, after in beside if len(before) == len(after) == 1 and before != after]


class Asked(NamedTuple):
    """A request with its result.

    failed  it certainly wasn't carried. A challenge is a step of the request that follows, and no failure of its own
    """

    at: int
    proxy: int
    carried: bool
    failed: bool


def failing_end(asked: Sequence[Asked]) -> Border | None:
    """The border after which all requests went to one other proxy and failed; None: there is no such end.

    asked  in order of time

    Some of these requests may have no known outcome, as the last before the capture's end has; the others still count as failed.
    """
    last = max((place for place, one in enumerate(asked) if one.carried), default=-1)
    rest = asked[last + 1 :]
    if last < 0 or sum(one.failed for one in rest) < LEAST_FAILING:
        return None
    proxies = {one.proxy for one in rest}
    if len(proxies) != 1 or asked[last].proxy in proxies:
        return None
    return Border(asked[last].at, rest[0].at, asked[last].proxy, rest[0].proxy)


def best_agreed(carried: Sequence[Carried], of_planes: Iterable[Sequence[Border]]) -> list[Border]:
    """Of the borders found in the source's planes, those of the plane with which these requests agree most often; the first of equals."""
    found = [agreeing(carried, borders) for borders in of_planes]
    return max(found, key=len, default=[])
