"""Which process of each source used which proxy, where the capture names processes: the strongest evidence of a flow's origin."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped


def processes(evidence: Evidence) -> dict[int, list[dict[str, Any]]]:
    """client → an entry per proxy and process, those with most flows first; Defender's flows past the proxies come last.

    process    as the capture has it: its name, its number, or both
    proxy      null: past the proxies, only for flows of a Defender service
    services   of its flows, sorted
    """
    process = coded(evidence.flows.column("process"))
    named = process.codes >= 0
    through = named & (evidence.route == PROXY) & (evidence.proxy.codes >= 0)
    past = named & (evidence.route == DIRECT) & (evidence.service.codes >= 0)
    proxy = np.where(through, evidence.proxy.codes, -1)
    entries: dict[int, list[dict[str, Any]]] = {}
    rows = np.flatnonzero(through | past)
    for (client, at, code), members in grouped(rows, evidence.client.codes, proxy, process.codes):
        address = evidence.proxy.values[at] if at >= 0 else None
        slugs = {evidence.service.values[service] for service in evidence.service.codes[members].tolist() if service >= 0}
        entries.setdefault(client, []).append(
            {
                "process": process.values[code],
                "proxy": address,
                "name": evidence.proxy_names[address][0] if address is not None else None,
                "flows": len(members),
                "services": sorted(slugs),
            }
        )
    for listing in entries.values():
        listing.sort(key=lambda entry: (entry["proxy"] is None, entry["name"] or entry["proxy"] or "", -entry["flows"], entry["process"]))
    return entries
