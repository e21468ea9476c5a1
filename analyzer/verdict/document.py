"""The verdict document: the contract's JSON as plain data, every key present, null when unknown, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.findings import Finding, in_order
from analyzer.routes.discovery import Discovery
from analyzer.routes.requests import one_array
from analyzer.routes.topology import Topology, address_number
from analyzer.services.catalogue import Catalogue
from analyzer.verdict.backlog import backlog_findings, flushes
from analyzer.verdict.bypass import bypass_findings, direct_tables
from analyzer.verdict.captures import capture_findings
from analyzer.verdict.client_analyzer import run_findings, set_aside
from analyzer.verdict.discovered import pac_discoveries
from analyzer.verdict.evidence import Evidence, evidence_of, grouped, rfc3339, source_rows
from analyzer.verdict.failures import failure_findings
from analyzer.verdict.fallback import fallback_findings
from analyzer.verdict.forwarding import forwarded, leg_pairs
from analyzer.verdict.inventory import inventory
from analyzer.verdict.oddities import oddity_findings
from analyzer.verdict.opened import inspection_findings
from analyzer.verdict.precedence import carrying, precedence
from analyzer.verdict.reason import reason_of
from analyzer.verdict.required import Contests, Required, required_of, required_unseen
from analyzer.verdict.resolution import resolution_findings
from analyzer.verdict.revocation import revocation_findings
from analyzer.verdict.silence import no_service_traffic, no_source_reason
from analyzer.verdict.talk import talk, users_like_services
from analyzer.verdict.translation import translation_findings
from analyzer.verdict.tunnels import tunnel_findings
from analyzer.verdict.winner import Contest, contests

SCHEMA = 1
PLANES = ("sensor", "antivirus", "system", "user")


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
) -> dict[str, Any]:
    """The verdict document over all flows but those that the Client Analyzer caused, as plain data; see document_of.

    flows       FLOW_SCHEMA with every stage filled, in any order
    """
    whole = evidence_of(flows, topology)
    evidence, runs = set_aside(whole)
    return document_of(
        evidence,
        catalogue=catalogue,
        captures=captures,
        window=window,
        configured=configured,
        also=run_findings(whole, evidence, runs),
        discoveries=discoveries,
        lookups=lookups,
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
) -> dict[str, Any]:
    """The verdict document over this evidence, as plain data.

    captures    passed through (times as ns since 1970 become RFC 3339); their damage becomes findings
    window      [start, end) in ns since 1970 that the flows were read for; None: where the captures begin or end
    configured  methods that a study says were configured
    logons      when a study says that users logged on, ns since 1970
    also        findings about what isn't in the evidence any more
    discoveries how clients looked for a proxy by themselves, where packets said so
    lookups     what names resolved to (tables.LOOKUP_SCHEMA); None where flows came without their captures

    Beyond the contract: `reason` says why there are no sources (null when there are), a direct entry has its `protocol`, `legs` says what
    came out behind the proxies (forwarding.py), a source's `talk` how it talks to each proxy (talk.py) and its `required` what became of
    the services that Defender requires (required.py).
    A source is every client address that isn't a proxy's and has a flow to a proxy or past them (route proxy or direct). Proxies
    that the topology gives an address and a port are listed even where nobody used them.
    """
    captures = [_with_written_times(capture) for capture in captures]
    pairs = leg_pairs(evidence)
    by_service = contests(evidence, evidence.service, evidence.request_service)
    required = required_of(evidence, catalogue, by_service)
    findings = [
        *failure_findings(evidence),
        *tunnel_findings(evidence, pairs),
        *inspection_findings(evidence),
        *revocation_findings(evidence),
        *fallback_findings(evidence),
        *resolution_findings(evidence, lookups, catalogue),
        *bypass_findings(evidence),
        *oddity_findings(evidence, catalogue),
        *pac_discoveries(evidence, discoveries),
        *translation_findings(evidence),
        *users_like_services(evidence),
        *no_service_traffic(evidence),
        *backlog_findings(evidence, flushes(evidence, logons)),
        *required_unseen(evidence, catalogue, required),
        *capture_findings(captures),
        *also,
    ]
    return {
        "schema": SCHEMA,
        "window": _window(evidence, captures, window),
        "captures": captures,
        "reason": no_source_reason(evidence),
        "sources": _sources(evidence, catalogue, by_service, required, configured),
        "proxies": inventory(evidence),
        "legs": forwarded(evidence, pairs),
        "direct": direct_tables(evidence),
        "findings": in_order(findings),
    }


def _with_written_times(capture: Mapping[str, Any]) -> dict[str, Any]:
    """The capture's entry as the document has it: readers count in ns, a document that is judged again has texts."""
    times = {key: capture.get(key) for key in ("first_seen", "last_seen")}
    return {**capture, **{key: rfc3339(time) if isinstance(time, int) else time for key, time in times.items()}}


def _window(evidence: Evidence, captures: Sequence[Mapping[str, Any]], window: tuple[int | None, int | None]) -> list[str | None]:
    """The asked-for bounds; where there was none, the captures' earliest and latest packet, else the flows'."""
    seen = evidence.span(np.arange(evidence.flows.num_rows))
    firsts = [capture["first_seen"] for capture in captures if capture.get("first_seen")]
    lasts = [capture["last_seen"] for capture in captures if capture.get("last_seen")]
    # RFC 3339 of one form sorts as text.
    edges = (min(firsts, default=seen[0]), max(lasts, default=seen[1]))
    return [edge if bound is None else rfc3339(bound) for edge, bound in zip(edges, window, strict=True)]


def _sources(
    evidence: Evidence, catalogue: Catalogue, by_service: Contests, required: Mapping[int, list[Required]], configured: Sequence[str]
) -> list[dict[str, Any]]:
    clients = np.unique(evidence.client.codes[source_rows(evidence)]).tolist()
    services = _services(evidence, catalogue, by_service)
    planes: dict[int, dict[str, tuple[int, Contest]]] = {}
    for (client, code), contest in contests(evidence, evidence.plane, evidence.request_plane).items():
        planes.setdefault(client, {})[evidence.plane.values[code]] = (code, contest)
    found, talks = carrying(evidence), talk(evidence)
    rows = []
    for client in sorted(clients, key=lambda code: address_number(evidence.client.values[code])):
        ip, own = evidence.client.values[client], planes.get(client, {})
        rows.append(
            {
                "client_ip": ip,
                "name": evidence.topology.workstation_name(ip),
                "services": services.get(client, []),
                "required": [one.to_dict() for one in required.get(client, [])],
                "planes": [{"plane": plane, **_judged(own[plane][1], plane)} for plane in PLANES if plane in own],
                "talk": talks.get(client, []),
                "precedence": precedence(evidence, found, client, own, configured) if own else [],
            }
        )
    return rows


def _services(evidence: Evidence, catalogue: Catalogue, by_service: Contests) -> dict[int, list[dict[str, Any]]]:
    """client → its services, by slug. A service's plane is its hosts' here, null where they differ, else the catalogue's."""
    groups, seen = _groups(evidence, catalogue), _planes_seen(evidence)
    services: dict[int, list[dict[str, Any]]] = {}
    for (client, code), contest in by_service.items():
        slug = evidence.service.values[code]
        own = catalogue.services[slug].plane if slug in catalogue.services else None
        planes = sorted(seen.get((client, code), ()))
        plane = own if not planes else planes[0] if len(planes) == 1 else None
        entry = {"service": slug, "group": groups[slug], "plane": plane, **_judged(contest, slug)}
        services.setdefault(client, []).append(entry)
    for entries in services.values():
        entries.sort(key=lambda entry: str(entry["service"]))
    return services


def _judged(contest: Contest, what: str) -> dict[str, Any]:
    winner = contest.winner
    return {
        "winner": winner.proxy if winner else None,
        "winner_name": winner.name if winner else None,
        "method": winner.method if winner else None,
        "confidence": contest.confidence,
        "reason": reason_of(contest, what),
        "by_proxy": [share.to_dict() for share in contest.shares],
    }


def _groups(evidence: Evidence, catalogue: Catalogue) -> dict[str, str | None]:
    """slug → group: as the catalogue has it, else as the flows do (a table that was tagged by another catalogue)."""
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
    of_rows = grouped(rows, evidence.client.codes, evidence.service.codes, evidence.plane.codes)
    of_requests = grouped(asked, evidence.client.codes[requests.row], evidence.request_service.codes, evidence.request_plane.codes)
    for (client, service, plane), _ in chain(of_rows, of_requests):
        planes.setdefault((client, service), set()).add(evidence.plane.values[plane])
    return planes
