"""How each source talks to each proxy: its stacks, with what tells them. It supports a plane and never decides one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.requests import Ints, one_array
from analyzer.routes.route import PROXY
from analyzer.text.times import values
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.reason import counted, listed

SERVICE_STACK = "winhttp"
USERS_PLANE = "user"


def talk(evidence: Evidence) -> dict[int, list[dict[str, Any]]]:
    """client → an entry per proxy and family, the commonest first.

    by       what told the family, and how many flows
    planes   the hosts' planes, and how many flows; flows of no plane are left out
    ja4      fingerprints of the ClientHellos, at most MOST_JA4, the commonest first
    """
    family, by = coded(evidence.flows.column("client_family")), coded(evidence.flows.column("client_family_by"))
    ja4, agent = coded(evidence.flows.column("ja4")), coded(evidence.flows.column("user_agent"))
    rows = np.flatnonzero((evidence.route == PROXY) & (family.codes >= 0) & (evidence.proxy.codes >= 0))
    entries: dict[int, list[dict[str, Any]]] = {}
    for (client, proxy, code), members in grouped(rows, evidence.client.codes, evidence.proxy.codes, family.codes):
        entries.setdefault(client, []).append(
            {
                "proxy": evidence.proxy.values[proxy],
                "name": evidence.proxy_names[evidence.proxy.values[proxy]][0],
                "family": family.values[code],
                "flows": len(members),
                "by": _listing("what", _counts(by.values, by.codes[members])),
                "planes": _listing("plane", _counts(evidence.plane.values, evidence.plane.codes[members])),
                "user_agents": list(_counts(agent.values, agent.codes[members]))[:MOST_LISTED],
                "ja4": list(_counts(ja4.values, ja4.codes[members]))[:MOST_LISTED],
            }
        )
    for listing in entries.values():
        listing.sort(key=lambda entry: (entry["name"] or entry["proxy"], -entry["flows"], entry["family"]))
    return entries


MOST_LISTED = 5


def _listing(key: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{key: text, "flows": number} for text, number in counts.items()]


def _counts(values: list[str], codes: Ints) -> dict[str, int]:
    """Text → how often, the commonest first."""
    known, counts = np.unique(codes[codes >= 0], return_counts=True)
    pairs = sorted(zip((values[code] for code in known.tolist()), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(pairs)


def users_like_services(evidence: Evidence) -> list[Finding]:
    """service-plane-mixed: hosts of the user's plane asked for as Windows services ask, per source and proxy.

    Only the shape of a CONNECT counts: on plain HTTP a service fetches live tiles for the user under its own agent (Microsoft-WNS).
    """
    family = coded(evidence.flows.column("client_family"))
    if USERS_PLANE not in evidence.plane.values or SERVICE_STACK not in family.values:
        return []
    users = (evidence.route == PROXY) & (evidence.plane.codes == evidence.plane.values.index(USERS_PLANE)) & (family.codes >= 0)
    reasons = one_array(evidence.flows.column("client_family_by"))
    by_connect = np.asarray(pc.fill_null(pc.starts_with(reasons, "CONNECT"), False).to_numpy(zero_copy_only=False), dtype=np.bool_)
    like_services = (family.codes == family.values.index(SERVICE_STACK)) & by_connect
    findings = []
    for (client, proxy), rows in grouped(np.flatnonzero(users), evidence.client.codes, evidence.proxy.codes):
        odd = rows[like_services[rows]]
        if not len(odd):
            continue
        hosts = sorted({evidence.host.values[code] for code in evidence.host.codes[odd].tolist() if code >= 0})
        others = _counts(family.values, family.codes[rows[~like_services[rows]]])
        before = f"; its other flows ({len(rows) - len(odd)}) talk like {listed(list(others))}" if others else ""
        (reason,) = values(reasons.take(array(odd[:1])))
        text = (
            f"{counted(len(odd), 'flow')} of {evidence.client_label(client)} through {evidence.proxy_label(proxy)} to hosts of the user "
            f"({listed(hosts)}) {'talks' if len(odd) == 1 else 'talk'} as Windows services do ({reason}){before}"
        )
        findings.append(evidence.finding("service-plane-mixed", odd, text, client=client, proxy=proxy, confidence="likely"))
    return findings
