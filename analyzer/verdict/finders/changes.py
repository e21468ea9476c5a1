"""winner-changed: one proxy carried until some time, and another since; service-split: services of one plane through different proxies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from analyzer.findings import Finding
from analyzer.routes.requests import NO_TIME, Ints, times_ns
from analyzer.routes.route import PROXY
from analyzer.text.labels import ProxyLabel, plane_order
from analyzer.text.times import clock
from analyzer.text.words import listed
from analyzer.verdict.case import Case
from analyzer.verdict.evidence import Evidence, rfc3339
from analyzer.verdict.winner import Contest, Era

FAILOVER_NS = 60 * 10**9
"""Within this time before the first request to the next proxy, a failed attempt at the first proxy shows that it was still tried."""


LONG_NS = 60 * 10**9
"""Where a tunnel was used for longer than this after the last request (`until`), the time of its last use is reported too."""


def find(case: Case) -> list[Finding]:
    """winner-changed, per source and moment; service-split, per plane and set of ways."""
    return [*_changes(case), *_splits(case)]


Moment = tuple[int, int | None, int | None]
"""client code, until, since"""


def _changes(case: Case) -> Iterable[Finding]:
    evidence = case.evidence
    moments: dict[Moment, Changed] = {}
    in_plane: set[tuple[int, Moment]] = set()
    for is_plane, answers in ((True, case.answers.planes), (False, case.answers.services)):
        names = evidence.plane.values if is_plane else evidence.service.values
        for (client, code), answer in answers.items():
            for before, after in zip(answer.eras, answer.eras[1:], strict=False):
                moment = (client, after.until, after.since)
                if is_plane:
                    in_plane.add((client, moment))
                elif (client, moment) in in_plane:
                    continue  # the plane's finding covers it
                moments.setdefault(moment, []).append((names[code], is_plane, code, before, after))
    for (client, until, since), changed in _together(moments):
        yield _change(evidence, client, until, since, changed)


Changed = list[tuple[str, bool, int, Era, Era]]
"""Each plane or service that changed: its name, whether it is a plane, its code, and the eras before and after."""


def _together(moments: dict[Moment, Changed]) -> list[tuple[Moment, Changed]]:
    """The moments in order of time; overlapping ones of one source between the same proxies are merged into the narrowest span."""
    found: list[tuple[Moment, Changed]] = []
    for moment, changed in sorted(moments.items(), key=lambda item: (item[0][0], item[0][2] or 0, item[0][1] or 0)):
        for place, (other, known) in enumerate(found):
            if other[0] == moment[0] and _ends(known) == _ends(changed) and _overlap(other, moment):
                until = max(filter(None, (other[1], moment[1])), default=None)
                since = min(filter(None, (other[2], moment[2])), default=None)
                found[place] = ((moment[0], until, since), known + changed)
                break
        else:
            found.append((moment, changed))
    return found


def _ends(changed: Changed) -> tuple[str, str]:
    _, _, _, before, after = changed[0]
    return _who(before.contest), _who(after.contest)


def _overlap(one: Moment, other: Moment) -> bool:
    (_, until, since), (_, other_until, other_since) = one, other
    if until is None or since is None or other_until is None or other_since is None:
        return False
    return until < other_since and other_until < since


def _change(evidence: Evidence, client: int, until: int | None, since: int | None, changed: Changed) -> Finding:
    planes = [one for one in changed if one[1]]
    changed = planes or changed
    names = sorted((name for name, *_ in changed), key=lambda name: (plane_order(name), name))
    _, is_plane, _, before, after = changed[0]
    old, new = _who(before.contest), _who(after.contest)
    who = evidence.client_label(client)
    text = f"{who}: {listed(names)} went through {old}{f' until {clock(until)}' if until is not None else ''}"
    if after.contest.winner is not None:
        text += f", through {new}{f' since {clock(since)}' if since is not None else ''}"
    else:
        text += (
            f"; since {clock(since)} all is asked of {new}, and fails" if since is not None else f"; then all is asked of {new}, and fails"
        )
    failover = _is_failover(evidence, client, before.contest, since)
    if failover:
        text += "; the first was still asked first and failed, so this is a failover and no changed setting"
    codes = [code for *_, code, _, _ in changed]
    rows = _rows(evidence, client, codes, is_plane)
    late = _still_in_use(evidence, before.contest, client, until, since)
    if late is not None:
        text += f"; tunnels opened before stayed in use until {clock(late)}"
    finding = evidence.finding(
        "winner-changed",
        rows,
        text,
        clients=[client],
        services=[] if is_plane else codes,
        severity="info" if failover and after.contest.winner is not None else "warning" if after.contest.winner is not None else None,
        confidence="certain" if after.contest.confidence == "certain" and before.contest.confidence == "certain" else "likely",
    )
    stays = after.contest.winner or before.contest.winner
    expect = {"eras": {f"plane:{name}" if is_plane else name: [stays.proxy] for name in names}} if stays else None
    return finding._replace(
        expect=expect,
        planes=tuple(names) if is_plane else finding.planes,
        first_seen=None if until is None else rfc3339(until),
        last_seen=None if since is None else rfc3339(since),
    )


def _who(contest: Contest) -> str:
    share = contest.winner or contest.asked
    return str(ProxyLabel(share.proxy, share.name, share.method)) if share else "no proxy"


def _rows(evidence: Evidence, client: int, codes: list[int], is_plane: bool) -> Ints:
    """The flows of these planes or services through proxies."""
    what = evidence.request_plane if is_plane else evidence.request_service
    row = evidence.requests.row
    asked = evidence.asks_proxy & (evidence.client.codes[row] == client) & np.isin(what.codes, codes)
    return evidence.rows_of(np.flatnonzero(asked))


def _is_failover(evidence: Evidence, client: int, before: Contest, since: int | None) -> bool:
    """Whether the first proxy was still tried, and failed, when the next one was asked."""
    share = before.winner or before.asked
    if share is None or since is None:
        return False
    proxy, row = evidence.proxy.values.index(share.proxy), evidence.requests.row
    failed = evidence.outcome.failed & evidence.asks_proxy & (evidence.client.codes[row] == client) & (evidence.proxy.codes[row] == proxy)
    dead = (evidence.route == PROXY) & evidence.unopened & (evidence.client.codes == client) & (evidence.proxy.codes == proxy)
    times = np.concatenate([evidence.begun[failed], evidence.first[dead]])
    return bool(((times != NO_TIME) & (times >= since - FAILOVER_NS)).any())


def _still_in_use(evidence: Evidence, before: Contest, client: int, until: int | None, since: int | None) -> int | None:
    """When tunnels that the first proxy opened before the change were last used, if that was after the change, or long after the last
    of them was requested."""
    share = before.winner
    if share is None or since is None:
        return None
    row = evidence.requests.row
    opened = evidence.outcome.carried & evidence.asks_proxy & (evidence.client.codes[row] == client) & (evidence.begun < since)
    old = row[opened & (evidence.proxy.codes[row] == evidence.proxy.values.index(share.proxy))]
    used = times_ns(evidence.flows.column("last_data"))[old]
    last = int(used.max()) if len(used) else NO_TIME
    return last if last > since or (until is not None and last - until > LONG_NS) else None


def _splits(case: Case) -> Iterable[Finding]:
    """One for each plane and set of ways, with all sources that share it."""
    evidence = case.evidence
    together: dict[tuple[int, tuple[str, ...], str | None], list[tuple[Ints, list[int]]]] = {}
    for (client, code), answer in case.answers.planes.items():
        if answer.last.split:
            rows = _rows(evidence, client, [code], True)
            services = sorted({int(service) for service in evidence.service.codes[rows].tolist() if service >= 0})
            asked = answer.last.asked.proxy if answer.last.asked else None  # the proxy that most of the plane asks
            together.setdefault((code, tuple(_ways(case, client, services)), asked), []).append((rows, services))
    for (code, ways, asked), members in together.items():
        rows = np.unique(np.concatenate([rows for rows, _ in members]))
        whose = evidence.of_whom(rows)
        text = f"{whose}: services of the {evidence.plane.values[code]} plane go different ways: {listed(ways, 8)}"
        services = sorted({service for _, named in members for service in named})
        found = evidence.finding("service-split", rows, text, services=services, confidence="likely")
        yield found._replace(expect={"winner": dict.fromkeys(found.services, asked)} if asked else None)


def _ways(case: Case, client: int, services: Iterable[int]) -> Iterable[str]:
    """`edr-cyber-data through PROX01 (WinHTTP)`, for each service that has a winner."""
    for service in services:
        own = case.answers.services.get((client, service))
        if own is not None and own.last.winner is not None:
            yield f"{case.evidence.service.values[service]} through {own.last.winner.label}"
