"""Direct after the proxy failed: the sensor goes past a static proxy that it can't reach (learn.microsoft.com, verify connectivity)."""

from __future__ import annotations

import numpy as np

from analyzer.findings import Confidence, Finding
from analyzer.routes.requests import NO_TIME, Ints, integers, one_array
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.failures import state_list
from analyzer.verdict.reason import counted, listed

SOON_NS = 60 * 10**9
"""How soon after a failed connection to the proxy a direct one counts as its consequence. Windows gives up a connection after 21 s."""

TLS_PORT = 443


def fallback_findings(evidence: Evidence) -> list[Finding]:
    """fallback, per source and proxy: direct attempts to Defender's hosts, or to port 443 of hosts that nobody named, soon after.

    Destinations that this source tried directly before its proxy failed are no consequence of it.
    """
    port = integers(one_array(evidence.flows.column("server_port")), 0)
    tcp = np.asarray(one_array(evidence.flows.column("protocol")).to_numpy(zero_copy_only=False) == "tcp")
    candidate = (evidence.route == DIRECT) & tcp & ((evidence.service.codes >= 0) | ((evidence.host.codes < 0) & (port == TLS_PORT)))
    direct = dict(grouped(np.flatnonzero(candidate & (evidence.first != NO_TIME)), evidence.client.codes))
    dead = np.flatnonzero((evidence.route == PROXY) & evidence.blocked & (evidence.first != NO_TIME))
    server = integers(one_array(evidence.flows.column("server_ip")).dictionary_encode().indices, -1)
    findings = []
    for (client, proxy), rows in grouped(dead, evidence.client.codes, evidence.proxy.codes):
        tried = direct.get((client,))
        if tried is None:
            continue
        after = _soon_after(evidence.first[rows], evidence.first[tried])
        known = np.unique(server[tried[evidence.first[tried] < evidence.first[rows].min()]])
        consequence = tried[after & ~np.isin(server[tried], known)]
        if len(consequence):
            findings.append(_finding(evidence, client, proxy, rows, consequence))
    return findings


def _soon_after(failures: Ints, attempts: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Per attempt: whether a failure lies at most SOON_NS before it. failures ascending."""
    before = np.searchsorted(failures, attempts, side="right") - 1
    return (before >= 0) & (attempts - failures[np.maximum(before, 0)] <= SOON_NS)


def _finding(evidence: Evidence, client: int, proxy: int, failed: Ints, direct: Ints) -> Finding:
    hosts = sorted({evidence.host.values[code] for code in evidence.host.codes[direct].tolist() if code >= 0})
    defender = bool((evidence.service.codes[direct] >= 0).any())
    wait = int((evidence.first[direct].min() - evidence.first[failed].min()) / 1e9)
    text = (
        f"{evidence.client_label(client)} could not connect to {evidence.proxy_label(proxy)} ({state_list(evidence, failed)}) and from "
        f"{wait} s later on tried {counted(len(direct), 'direct connection')}{f' ({listed(hosts)})' if hosts else ''}: "
        f"{state_list(evidence, direct)}"
    )
    rows = np.union1d(failed, direct)
    confidence: Confidence = "certain" if defender else "likely"
    return evidence.finding("fallback", rows, text, client=client, proxy=proxy, confidence=confidence)
