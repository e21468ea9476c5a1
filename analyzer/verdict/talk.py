"""The client stacks of each source at each proxy, with the evidence for them. They support a plane and never decide one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped

SERVICE_STACK = "winhttp"
USERS_PLANE = "user"


def talk(evidence: Evidence) -> dict[int, list[dict[str, Any]]]:
    """client → an entry per proxy and family, the most frequent first.

    by       the evidence for the family, and the number of flows
    planes   the hosts' planes, and the number of flows; flows without a plane are left out
    ja4      fingerprints of the ClientHellos, at most MOST_LISTED, the most frequent first
    """
    family, by = coded(evidence.flows.column("client_family")), coded(evidence.flows.column("client_family_by"))
    ja4, agent = coded(evidence.flows.column("ja4")), coded(evidence.flows.column("user_agent"))
    # Most groups have few flows: counting Python lists costs a tenth of a call into numpy.
    by_of, plane_of, agent_of, ja4_of = (one.codes.tolist() for one in (by, evidence.plane, agent, ja4))
    rows = np.flatnonzero((evidence.route == PROXY) & (family.codes >= 0) & (evidence.proxy.codes >= 0))
    entries: dict[int, list[dict[str, Any]]] = {}
    for (client, proxy, code), members in grouped(rows, evidence.client.codes, evidence.proxy.codes, family.codes):
        flows = members.tolist()
        entries.setdefault(client, []).append(
            {
                "proxy": evidence.proxy.values[proxy],
                "name": evidence.proxy_names[evidence.proxy.values[proxy]][0],
                "family": family.values[code],
                "flows": len(flows),
                "by": _listing("what", text_counts(by.values, [by_of[flow] for flow in flows])),
                "planes": _listing("plane", text_counts(evidence.plane.values, [plane_of[flow] for flow in flows])),
                "user_agents": list(text_counts(agent.values, [agent_of[flow] for flow in flows]))[:MOST_LISTED],
                "ja4": list(text_counts(ja4.values, [ja4_of[flow] for flow in flows]))[:MOST_LISTED],
            }
        )
    for listing in entries.values():
        listing.sort(key=lambda entry: (entry["name"] or entry["proxy"], -entry["flows"], entry["family"]))
    return entries


MOST_LISTED = 5


def _listing(key: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    return [{key: text, "flows": number} for text, number in counts.items()]


def text_counts(values: list[str], codes: Iterable[int]) -> dict[str, int]:
    """Text → its number, the most frequent first. codes: of the texts; negative ones are skipped."""
    known = [code for code in codes if code >= 0]
    if len(known) < 2:
        return {values[code]: 1 for code in known}
    counts = Counter(known)
    if len(counts) < 2:
        return {values[code]: number for code, number in counts.items()}
    return dict(sorted(((values[code], number) for code, number in counts.items()), key=lambda pair: (-pair[1], pair[0])))
