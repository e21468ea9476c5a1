"""What became of each service that Defender requires, at each source: carried only where something worked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.requests import Ints, one_array
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import Device, required_of_some_geography, required_services
from analyzer.services.rules import OWN, Rule
from analyzer.text.times import values
from analyzer.verdict.answers import Answers
from analyzer.verdict.evidence import Coded, Evidence, coded, grouped, source_rows
from analyzer.verdict.outcome import UNSEEN
from analyzer.verdict.winner import Contest

PAST_THE_PROXIES = "direct"

State = Literal["carried", "failed", "hidden", "possible", "unseen"]


class Required(NamedTuple):
    """What became of a service that Defender requires, at one source.

    state    carried: something worked; failed: asked for, and nothing worked; possible: what came of it isn't in the capture, or only
             hosts were asked for that may have been for it; hidden: the source speaks TLS to a proxy, in which it may be; unseen
    through  the proxies (IP:PORT) that it says so of, "direct" last
    """

    service: str
    state: State
    through: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The row of a source's `required`."""
        return {"service": self.service, "state": self.state, "through": list(self.through)}


def required_of(evidence: Evidence, catalogue: Catalogue, answers: Answers, devices: Mapping[int, Device]) -> dict[int, list[Required]]:
    """client code → every service that is required of its device, by slug; only sources with Defender traffic, or that hide theirs."""
    rows = np.flatnonzero(source_rows(evidence) & ((evidence.service.codes >= 0) | evidence.hidden))
    if not len(rows):
        return {}
    rules = coded(evidence.flows.column("service_rule"))
    of_kind = {
        device: (required_services(catalogue, device), required_of_some_geography(catalogue, device)) for device in set(devices.values())
    }
    code_of = {slug: code for code, slug in enumerate(evidence.service.values)}
    possible, hidden = _possible(evidence), _hidden(evidence)
    matched = _matched(evidence, rows, rules)
    unseen = {slug: Required(slug, "unseen") for of_device in of_kind.values() for slugs in of_device for slug in slugs}
    # Sources that ask for the same look the same: what their hosts may stand for is worked out once, and equal lists are one.
    counted_as: dict[tuple[Hashable, ...], list[tuple[str, set[int]]]] = {}
    lists: dict[tuple[Required, ...], list[Required]] = {}
    found = {}
    for client in np.unique(evidence.client.codes[rows]).tolist():
        mine, (required, elsewhere) = answers.of_client.get(client, ()), of_kind[devices[client]]
        # In a region that no list prints, what is required of every other is required too.
        regional = frozenset({evidence.service.values[code] for code in mine} & elsewhere)
        pairs = matched.get(client, ())
        key = (devices[client], pairs, regional)
        if key not in counted_as:
            slugs = sorted(required.keys() | regional)
            counted_as[key] = [(slug, {code_of.get(slug, -1), *_under(required.get(slug, ()), pairs, rules)}) for slug in slugs]
        own = []
        for slug, codes in counted_as[key]:
            asked, may_be, hides = codes.intersection(mine), possible.get((client, slug)), hidden.get(client)
            if asked or may_be is not None or hides is not None:
                own.append(_became(slug, [answers.services[client, code].whole for code in asked], may_be, hides))
            else:
                own.append(unseen[slug])
        found[client] = lists.setdefault(tuple(own), own)
    return found


def _matched(evidence: Evidence, rows: Ints, rules: Coded) -> dict[int, tuple[tuple[int, int], ...]]:
    """client → the (rule, service) of its named rows, each once."""
    found: dict[int, list[tuple[int, int]]] = {}
    for (client, rule, service), _ in grouped(rows[rules.codes[rows] >= 0], evidence.client.codes, rules.codes, evidence.service.codes):
        found.setdefault(client, []).append((rule, service))
    return {client: tuple(pairs) for client, pairs in found.items()}


def _under(rules: Iterable[Rule], matched: Iterable[tuple[int, int]], patterns: Coded) -> set[int]:
    """Codes of services of which a narrower rule matched: a consolidated name is seen with any name under its wildcard.

    Under a wildcard that others share lie hosts of other services: EDR's cyber data is no telemetry of the Core service.
    """
    suffixes = tuple(rule.pattern[1:] for rule in rules if rule.is_wildcard and rule.counts_as == OWN)
    return {service for rule, service in matched if patterns.values[rule].endswith(suffixes)}


def _became(slug: str, contests: Sequence[Contest], possible: set[str] | None, hidden: set[str] | None) -> Required:
    shares = [share for contest in contests for share in contest.shares.values()]
    direct = {kind for contest in contests for kind, n in contest.direct.items() if n}
    worked = {share.proxy for share in shares if share.worked}
    if worked or "answered" in direct:
        return Required(slug, "carried", _through(worked, "answered" in direct))
    untold = {share.proxy for share in shares if share.unseen or share.lost}
    if untold or "unknown" in direct or any(contest.outcomes[UNSEEN] for contest in contests):
        return Required(slug, "possible", _through(untold, "unknown" in direct))
    asked = {share.proxy for share in shares if share.asked}
    if asked or "blocked" in direct:
        return Required(slug, "failed", _through(asked, "blocked" in direct))
    if possible is not None:
        return Required(slug, "possible", _through(possible - {PAST_THE_PROXIES}, PAST_THE_PROXIES in possible))
    if hidden is not None:
        return Required(slug, "hidden", _through(hidden, False))
    return Required(slug, "unseen")


def _through(proxies: set[str], direct: bool) -> tuple[str, ...]:
    return (*sorted(proxies), *([PAST_THE_PROXIES] if direct else []))


def _hidden(evidence: Evidence) -> dict[int, set[str]]:
    """client → the proxies to which it speaks TLS that shows no request."""
    found: dict[int, set[str]] = {}
    rows = np.flatnonzero(source_rows(evidence) & evidence.hidden)
    for (client, proxy), _ in grouped(rows, evidence.client.codes, evidence.proxy.codes):
        if proxy >= 0:
            found.setdefault(client, set()).add(evidence.proxy.values[proxy])
    return found


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
