"""What is missing: what became of each service that Defender requires at a source, and those that the source never asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.requests import one_array
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import EVERYWHERE, required_services
from analyzer.services.rules import Rule
from analyzer.text.times import values
from analyzer.verdict.evidence import Coded, Evidence, coded, grouped, source_rows
from analyzer.verdict.permits import device_seen
from analyzer.verdict.reason import counted, listed
from analyzer.verdict.winner import Contest

MOST_SOURCES = 20
"""Sources with a finding of their own; more that miss the same are one finding."""

MOST_SERVICES = 12

PAST_THE_PROXIES = "direct"

Contests = Mapping[tuple[int, int], Contest]


class Required(NamedTuple):
    """What became of a service that Defender requires, at one source.

    state    carried; failed: asked for, and nothing carried it; possible: only hosts were asked for that may have been for it;
             unseen
    through  the proxies (IP:PORT) that it says so of, "direct" last
    """

    service: str
    state: Literal["carried", "failed", "possible", "unseen"]
    through: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The row of a source's `required`."""
        return {"service": self.service, "state": self.state, "through": list(self.through)}


def required_of(evidence: Evidence, catalogue: Catalogue, contests: Contests) -> dict[int, list[Required]]:
    """client code → every service that is required of such a device, by slug; only sources with any Defender traffic.

    contests  of services
    """
    rows = np.flatnonzero(source_rows(evidence) & (evidence.service.codes >= 0))
    if not len(rows):
        return {}
    rules = coded(evidence.flows.column("service_rule"))
    required = required_services(catalogue, device_seen(evidence, catalogue))
    code_of = {slug: code for code, slug in enumerate(evidence.service.values)}
    possible = _possible(evidence)
    found = {}
    for (client,), members in grouped(rows, evidence.client.codes):
        matched = np.unique(np.stack([rules.codes[members], evidence.service.codes[members]]), axis=1).T.tolist()
        own = []
        for slug in sorted(required):
            codes = {code_of.get(slug, -1), *_under(required[slug], matched, rules)}
            contested = [contest for code in codes if (contest := contests.get((client, code)))]
            own.append(_became(slug, contested, possible.get((client, slug))))
        found[client] = own
    return found


def required_unseen(evidence: Evidence, catalogue: Catalogue, required: Mapping[int, list[Required]]) -> list[Finding]:
    """required-unseen: per source, the required services that it never asked for, not even by shared hosts."""
    missing: dict[tuple[str, ...], list[int]] = {}
    for client, own in required.items():
        if unseen := tuple(one.service for one in own if one.state == "unseen"):
            missing.setdefault(unseen, []).append(client)
    if not missing:
        return []
    device = device_seen(evidence, catalogue)
    kind = f"{device.cloud}, {device.connectivity_model}" + ("" if device.geo == EVERYWHERE else f", {device.geo}")
    findings = []
    for unseen, clients in missing.items():
        what = f"{counted(len(unseen), 'required service')} ({kind}) not seen: {listed(list(unseen), MOST_SERVICES)}"
        each = [[client] for client in clients] if len(clients) <= MOST_SOURCES else [clients]
        for group in each:
            names = listed([evidence.client_label(client) for client in group])
            who = names if len(group) == 1 else f"{counted(len(group), 'source')} ({names})"
            first, last = evidence.span(np.flatnonzero(np.isin(evidence.client.codes, group)))
            client_ip = evidence.client.values[group[0]] if len(group) == 1 else None
            findings.append(Finding("required-unseen", f"{who}: {what}", client_ip=client_ip, first_seen=first, last_seen=last))
    return findings


def _under(rules: Iterable[Rule], matched: list[list[int]], patterns: Coded) -> set[int]:
    """Codes of services of which a narrower rule matched: a consolidated name is seen with any name under its wildcard."""
    suffixes = tuple(rule.pattern[1:] for rule in rules if rule.is_wildcard)
    return {service for rule, service in matched if rule >= 0 and patterns.values[rule].endswith(suffixes)}


def _became(slug: str, contested: list[Contest], possible: set[str] | None) -> Required:
    if not contested:
        return Required(slug, "unseen") if possible is None else Required(slug, "possible", _through(possible))
    carriers = {share.proxy for contest in contested for share in contest.carriers}
    if any(contest.went_direct for contest in contested):
        carriers.add(PAST_THE_PROXIES)
    if carriers:
        return Required(slug, "carried", _through(carriers))
    asked = {share.proxy for contest in contested for share in contest.shares}
    if any(contest.blocked_direct for contest in contested):
        asked.add(PAST_THE_PROXIES)
    return Required(slug, "failed", _through(asked))


def _through(ways: set[str]) -> tuple[str, ...]:
    return tuple(sorted(ways, key=lambda way: (way == PAST_THE_PROXIES, way)))


def _possible(evidence: Evidence) -> dict[tuple[int, str], set[str]]:
    """(client, service) → the ways of those flows whose host may have been for it."""
    flows, ways = evidence.flows, (*evidence.proxy.values, PAST_THE_PROXIES)
    found: dict[tuple[int, str], set[str]] = {}
    every = source_rows(evidence)
    single = coded(flows.column("service_possible"))
    for (client, code, proxy), _ in grouped(
        np.flatnonzero(every & (single.codes >= 0)), evidence.client.codes, single.codes, evidence.proxy.codes
    ):
        found.setdefault((client, single.values[code]), set()).add(ways[proxy])
    also = one_array(flows.column("service_also"))
    with_more = np.flatnonzero(every & (np.asarray(pc.list_value_length(also).fill_null(0)) > 0))
    for (client, proxy), rows in grouped(with_more, evidence.client.codes, evidence.proxy.codes):
        for slug in set(values(also.take(array(rows)).flatten())):
            found.setdefault((client, slug), set()).add(ways[proxy])
    return found
