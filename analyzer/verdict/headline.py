"""One source's answer in a few sentences: which proxy carried which planes, what fails, what changed, and what went past the proxies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analyzer.tables import OUTCOMES
from analyzer.text.labels import ProxyLabel, plane_order
from analyzer.text.times import clock
from analyzer.text.words import OTHER_PROTOCOL, counted, failure_list, listed, status_text
from analyzer.verdict.outcome import BROKEN, CHALLENGED
from analyzer.verdict.remarks import Remark
from analyzer.verdict.winner import Answer, Contest, Era, Share

NOTHING = {
    "seen": "Defender's hosts were seen, but nothing shows which proxy carried them",
    "hidden": "speaks TLS to a proxy: what it asks for, Defender's or not, can't be seen",
    "not-seen": "no Defender traffic was seen",
}
NOT_ALL_READ: Final = ", though not all that was asked for could be read"
LOOKALIKES: Final = ", though hosts that look like Defender's were asked for"
"""Follows a statement that something was not seen, where it may have been among unreadable requests."""

MOST_CARRIERS: Final = 3
"""How many proxies are listed by name if none of them carried nearly all."""

TOGETHER_NS: Final = 60 * 10**9
"""How far apart two planes may change for the headline to join them."""


def headline(defender: str, planes: Mapping[str, Answer], remarks: Sequence[Remark] = ()) -> str:
    """The answer as one line, without the source's name.

    defender   seen, hidden or not-seen
    planes     plane → its answer
    remarks    in order
    """
    about: dict[str, list[str]] = {}
    for remark in remarks:
        about.setdefault(remark.about, []).append(remark.what)
    clauses: dict[str, list[str]] = {}
    together = _together(planes)
    for plane in sorted(planes, key=plane_order):
        clauses.setdefault(_clause(planes[plane], together.get(plane, ())), []).append(f"{plane}{_doubt(planes[plane].last)}")
    said = [clause.replace("{planes}", listed(of_planes, len(of_planes))) for clause, of_planes in clauses.items()]
    if defender != "seen":
        doubt = "" if defender != "not-seen" else NOT_ALL_READ if "unread" in about else LOOKALIKES if "look-alike" in about else ""
        said.insert(0, NOTHING[defender] + doubt)
    elif not said:
        said.append(NOTHING["seen"])
    past, unreached = about.get("past the proxies", []), about.get("unreached", [])
    if past and any(answer.whole.shares for answer in planes.values()):  # else a clause above says "goes direct"
        said.append(f"past the proxies, answered: {listed(past)}")
    if unreached:
        said.append(f"{listed(unreached)} {'is' if len(unreached) == 1 else 'are'} tried, and no connection comes about")
    return "; ".join(said)


Untils = Sequence[tuple[int | None, int | None]]
"""(first, last) end time of each of a plane's earlier eras; over several sources, the first source's end (else None) and the last one's."""


def _together(planes: Mapping[str, Answer]) -> dict[str, Untils]:
    """plane that changed → the end times of its earlier eras; for planes that changed together, the latest of them."""
    groups: list[list[str]] = []
    for plane, answer in planes.items():
        if answer.changed:
            fitting = next((group for group in groups if all(_at_once(answer, planes[other]) for other in group)), None)
            if fitting is None:
                groups.append([plane])
            else:
                fitting.append(plane)
    found: dict[str, Untils] = {}
    for group in groups:
        borders = zip(*(planes[plane].eras[1:] for plane in group), strict=True)
        found |= dict.fromkeys(group, tuple(_gone(same) for same in borders))
    return found


def _gone(eras: Sequence[Era]) -> tuple[int | None, int | None]:
    """(the first source's last request before the change, the last source's), over eras that began together."""
    earliest = min((era.earliest for era in eras if era.earliest is not None), default=None)
    return earliest, max((era.until for era in eras if era.until is not None), default=None)


def _at_once(one: Answer, other: Answer) -> bool:
    """Whether both planes changed from the same proxy to the same one, within a minute of each other by their requests."""
    if [_of_era(era.contest) for era in one.eras] != [_of_era(era.contest) for era in other.eras]:
        return False
    return not any(_apart(a, b) or _apart(b, a) for a, b in zip(one.eras[1:], other.eras[1:], strict=True))


def _apart(a: Era, b: Era) -> bool:
    """Whether one plane changed long before the other stopped using its earlier proxy; over several sources, before the first one
    stopped."""
    gone = b.until if b.earliest is None else b.earliest
    return a.since is not None and gone is not None and gone - a.since > TOGETHER_NS


def _clause(answer: Answer, untils: Untils) -> str:
    """One plane's answer, with {planes} in place of its name."""
    text = _changed(answer, untils) if answer.changed else _now(answer.last)
    return f"{text}{_turned(answer)}"


def _turned(answer: Answer) -> str:
    """The time since which it goes direct, or no longer does; "" where it never turned, or where it has no winner."""
    turned = answer.turned
    if turned is None or answer.last.winner is None:
        return ""
    if turned.to_direct:
        return f" until {clock(turned.until)}, since {clock(turned.since)} it goes direct and is answered"
    return f" since {clock(turned.since)}, until {clock(turned.until)} it went direct and was answered"


def _now(contest: Contest) -> str:
    winner, asked = contest.winner, contest.asked
    if contest.split:
        return f"no one proxy for {{planes}}: its services went through {listed([_label(share) for share in contest.carriers])}"
    if winner is None:
        return _no_winner(contest, asked)
    if asked is not None and asked.itself != winner.itself and asked.carried == asked.asked - asked.challenged:
        return f"no one proxy for {{planes}}: {_each_carried(contest.carriers)}{_but(contest)}"
    if asked is not None and asked.itself != winner.itself:
        return f"{_label(asked)} is asked first for {{planes}}{_trouble(contest, asked)}; {_label(winner)} carried {winner.carried}"
    return f"{_label(winner)} won for {{planes}}{_but(contest)}"


def _each_carried(carriers: Sequence[Share]) -> str:
    """`PROX01 carried 5, PROX03 carried 5`; of more than three the rest in one sum."""
    shown = carriers if len(carriers) <= MOST_CARRIERS + 1 else carriers[:MOST_CARRIERS]
    each = [f"{_label(share)} carried {share.carried}" for share in shown]
    rest = carriers[len(shown) :]
    return ", ".join([*each, f"{len(rest)} others carried {sum(share.carried for share in rest)}"] if rest else each)


def _doubt(contest: Contest) -> str:
    """The winner's confidence in brackets after the plane's name, so that planes of one proxy can be joined; "" where it is certain."""
    return "" if contest.winner is None or contest.confidence == "certain" else f" ({contest.confidence})"


def _no_winner(contest: Contest, asked: Share | None) -> str:
    if contest.tied:
        return f"no winner for {{planes}}: {listed([_label(share) for share in contest.tied])} carried as much"
    if asked is None:
        if contest.shares:
            used = f"{listed([_label(share) for share in contest.by_name])} {'is' if len(contest.by_name) == 1 else 'are'} used"
            return f"{used} for {{planes}}, in connections whose requests weren't captured"
        if contest.taken_over and contest.taken_over == contest.direct["answered"]:
            return "a transparent proxy carries {planes}: it goes direct, is taken over on the way and answered"
        if contest.direct["answered"]:
            shut = sorted(contest.shut)
            parts = [f"{listed(shut)} {'is' if len(shut) == 1 else 'are'} blocked"] if shut else []
            if contest.torn:
                parts.append(f"TLS broke in {contest.torn} of {counted(contest.direct['answered'], 'connection')}")
            return f"no proxy for {{planes}}: it goes direct and is answered{', but ' if parts else ''}{' and '.join(parts)}"
        if contest.direct["blocked"]:
            return "no proxy for {planes}: direct attempts are blocked"
        return "no proxy for {planes}: it goes direct, and what became of it isn't in the capture"
    if contest.outcome == "unseen":
        return f"{_label(asked)} is asked for {{planes}}, but whether it lets anything through can't be seen"
    return f"no proxy for {{planes}}: {_label(asked)}{_answers(contest, asked)}"


def _answers(contest: Contest, asked: Share) -> str:
    """The answers of the proxy that was asked."""
    n = contest.n_requests - contest.outcomes[CHALLENGED]  # a challenge and its answer are one
    if len(contest.failures) == 1 and len(contest.by_name) == 1 and sum(contest.failures.values()) == n:
        (status,) = contest.failures
        every = f"all {n} requests" if n > 1 else "the one request"
        if status == OTHER_PROTOCOL:
            return f" answers {every} in another protocol"
        return f" answers none of {counted(n, 'request')}" if status < 0 else f" answers {status_text(status)} to {every}"
    if contest.failures:
        others = sum(share.asked > 0 for share in contest.by_name) - 1
        times = sum(share.asked - share.challenged for share in contest.shares.values())
        who = f" and {counted(others, 'other', 'others')} were" if others else " was"
        return f"{who} asked {counted(times, 'time')}, nothing was let through ({failure_list(contest.failures)})"
    states = ", ".join(f"{k} {OUTCOMES[code]}" for code, k in sorted(contest.outcomes.items(), key=lambda item: (-item[1], item[0])))
    return f" was asked {counted(asked.asked, 'time')}: {states}"


def _trouble(contest: Contest, asked: Share) -> str:
    if asked.failed:
        failures = failure_list(asked.failures)
        return f" and fails {asked.failed} of {counted(asked.asked, 'request')} ({failures})"
    return f" ({counted(asked.asked, 'request')})"


def _but(contest: Contest) -> str:
    """The failures; "" where there are none."""
    broken, failed = contest.outcomes[BROKEN] - contest.mute - contest.unused, sum(contest.failures.values())
    carried = sum(share.carried for share in contest.carriers)
    parts = []
    if broken:
        parts.append(f"TLS broke in {broken} of {counted(carried, 'tunnel')}")
    if contest.mute:
        parts.append(f"nothing came back in {contest.mute} of {counted(carried, 'tunnel')}")
    if failed:
        asked = contest.n_requests - contest.outcomes[CHALLENGED]
        failing = [share for share in contest.by_name if share.failed]
        others = all(contest.winner is None or share.itself != contest.winner.itself for share in failing)
        at = f" at {listed([_label(share) for share in failing])}" if others else ""
        parts.append(f"{failed} of {counted(asked, 'request')} failed{at} ({failure_list(contest.failures)})")
    return f", but {' and '.join(parts)}" if parts else ""


def _changed(answer: Answer, untils: Untils) -> str:
    """`PROX01 (WinHTTP) until 16:16:14, then PROX03 (static) for sensor`."""
    parts = []
    for era, gone in zip(answer.eras, untils, strict=False):
        parts.append(f"{_of_era(era.contest)}{_until(*gone)}")
    last = answer.last
    works = _but(last) if last.winner is not None else ""
    return f"{', then '.join([*parts, _of_era(last)])} for {{planes}}{works}"


def _until(earliest: int | None, latest: int | None) -> str:
    """ " until 16:16:14"; of several sources, " until between 16:10:02 and 16:16:14"."""
    if latest is None:
        return ""
    if earliest is None or clock(earliest) == clock(latest):
        return f" until {clock(latest)}"
    return f" until between {clock(earliest)} and {clock(latest)}"


def _of_era(contest: Contest) -> str:
    if contest.winner is not None:
        return _label(contest.winner)
    if contest.asked is not None:
        return f"{_label(contest.asked)}, which carried nothing"
    return "no proxy"


def _label(share: Share) -> str:
    return str(ProxyLabel(share.proxy, share.name, share.method))
