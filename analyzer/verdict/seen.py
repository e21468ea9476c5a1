"""Whether Defender's own traffic was seen at a source, may be hidden in TLS to a proxy, or wasn't seen."""

from __future__ import annotations

from analyzer.verdict.evidence import Evidence, occurring, source_rows

PORTAL = "security-portal"
"""Any browser may request its hosts."""


def defender_seen(evidence: Evidence) -> dict[int, str]:
    """client code → "seen" (own evidence of a service other than the portal) or "hidden" (TLS to a proxy that shows no request)."""
    portal = evidence.service.values.index(PORTAL) if PORTAL in evidence.service.values else -2
    found: dict[int, str] = {}
    mine = source_rows(evidence)
    hidden = occurring(evidence.client.codes[mine & evidence.hidden])
    rows = occurring(evidence.client.codes[mine & evidence.own & (evidence.service.codes != portal)])
    row = evidence.requests.row
    asked = evidence.asks_proxy & evidence.request_own & (evidence.request_service.codes != portal)
    found |= dict.fromkeys(hidden, "hidden")
    found |= dict.fromkeys([*rows, *occurring(evidence.client.codes[row[asked]])], "seen")
    return found
