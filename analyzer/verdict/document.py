"""The verdict document: the contract's JSON as plain data, every key present, null when unknown, in a fixed order."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.flows.lone import LeftOut
from analyzer.routes.discovery import Discovery
from analyzer.routes.networks import address_number
from analyzer.routes.requests import Ints, one_array
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import Catalogue
from analyzer.text.labels import PLANES
from analyzer.text.times import rfc3339, span_of, spanning
from analyzer.verdict.alike import alike_of
from analyzer.verdict.amounts import amounts_of
from analyzer.verdict.answers import answers_of
from analyzer.verdict.case import Case
from analyzer.verdict.client_analyzer import run_findings, set_aside
from analyzer.verdict.collection import cycle_collection_paused
from analyzer.verdict.devices import devices_of, patterns_of
from analyzer.verdict.direct import direct_tables
from analyzer.verdict.evidence import Evidence, distinct, evidence_of, grouped, source_rows
from analyzer.verdict.finders import findings_of
from analyzer.verdict.finders.silence import no_source_reason
from analyzer.verdict.follower import Pattern
from analyzer.verdict.forwarding import forwarded, leg_pairs
from analyzer.verdict.groups import AnswerFacts, Member, groups_of
from analyzer.verdict.inventory import inventory
from analyzer.verdict.lookups import reached_by_others
from analyzer.verdict.made_by import made_by
from analyzer.verdict.named_by_dns import named_by_dns
from analyzer.verdict.precedence import precedence
from analyzer.verdict.processes import processes
from analyzer.verdict.readiness import devices_seen
from analyzer.verdict.reason import reason_of
from analyzer.verdict.remarks import remarks_of
from analyzer.verdict.required import Required, required_of
from analyzer.verdict.seen import defender_seen
from analyzer.verdict.strangers import set_strangers_aside
from analyzer.verdict.system import systems_of
from analyzer.verdict.talk import talk
from analyzer.verdict.winner import Answer, Era, Share

SCHEMA = 2


def judge(
    flows: pa.Table,
    *,
    topology: Topology,
    catalogue: Catalogue,
    captures: Sequence[Mapping[str, Any]],
    window: tuple[int | None, int | None] = (None, None),
    configured: Sequence[str] = (),
    discoveries: Sequence[Discovery] = (),
    lookups: pa.Table | None = None,
    options: Mapping[str, Any] | None = None,
    left_out: LeftOut | None = None,
) -> dict[str, Any]:
    """The verdict document over all flows without the Client Analyzer's, as plain data; see document_of.

    flows       FLOW_SCHEMA with every stage filled, in any order;  left_out   lone SYNs without a row in `flows`
    """
    with cycle_collection_paused():
        flows, strangers = set_strangers_aside(flows, left_out)
        whole = evidence_of(flows, topology)
        evidence, runs = set_aside(whole)
        return document_of(
            evidence,
            catalogue=catalogue,
            captures=captures,
            window=window,
            configured=configured,
            also=[*strangers, *run_findings(whole, evidence, runs)],
            discoveries=discoveries,
            lookups=lookups,
            options=options,
        )


def document_of(
    evidence: Evidence,
    *,
    catalogue: Catalogue,
    captures: Sequence[Mapping[str, Any]],
    window: tuple[int | None, int | None] = (None, None),
    configured: Sequence[str] = (),
    logons: Sequence[int] = (),
    also: Sequence[Finding] = (),
    discoveries: Sequence[Discovery] = (),
    lookups: pa.Table | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The verdict document over this evidence, as plain data (types.Verdict).

    captures    passed through (times as ns since 1970 become RFC 3339); their damage becomes findings
    window      [start, end) in ns since 1970 to which the flows were limited; None: where the captures begin or end
    configured  methods that a study names as configured
    logons      users' logon times from a study, ns since 1970
    also        findings about traffic that isn't in the evidence any more
    discoveries how clients searched for a proxy (WPAD, PAC), where the capture shows it
    lookups     DNS answers (tables.LOOKUP_SCHEMA); None where flows were read without their captures
    options     the run's options, repeated in `made_by`

    Every client that isn't a proxy and has a flow to a proxy or past the proxies (route proxy or direct) is a source.
    """
    captures = [_with_written_times(capture) for capture in captures]
    if not evidence.topology.proxies:
        evidence = replace(evidence)
        vars(evidence)["proxy_names"] = named_by_dns(evidence.proxy_names, lookups)
    reached = reached_by_others(evidence, catalogue, lookups)
    pairs, alike = leg_pairs(evidence), alike_of(evidence, compared=not configured, reached=list(reached))
    answers, of_each = answers_of(alike.each), systems_of(alike.each, catalogue)
    systems = alike.for_all(of_each)
    kinds = devices_of(alike.each, catalogue, of_each, patterns_of(evidence))
    devices = alike.for_all(kinds)
    case = Case(
        evidence=evidence,
        alike=alike,
        answers=answers,
        pairs=pairs,
        required=alike.for_all(required_of(alike.each, catalogue, answers, kinds)),
        catalogue=catalogue,
        captures=captures,
        configured=configured,
        logons=logons,
        discoveries=discoveries,
        lookups=lookups,
        systems=systems,
        devices=devices,
        also=also,
        reached=reached,
    )
    with spanning(*span_of(evidence.flows.column("first_seen"), evidence.flows.column("last_seen"))):
        return _written(case, window, options)


def _written(case: Case, window: tuple[int | None, int | None], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """The document of this case."""
    evidence, captures = case.evidence, case.captures
    sources, members = _sources(case)
    return {
        "schema": SCHEMA,
        "made_by": made_by(case.catalogue, evidence.topology, options or {}),
        "window": _window(evidence, captures, window),
        "captures": captures,
        "reason": no_source_reason(evidence),
        "groups": groups_of(members),
        "sources": sources,
        "proxies": inventory(evidence),
        "legs": forwarded(evidence, case.pairs),
        "direct": direct_tables(evidence),
        "pac": [],
        "findings": findings_of(case),
    }


def _with_written_times(capture: Mapping[str, Any]) -> dict[str, Any]:
    """The capture's entry with times as texts: captures have ns, a document that is judged again has texts."""
    times = {key: capture.get(key) for key in ("first_seen", "last_seen")}
    return {**capture, **{key: rfc3339(time) if isinstance(time, int) else time for key, time in times.items()}}


def _window(evidence: Evidence, captures: Sequence[Mapping[str, Any]], window: tuple[int | None, int | None]) -> list[str | None]:
    """The requested bounds; without one, the captures' earliest or latest packet, else the flows'."""
    seen = evidence.span(np.arange(evidence.flows.num_rows))
    firsts = [capture["first_seen"] for capture in captures if capture.get("first_seen")]
    lasts = [capture["last_seen"] for capture in captures if capture.get("last_seen")]
    # RFC 3339 of one form sorts as text.
    edges = (min(firsts, default=seen[0]), max(lasts, default=seen[1]))
    return [edge if bound is None else rfc3339(bound) for edge, bound in zip(edges, window, strict=True)]


def _sources(case: Case) -> tuple[list[dict[str, Any]], list[Member]]:
    """Every source's row and group membership, in the order of the sources' addresses."""
    evidence, alike = case.evidence, case.alike
    written: dict[int, tuple[dict[str, Any], Member]] = {}
    followers = alike.followers()
    amounts = [amounts_of(evidence, chain(*followers.values()), of_planes=of_planes) for of_planes in (False, True)]
    for first, row, member, codes in _of_each(case):
        written[first] = row, member
        if first in followers:
            pattern = Pattern(row, member, codes)
            for client in followers[first]:
                written[client] = pattern.written(client, evidence.client.values[client], evidence.names, amounts)
    ordered = [written[client] for client in sorted(written, key=lambda code: address_number(evidence.client.values[code]))]
    return [row for row, _ in ordered], [member for _, member in ordered]


def _of_each(case: Case) -> Iterator[tuple[int, dict[str, Any], Member, tuple[dict[str, int], dict[str, int]]]]:
    """For the first source of each kind: the client, its row, its group membership, and the codes of its services and planes."""
    evidence, each, answers = case.evidence, case.alike.each, case.answers
    clients = np.unique(each.client.codes[source_rows(each)]).tolist()
    written: dict[int, _Rows] = {}
    services, defender = _services(case, written), defender_seen(each)
    planes: dict[int, dict[str, tuple[int, Answer]]] = {}
    for (client, code), answer in answers.planes.items():
        planes.setdefault(client, {})[each.plane.values[code]] = (code, answer)
    client_of = evidence.client.codes[evidence.requests.row]
    asked = {client: mine for (client,), mine in grouped(np.flatnonzero(evidence.asks_proxy & np.isin(client_of, clients)), client_of)}
    talks, used_by, remarks = talk(each), processes(each), remarks_of(case)
    required: dict[int, list[dict[str, Any]]] = {}  # by the list it is made from: sources with equal requirements share one
    devices = {client: case.devices[client] for client in clients if client in case.devices}
    looks_like = devices_seen(each, case.catalogue, devices, case.systems)
    for client in clients:
        ip, own = evidence.client.values[client], planes.get(client, {})
        of_planes = {plane: own[plane][1] for plane in PLANES if plane in own}
        facts = AnswerFacts(of_planes, remarks.get(client, ()))
        text = facts.as_text(defender.get(client, "not-seen"))
        mine: Ints = asked.get(client, np.zeros(0, dtype=np.int64))
        row = {
            "client_ip": ip,
            "client_ips": evidence.names.addresses(ip),
            "name": evidence.names.name(ip),
            "defender": defender.get(client, "not-seen"),
            "answer": text,
            "services": services.get(client, []),
            "planes": [_plane(plane, answer, written) for plane, answer in of_planes.items()],
            "required": _required(case.required.get(client), required),
            "device": looks_like.get(client),
            "talk": talks.get(client, []),
            "processes": used_by.get(client, []),
            "precedence": precedence(evidence, mine, own, case.configured) if own else [],
        }
        short = {plane: {key: entry[key] for key in ("asked", "winner", "outcome")} for plane, entry in _by_plane(row).items()}
        parts: dict[str, Hashable] = {plane: _part(answer) for plane, answer in of_planes.items()}
        if parts:
            parts["past the proxies"] = any(remark.about == "past the proxies" for remark in facts.remarks)
        unreached = tuple(remark.what for remark in facts.remarks if remark.about == "unreached")
        if parts or unreached:
            parts["unreached"] = unreached
        codes = {each.service.values[code]: code for code in answers.of_client.get(client, ())}, {plane: own[plane][0] for plane in own}
        yield client, row, Member(ip, row["defender"], parts, short, facts), codes


def _required(own: list[Required] | None, written: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The state of each required service as dicts; sources that share the list share the result."""
    if own is None:
        return []
    if id(own) not in written:
        written[id(own)] = [one.to_dict() for one in own]
    return written[id(own)]


def _by_plane(source: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {entry["plane"]: entry for entry in source["planes"]}


def _part(answer: Answer) -> Hashable:
    """The parts in which one plane's answer can differ from another source's."""
    ways = [*(era.contest.winner for era in answer.eras), answer.last.asked]
    turned = answer.turned and answer.turned.to_direct
    return (
        *(share and share.itself for share in ways),
        answer.last.outcome,
        answer.last.split,
        turned,
        bool(answer.last.taken_over),
        bool(answer.last.torn),
    )


def _services(case: Case, written: dict[int, _Rows]) -> dict[int, list[dict[str, Any]]]:
    """client → its services, by slug. A service's plane is here that of its hosts; null where they differ."""
    evidence = case.alike.each
    groups, seen, own_seen = _groups(case.evidence, case.catalogue), _planes_seen(evidence), _own_seen(evidence)
    services: dict[int, list[dict[str, Any]]] = {}
    for (client, code), answer in case.answers.services.items():
        slug = evidence.service.values[code]
        planes = sorted(seen.get((client, code), ()))
        entry = {
            "service": slug,
            "group": groups[slug],
            "plane": planes[0] if len(planes) == 1 else None,
            "evidence": "own" if (client, code) in own_seen else "platform",
            **_judged(answer, slug, written),
        }
        services.setdefault(client, []).append(entry)
    for entries in services.values():
        entries.sort(key=lambda entry: str(entry["service"]))
    return services


_Rows = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def _plane(plane: str, answer: Answer, written: dict[int, _Rows]) -> dict[str, Any]:
    judged = _judged(answer, plane, written)
    return {"plane": plane, **judged, "split": answer.last.split}


def _judged(answer: Answer, what: str, written: dict[int, _Rows]) -> dict[str, Any]:
    """The answer of a service or plane as the document's keys. written: eras and shares by answer, which a service and a plane may
    share."""
    contest = answer.last
    if id(answer) not in written:
        written[id(answer)] = [_era(era) for era in answer.eras], [share.to_dict() for share in answer.shares]
    eras, by_proxy = written[id(answer)]
    asked, winner = contest.asked, contest.winner
    return {
        "asked": _proxy(asked),
        "asked_name": asked.name if asked else None,
        "asked_method": asked.method if asked else None,
        "outcome": contest.outcome,
        "winner": _proxy(winner),
        "winner_name": winner.name if winner else None,
        "method": winner.method if winner else None,
        "confidence": contest.confidence,
        "reason": reason_of(answer, what),
        "eras": eras,
        "by_proxy": by_proxy,
    }


def _era(era: Era) -> dict[str, Any]:
    contest = era.contest
    winner, asked = contest.winner, contest.asked
    return {
        "proxy": _proxy(winner),
        "name": winner.name if winner else None,
        "method": winner.method if winner else None,
        "asked": _proxy(asked),
        "first_seen": None if contest.first is None else rfc3339(contest.first),
        "last_seen": None if contest.last is None else rfc3339(contest.last),
        "tunnels": sum(share.carried for share in contest.shares.values()),
        "failed": sum(share.failed for share in contest.shares.values()),
        "outcome": contest.outcome,
        "confidence": contest.confidence,
    }


def _proxy(share: Share | None) -> str | None:
    return None if share is None else share.proxy


def _groups(evidence: Evidence, catalogue: Catalogue) -> dict[str, str | None]:
    """slug → group, from the catalogue, else from the flows (a table that was tagged by another catalogue)."""
    codes, at = np.unique(evidence.service.codes, return_index=True)
    groups = one_array(evidence.flows.column("service_group")).take(array(at)).to_pylist()
    seen = dict(zip(codes.tolist(), groups, strict=True))
    known = catalogue.services
    return {slug: known[slug].group if slug in known else seen.get(code) for code, slug in enumerate(evidence.service.values)}


def _planes_seen(evidence: Evidence) -> dict[tuple[int, ...], set[str]]:
    """(client, service) → planes of its hosts: a consolidated service gets its plane from the host."""
    requests = evidence.requests
    planes: dict[tuple[int, ...], set[str]] = {}
    rows = np.flatnonzero(source_rows(evidence) & (evidence.service.codes >= 0) & (evidence.plane.codes >= 0))
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes >= 0) & (evidence.request_plane.codes >= 0))
    of_rows = distinct(rows, evidence.client.codes, evidence.service.codes, evidence.plane.codes)
    of_requests = distinct(asked, evidence.client.codes[requests.row], evidence.request_service.codes, evidence.request_plane.codes)
    for client, service, plane in chain(of_rows, of_requests):
        planes.setdefault((client, service), set()).add(evidence.plane.values[plane])
    return planes


def _own_seen(evidence: Evidence) -> set[tuple[int, ...]]:
    """(client, service) with own evidence."""
    rows = np.flatnonzero(source_rows(evidence) & evidence.own & (evidence.service.codes >= 0))
    asked = np.flatnonzero(evidence.asks_proxy & evidence.request_own & (evidence.request_service.codes >= 0))
    of_rows = distinct(rows, evidence.client.codes, evidence.service.codes)
    of_requests = distinct(asked, evidence.client.codes[evidence.requests.row], evidence.request_service.codes)
    return {*of_rows, *of_requests}
