"""service-plane-mixed: requests for one service that belong to several planes, and user hosts requested by a service's client stack."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.route import PROXY
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, mask
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.talk import SERVICE_STACK, USERS_PLANE, text_counts


def find(case: Case) -> list[Finding]:
    """One finding over all services and sources, and one per proxy."""
    return [*mixed(case.evidence), *users_like_services(case.evidence)]


def mixed(evidence: Evidence) -> list[Finding]:
    """Services whose requests from one source belong to several planes. A host without a plane is no contradiction."""
    row, plane = evidence.requests.row, evidence.request_plane
    known = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes >= 0) & (plane.codes >= 0))
    parts, asked, services = [], [], []
    for (client, service), own in grouped(known, evidence.client.codes[row], evidence.request_service.codes):
        if len(own) > 1 and (plane.codes[own] != plane.codes[own[0]]).any():
            codes, counts = np.unique(plane.codes[own], return_counts=True)
            names = [f"{n} of the {plane.values[code]} plane" for code, n in zip(codes.tolist(), counts.tolist(), strict=True)]
            requests = counted(len(own), f"{evidence.service.values[service]} request")
            parts.append(f"{requests} of {evidence.client_label(client)}: {' and '.join(sorted(names))}")
            asked.append(own)
            services.append(service)
    if not asked:
        return []
    rows = evidence.rows_of(np.sort(np.concatenate(asked)))
    return [evidence.finding("service-plane-mixed", rows, listed(parts), services=services)]


def users_like_services(evidence: Evidence) -> list[Finding]:
    """Hosts of the user's plane requested by Windows services, per proxy.

    Only the shape of a CONNECT counts: over plain HTTP a service fetches live tiles for the user with its own agent (Microsoft-WNS).
    """
    family = coded(evidence.flows.column("client_family"))
    if USERS_PLANE not in evidence.plane.values or SERVICE_STACK not in family.values:
        return []
    users = (evidence.route == PROXY) & (evidence.plane.codes == evidence.plane.values.index(USERS_PLANE)) & (family.codes >= 0)
    reasons = column(evidence, "client_family_by")
    by_connect = mask(pc.starts_with(reasons, "CONNECT"))
    like_services = (family.codes == family.values.index(SERVICE_STACK)) & by_connect
    findings = []
    for (proxy,), rows in grouped(np.flatnonzero(users), evidence.proxy.codes):
        odd = rows[like_services[rows]]
        if not len(odd):
            continue
        others = text_counts(family.values, family.codes[rows[~like_services[rows]]].tolist())
        before = f"; the other flows to such hosts ({len(rows) - len(odd)}) talk like {listed(list(others))}" if others else ""
        (reason,) = values(reasons.take(array(odd[:1])))
        text = (
            f"{counted(len(odd), 'flow')} of {evidence.of_whom(odd)} through {evidence.proxy_label(proxy)} to hosts of the user"
            f"{evidence.hosts_of(odd)} {'talks' if len(odd) == 1 else 'talk'} as Windows services do ({reason}){before}"
        )
        findings.append(evidence.finding("service-plane-mixed", odd, text, proxy=proxy, confidence="likely"))
    return findings
