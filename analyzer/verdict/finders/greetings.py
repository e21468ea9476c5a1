"""proxy-auth-required for SOCKS: connections that ended after the greeting, where the client would have sent a request.

A server that accepts none of the offered methods answers with two bytes, one that refuses a name and password with two more (RFC 1928 3,
RFC 1929 2), and the connection ends. Without a request no host is known; an accepted client would have sent one.
"""

from __future__ import annotations

import numpy as np

from analyzer.findings import Confidence, Finding
from analyzer.routes.captured import captured_of
from analyzer.routes.route import PROXY
from analyzer.text.words import counted
from analyzer.verdict.case import Case
from analyzer.verdict.columns import says
from analyzer.verdict.evidence import grouped

CHOICE, WITH_VERDICT = 2, 4
"""Bytes of the server: its choice of a method, and its answer to a name and password."""


def find(case: Case) -> list[Finding]:
    """One per proxy."""
    evidence = case.evidence
    captured = captured_of(evidence.flows)
    turned_away = says(evidence, "server_first", "socks") & (evidence.route == PROXY) & captured.began & captured.ended
    turned_away &= ~captured.client_lost & ~captured.server_lost & np.isin(captured.server_bytes, (CHOICE, WITH_VERDICT))
    turned_away[evidence.requests.row] = False
    found = []
    for (proxy,), rows in grouped(np.flatnonzero(turned_away), evidence.proxy.codes):
        refused = int((captured.server_bytes[rows] == WITH_VERDICT).sum())
        text = (
            f"{evidence.proxy_label(proxy)} let {counted(len(rows), 'SOCKS connection')} of {evidence.of_whom(rows)} come to no request: "
        )
        none = len(rows) - refused
        parts = [f"{counted(refused, 'time')} a name and password were sent and the connection ended"] if refused else []
        parts += [f"{counted(none, 'time')} it ended behind the server's choice of a method"] if none else []
        confidence: Confidence = "likely" if refused else "unclear"
        text += " and ".join(parts) + "; what was to be asked for isn't known"
        found.append(evidence.finding("proxy-auth-required", rows, text, proxy=proxy, severity="warning", confidence=confidence))
    return found
