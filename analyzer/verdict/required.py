"""The state of each service that Defender requires, at each source: `carried` only where something worked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow.compute as pc

from analyzer.routes.requests import Ints, integers, one_array
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import Device, required_of_some_geography, required_services
from analyzer.services.rules import OWN, Rule
from analyzer.verdict.answers import Answers
from analyzer.verdict.evidence import Coded, Evidence, coded, distinct, source_rows
from analyzer.verdict.outcome import UNSEEN
from analyzer.verdict.winner import Contest

PAST_THE_PROXIES = "direct"

State = Literal["carried", "failed", "hidden", "possible", "unseen"]


class Required(NamedTuple):
    """The state of one required service at one source.

    state    carried: something worked; failed: requested, and nothing worked, or TLS broke off past the proxies; possible: the result
             isn't in the capture, or only hosts that may belong to it were requested; hidden: the source speaks TLS to a proxy, which
             may hide it; unseen
    through  the proxies (IP:PORT) for which the state holds, "direct" last
    """

    service: str
    state: State
    through: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The row of a source's `required`."""
        return {"service": self.service, "state": self.state, "through": list(self.through)}


def required_of(evidence: Evidence, catalogue: Catalogue, answers: Answers, devices: Mapping[int, Device]) -> dict[int, list[Required]]:
    """client code → every service that its device requires, by slug; only sources with Defender traffic, or with hidden requests."""
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
    # Sources with the same requests share the result: it is computed once, and equal lists are one object.
    counted_as: dict[tuple[Hashable, ...], _Kind] = {}
    lists: dict[tuple[Required, ...], list[Required]] = {}
    found = {}
    for client in np.unique(evidence.client.codes[rows]).tolist():
        mine, (required, elsewhere) = answers.of_client.get(client, ()), of_kind[devices[client]]
        # In a region that no list prints, the services that all other regions require are required too.
        regional = frozenset({evidence.service.values[code] for code in mine} & elsewhere)
        pairs = matched.get(client, ())
        key = (devices[client], pairs, regional)
        if key not in counted_as:
            slugs = sorted(required.keys() | regional)
            codes = [{code_of.get(slug, -1), *_under(required.get(slug, ()), pairs, rules)} for slug in slugs]
            counted_as[key] = _Kind(slugs, codes, [unseen[slug] for slug in slugs])
        kind, may_be, hides = counted_as[key], possible.get(client, {}), hidden.get(client)
        own = kind.unseen.copy()
        for place in range(len(own)) if hides is not None else kind.places(mine, may_be):
            slug, asked = kind.slugs[place], kind.codes[place].intersection(mine)
            own[place] = _became(slug, [answers.services[client, code].whole for code in asked], may_be.get(slug), hides)
        found[client] = lists.setdefault(tuple(own), own)
    return found


class _Kind:
    """The requirements of sources with the same requests.

    slugs   the services;  codes   for each, the codes that count as it;  unseen   for each, the `unseen` entry
    """

    def __init__(self, slugs: list[str], codes: list[set[int]], unseen: list[Required]) -> None:
        self.slugs, self.codes, self.unseen = slugs, codes, unseen
        self._place = {slug: place for place, slug in enumerate(slugs)}
        self._places: dict[int, list[int]] = {}
        for place, of_slug in enumerate(codes):
            for code in of_slug:
                self._places.setdefault(code, []).append(place)

    def places(self, mine: Iterable[int], may_be: Iterable[str]) -> set[int]:
        """Positions of the services that a source requested or may have requested.

        mine   codes of the services that it requested;  may_be   services that its hosts may belong to
        """
        found = {place for code in mine for place in self._places.get(code, ())}
        return found | {self._place[slug] for slug in may_be if slug in self._place}


def _matched(evidence: Evidence, rows: Ints, rules: Coded) -> dict[int, tuple[tuple[int, int], ...]]:
    """client → the distinct (rule, service) of its named rows."""
    found: dict[int, list[tuple[int, int]]] = {}
    for client, rule, service in distinct(rows[rules.codes[rows] >= 0], evidence.client.codes, rules.codes, evidence.service.codes):
        found.setdefault(client, []).append((rule, service))
    return {client: tuple(pairs) for client, pairs in found.items()}


def _under(rules: Iterable[Rule], matched: Iterable[tuple[int, int]], patterns: Coded) -> set[int]:
    """Codes of services of which a narrower rule matched: any name under a consolidated wildcard shows it.

    A wildcard that others share also covers hosts of other services: EDR's cyber data is no telemetry of the Core service.
    """
    suffixes = tuple(rule.pattern[1:] for rule in rules if rule.is_wildcard and rule.counts_as == OWN)
    return {service for rule, service in matched if patterns.values[rule].endswith(suffixes)}


def _became(slug: str, contests: Sequence[Contest], possible: set[str] | None, hidden: set[str] | None) -> Required:
    shares = [share for contest in contests for share in contest.shares.values()]
    direct = {kind for contest in contests for kind, n in contest.direct.items() if n > (contest.torn if kind == "answered" else 0)}
    torn = any(contest.torn for contest in contests)
    worked = {share.proxy for share in shares if share.worked}
    if worked or "answered" in direct:
        return Required(slug, "carried", _through(worked, "answered" in direct))
    untold = {share.proxy for share in shares if share.unseen or share.lost}
    if untold or "unknown" in direct or any(contest.outcomes[UNSEEN] or contest.unused for contest in contests):
        return Required(slug, "possible", _through(untold, "unknown" in direct))
    asked = {share.proxy for share in shares if share.asked}
    if asked or torn or "blocked" in direct:
        return Required(slug, "failed", _through(asked, torn or "blocked" in direct))
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
    for client, proxy in distinct(rows, evidence.client.codes, evidence.proxy.codes):
        if proxy >= 0:
            found.setdefault(client, set()).add(evidence.proxy.values[proxy])
    return found


def _possible(evidence: Evidence) -> dict[int, dict[str, set[str]]]:
    """client → service → the ways (proxies or direct) of flows whose host may belong to it."""
    flows, ways = evidence.flows, (*evidence.proxy.values, PAST_THE_PROXIES)
    found: dict[int, dict[str, set[str]]] = {}
    every = source_rows(evidence)
    single = coded(flows.column("service_possible"))
    lists = one_array(flows.column("service_also"))
    row, also = integers(pc.list_parent_indices(lists), 0), coded(pc.list_flatten(lists))
    client, proxy = evidence.client.codes, evidence.proxy.codes
    for services, own in (
        (single.values, distinct(np.flatnonzero(every & (single.codes >= 0)), client, single.codes, proxy)),
        (also.values, distinct(np.flatnonzero(every[row] & (also.codes >= 0)), client[row], also.codes, proxy[row])),
    ):
        for source, service, way in own:
            found.setdefault(source, {}).setdefault(services[service], set()).add(ways[way])
    return found
