"""The answer for one source in a few sentences: who carried what, whether it works, what changed, what went elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from analyzer.tables import OUTCOMES
from analyzer.text.labels import ProxyLabel, plane_order
from analyzer.text.times import clock
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.outcome import BROKEN, CHALLENGED
from analyzer.verdict.winner import Answer, Contest, Share

NOTHING = {
    "seen": "Defender's hosts were seen, but nothing that tells which proxy carried them",
    "hidden": "speaks TLS to a proxy: what it asks for, Defender's or not, can't be seen",
    "not-seen": "no Defender traffic was seen",
}


def headline(defender: str, planes: Mapping[str, Answer], elsewhere: Sequence[str] = ()) -> str:
    """The answer as one line, without whose it is.

    defender   seen, hidden or not-seen
    planes     plane → its answer
    elsewhere  services of Defender's with answered connections past the proxies
    """
    clauses: dict[str, list[str]] = {}
    together = _latest(planes.values())
    for plane in sorted(planes, key=plane_order):
        clauses.setdefault(_clause(planes[plane], together), []).append(f"{plane}{_doubt(planes[plane].last)}")
    said = [clause.replace("{planes}", listed(of_planes, len(of_planes))) for clause, of_planes in clauses.items()]
    if defender != "seen":
        said.insert(0, NOTHING[defender])
    elif not said:
        said.append(NOTHING["seen"])
    if elsewhere:
        said.append(f"past the proxies, answered: {listed(list(elsewhere))}")
    return "; ".join(said)


Ways = tuple[str, ...]
"""Who carried a plane, era by era."""


def _latest(answers: Iterable[Answer]) -> dict[Ways, list[int | None]]:
    """Planes that changed alike changed together: until when the last of them went the old way, at each of their borders."""
    found: dict[Ways, list[int | None]] = {}
    for answer in answers:
        if answer.changed:
            untils = [era.until for era in answer.eras[1:]]
            known = found.setdefault(_ways(answer), untils)
            found[_ways(answer)] = [max(filter(None, pair), default=None) for pair in zip(known, untils, strict=True)]
    return found


def _ways(answer: Answer) -> Ways:
    return tuple(_of_era(era.contest) for era in answer.eras)


def _clause(answer: Answer, together: Mapping[Ways, Sequence[int | None]]) -> str:
    """One plane's answer, with {planes} where its name goes."""
    return _changed(answer, together[_ways(answer)]) if answer.changed else _now(answer.last)


def _now(contest: Contest) -> str:
    winner, asked = contest.winner, contest.asked
    if contest.split:
        return f"no one proxy for {{planes}}: its services went through {listed([_label(share) for share in contest.carriers])}"
    if winner is None:
        return _no_winner(contest, asked)
    if asked is not None and asked.itself != winner.itself and asked.carried == asked.asked - asked.challenged:
        both = [f"{_label(share)} carried {share.carried}" for share in (winner, asked)]
        return f"no one proxy for {{planes}}: {both[0]}, {both[1]}{_but(contest)}"
    if asked is not None and asked.itself != winner.itself:
        return f"{_label(asked)} is asked first for {{planes}}{_trouble(contest, asked)}; {_label(winner)} carried {winner.carried}"
    return f"{_label(winner)} won for {{planes}}{_but(contest)}"


def _doubt(contest: Contest) -> str:
    """How sure its winner is, behind the plane's name, so that planes of one proxy are said together; "" where it is certain."""
    return "" if contest.winner is None or contest.confidence == "certain" else f" ({contest.confidence})"


def _no_winner(contest: Contest, asked: Share | None) -> str:
    if contest.tied:
        return f"no winner for {{planes}}: {listed([_label(share) for share in contest.carriers[:2]])} carried as much"
    if asked is None:
        if contest.direct["answered"]:
            return "no proxy for {planes}: it goes direct and is answered"
        if contest.direct["blocked"]:
            return "no proxy for {planes}: direct attempts are blocked"
        return "no proxy for {planes}: what became of it isn't in the capture"
    return f"no proxy for {{planes}}: {_label(asked)}{_answers(contest, asked)}"


def _answers(contest: Contest, asked: Share) -> str:
    """What the proxy that was asked says."""
    n = contest.n_requests - contest.outcomes[CHALLENGED]  # a challenge and its answer are one
    if len(contest.failures) == 1 and len(contest.by_name) == 1 and sum(contest.failures.values()) == n:
        (status,) = contest.failures
        every = f"all {n} requests" if n > 1 else "the one request"
        return f" answers none of {counted(n, 'request')}" if status < 0 else f" answers {status} to {every}"
    if contest.failures:
        others = sum(share.asked > 0 for share in contest.by_name) - 1
        times = sum(share.asked - share.challenged for share in contest.shares.values())
        who = f" and {counted(others, 'other', 'others')} were" if others else " was"
        return f"{who} asked {counted(times, 'time')}, nothing was let through ({failure_list(contest.failures)})"
    states = ", ".join(f"{k} {OUTCOMES[code]}" for code, k in sorted(contest.outcomes.items(), key=lambda item: (-item[1], item[0])))
    return f" was asked {counted(asked.asked, 'time')}: {states}"


def _trouble(contest: Contest, asked: Share) -> str:
    if asked.failed:
        failures = failure_list(contest.failures)
        return f" and fails {asked.failed} of {counted(asked.asked, 'request')} ({failures})"
    return f" ({counted(asked.asked, 'request')})"


def _but(contest: Contest) -> str:
    """What doesn't work, "" where all does."""
    broken, failed = contest.outcomes[BROKEN] - contest.mute - contest.unused, sum(contest.failures.values())
    carried = sum(share.carried for share in contest.carriers)
    parts = []
    if broken:
        parts.append(f"TLS broke in {broken} of {counted(carried, 'tunnel')}")
    if contest.mute:
        parts.append(f"nothing came back in {contest.mute} of {counted(carried, 'tunnel')}")
    if failed:
        asked = contest.n_requests - contest.outcomes[CHALLENGED]
        parts.append(f"{failed} of {counted(asked, 'request')} failed ({failure_list(contest.failures)})")
    return f", but {' and '.join(parts)}" if parts else ""


def _changed(answer: Answer, untils: Sequence[int | None]) -> str:
    """`PROX01 (WinHTTP) until 16:16:14, then PROX03 (static) for sensor`."""
    parts = []
    for era, gone in zip(answer.eras, untils, strict=False):
        until = f" until {clock(gone)}" if gone is not None else ""
        parts.append(f"{_of_era(era.contest)}{until}")
    last = answer.last
    works = _but(last) if last.winner is not None else ""
    return f"{', then '.join([*parts, _of_era(last)])} for {{planes}}{works}"


def _of_era(contest: Contest) -> str:
    if contest.winner is not None:
        return _label(contest.winner)
    if contest.asked is not None:
        return f"{_label(contest.asked)}, which carried nothing"
    return "no proxy"


def _label(share: Share) -> str:
    return str(ProxyLabel(share.proxy, share.name, share.method))
