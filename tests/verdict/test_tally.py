"""Contests counted together are what counting their requests and flows one by one gives."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from analyzer.routes.requests import ABSOLUTE, NO_TIME
from analyzer.routes.route import DIRECT, PROXY
from analyzer.tables import OUTCOMES
from analyzer.verdict.evidence import ANSWERED, BLOCKED, DIRECT_OUTCOMES, Evidence, evidence_of
from analyzer.verdict.outcome import BROKEN, CHALLENGED, UNSEEN, WORKED, Outcome, answer_status
from analyzer.verdict.tally import Tally, Traffic, pairs_of, sent_elsewhere
from analyzer.verdict.winner import Contest, Share
from tests.verdict.rows import LAB_TOPOLOGY
from tests.verdict.test_alike import network

NAMED = {WORKED: "worked", BROKEN: "broken", UNSEEN: "unseen", CHALLENGED: "challenged"}


def one_by_one(evidence: Evidence, part: Traffic) -> Contest:
    """The slow twin: every request and flow by itself, in order."""
    contest, requests, outcome = Contest(), evidence.requests, evidence.outcome
    answered = answer_status(requests, outcome.code)
    weak = evidence.weak | sent_elsewhere(requests)
    services: dict[int, bool] = {}
    times: list[int] = []

    def share(code: int) -> Share:
        proxy = evidence.proxy.values[code]
        return contest.shares.setdefault(proxy, Share(proxy, *evidence.proxy_names[proxy]))

    def time(ns: int) -> int | None:
        return None if ns == NO_TIME else int(ns)

    for position in part.asked:
        one, code, at = share(evidence.proxy.codes[requests.row[position]]), int(outcome.code[position]), time(evidence.begun[position])
        status = int(answered[position])
        one.asked += 1
        one.first_asked = at if one.first_asked is None else one.first_asked
        one.saw(at, at)
        times += [] if at is None else [at]
        contest.outcomes[code] += 1
        contest.mute += bool(outcome.mute[position])
        contest.unused += bool(outcome.unused[position])
        if code in NAMED:
            setattr(one, NAMED[code], getattr(one, NAMED[code]) + 1)
        if outcome.failed[position]:
            one.failed += 1
            one.failures[status] += 1
            contest.failures[status] += 1
        if outcome.carried[position]:
            one.carried += 1
            one.pages += bool(requests.kind[position] == ABSOLUTE)
        contest.on_itself = contest.on_itself or bool(code == WORKED and not weak[position])
        service = int(evidence.request_service.codes[position])
        if code != CHALLENGED and service >= 0:
            services[service] = services.get(service, False) or code == WORKED
    for row in part.rows:
        one = share(evidence.proxy.codes[row])
        one.bytes += int(evidence.bytes[row])
        one.lost += row not in requests.row
        one.saw(time(evidence.first[row]), time(evidence.last[row]))
    shut: dict[int, bool] = {}
    for row in part.direct:
        went, service = int(evidence.direct[row]), int(evidence.service.codes[row])
        contest.direct[DIRECT_OUTCOMES[went] if went >= 0 else "unknown"] += 1
        contest.taken_over += bool(evidence.taken_over[row] and went == ANSWERED)
        shut[service] = shut.get(service, True) and went == BLOCKED
    contest.shut = frozenset(evidence.service.values[one] for one, all_of_it in shut.items() if all_of_it and 0 <= one not in services)
    contest.idle = not all(services.values())
    if not part.asked:
        times = [at for row in (*part.rows, *part.direct) if (at := time(evidence.first[row])) is not None]
    contest.first, contest.last = min(times, default=None), max(times, default=None)
    return contest


def anything(seed: int) -> tuple[Evidence, list[Traffic]]:
    """Evidence with every outcome, and parts of it."""
    chance = np.random.default_rng(seed)
    evidence = evidence_of(network(seed), LAB_TOPOLOGY)
    n, n_rows = len(evidence.requests.row), evidence.flows.num_rows
    flags = (chance.random((3, n)) < 0.5).astype(np.bool_)
    outcome = Outcome(chance.integers(0, len(OUTCOMES), n), *flags)
    status = chance.choice([200, 403, 407, -1], n)
    evidence = replace(evidence, outcome=outcome, requests=replace(evidence.requests, status=status))
    vars(evidence)["taken_over"] = chance.random(n_rows) < 0.2
    to_proxy, direct = np.flatnonzero(evidence.route == PROXY), np.flatnonzero(evidence.route == DIRECT)
    asked = np.flatnonzero(evidence.asks_proxy)
    asked = asked[np.lexsort((asked, evidence.begun[asked]))]
    parts = [Traffic()]
    for share in (0.02, 0.1, 0.5, 1.0):
        chosen = ([one for one in numbers.tolist() if chance.random() < share] for numbers in (asked, to_proxy, direct))
        parts.append(part_of(*chosen))
    return evidence, [*parts, part_of([], to_proxy.tolist(), []), part_of([], [], direct.tolist())]


def part_of(asked: Sequence[int], rows: Sequence[int], direct: Sequence[int]) -> Traffic:
    part = Traffic()
    part.asked.extend(asked)
    part.rows.extend(rows)
    part.direct.extend(direct)
    return part


@pytest.mark.parametrize("seed", range(4))
def test_contests_are_those_that_counting_one_by_one_gives(seed: int) -> None:
    evidence, parts = anything(seed)
    assert min(evidence.begun) == NO_TIME
    for part, contest in zip(parts, Tally(evidence).contests(parts), strict=True):
        known = one_by_one(evidence, part)
        for one in fields(Contest):
            assert getattr(contest, one.name) == getattr(known, one.name), one.name
        for name in ("shares", "outcomes", "failures", "direct"):  # in the same order too: of equals the first counts
            assert list(getattr(contest, name)) == list(getattr(known, name)), name
        assert [list(share.failures) for share in contest.shares.values()] == [list(share.failures) for share in known.shares.values()]


def test_no_parts_have_no_contests() -> None:
    assert Tally(anything(0)[0]).contests([]) == []


def test_pairs_are_numbered_as_they_come() -> None:
    first, second = np.array([1, 0, 1, 1, 0]), np.array([-1, 2, -1, 0, 2])
    heads, place = pairs_of(first, second)
    assert heads.tolist() == [0, 1, 3]
    assert place.tolist() == [0, 1, 0, 2, 1]
