"""Incomplete conversations: begun before the capture, or captured in one direction only."""

from __future__ import annotations

import numpy as np

from analyzer.findings import Finding
from analyzer.routes.requests import integers
from analyzer.text.words import counted
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import Evidence, grouped, source_rows


def find(case: Case) -> list[Finding]:
    """mid-stream, per proxy; one-direction-only."""
    return [*mid_stream(case.evidence), *one_direction_only(case.evidence)]


def mid_stream(evidence: Evidence) -> list[Finding]:
    """Conversations that began before the capture."""
    chosen = np.flatnonzero(source_rows(evidence) & says(evidence, "state", "mid-stream"))
    findings = []
    for (proxy,), rows in grouped(chosen, evidence.proxy.codes):
        unnamed = int((evidence.host.codes[rows] < 0).sum())
        where = f"to {evidence.proxy_label(proxy)}" if proxy >= 0 else "to servers that aren't known as proxies"
        who = f"{counted(len(rows), 'conversation')} of {evidence.of_whom(rows)}"
        text = f"{who} {where} began before the capture; {unnamed} without a name"
        findings.append(evidence.finding("mid-stream", rows, text, proxy=proxy))
    return findings


def one_direction_only(evidence: Evidence) -> list[Finding]:
    """All TCP conversations of which only one side was captured. An unanswered SYN is complete."""
    out, back = integers(column(evidence, "packets_out"), 0), integers(column(evidence, "packets_in"), 0)
    begun = says(evidence, "protocol", "tcp") & ~evidence.unopened & ~says(evidence, "state", "no-answer")
    rows = np.flatnonzero(begun & ((out == 0) != (back == 0)))
    if not len(rows):
        return []
    lost = int((back[rows] == 0).sum())
    sides = ", ".join(f"{n} from the {side}" for n, side in ((lost, "client"), (len(rows) - lost, "server")) if n)
    were = "was" if len(rows) == 1 else "were"
    text = f"{len(rows)} of {counted(int(begun.sum()), 'TCP conversation')} {were} captured in one direction only ({sides})"
    return [evidence.finding("one-direction-only", rows, text, severity=None if 2 * len(rows) >= begun.sum() else "info")]
