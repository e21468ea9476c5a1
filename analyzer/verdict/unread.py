"""Requests of a source that can't be seen: their names weren't captured, or TLS to the proxy hides them. They may be for anything."""

from __future__ import annotations

from collections import Counter

import numpy as np

from analyzer.routes.route import PROXY
from analyzer.verdict.evidence import Evidence


def unread_requests(evidence: Evidence) -> dict[int, Counter[int]]:
    """client code → how many of its requests to each proxy (code) can't be seen."""
    row = evidence.requests.row
    nameless = (evidence.request_host.codes < 0) & (evidence.host.codes[row] < 0) & evidence.asks_proxy
    rows = np.concatenate([row[nameless], np.flatnonzero((evidence.route == PROXY) & evidence.hidden & (evidence.service.codes < 0))])
    found: dict[int, Counter[int]] = {}
    for client, proxy in zip(evidence.client.codes[rows].tolist(), evidence.proxy.codes[rows].tolist(), strict=True):
        found.setdefault(client, Counter())[proxy] += 1
    return found
