"""How each source talks to each proxy: its stacks, with what tells them. It supports a plane and never decides one."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.routes.requests import Ints
from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped

SERVICE_STACK = "winhttp"
USERS_PLANE = "user"


def talk(evidence: Evidence) -> dict[int, list[dict[str, Any]]]:
    """client → an entry per proxy and family, the commonest first.

    by       what the family was recognised by, and in how many flows
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
                "by": _listing("what", text_counts(by.values, by.codes[members])),
                "planes": _listing("plane", text_counts(evidence.plane.values, evidence.plane.codes[members])),
                "user_agents": list(text_counts(agent.values, agent.codes[members]))[:MOST_LISTED],
                "ja4": list(text_counts(ja4.values, ja4.codes[members]))[:MOST_LISTED],
            }
        )
    for listing in entries.values():
        listing.sort(key=lambda entry: (entry["name"] or entry["proxy"], -entry["flows"], entry["family"]))
    return entries


MOST_LISTED = 5


def _listing(key: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{key: text, "flows": number} for text, number in counts.items()]


def text_counts(values: list[str], codes: Ints) -> dict[str, int]:
    """Text → how often, the commonest first."""
    known, counts = np.unique(codes[codes >= 0], return_counts=True)
    pairs = sorted(zip((values[code] for code in known.tolist()), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return dict(pairs)
