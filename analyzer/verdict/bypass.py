"""What went, or tried to go, past the proxies: the two direct tables and their findings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Finding, Severity
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import Bools, Ints, integers, one_array
from analyzer.routes.route import DIRECT, PROXY
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.failures import state_list
from analyzer.verdict.reason import counted, listed
from analyzer.verdict.strangers import apart, source_list

SOON_NS = 30 * 10**9
"""How soon after a QUIC attempt a request to a proxy counts as the same thing tried again."""


def direct_tables(evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    """direct.allowed and direct.blocked: one entry per source, server, protocol, host, service and state, in time order."""
    tables: dict[str, list[dict[str, Any]]] = {"allowed": [], "blocked": []}
    flows = evidence.flows
    server, protocol = coded(flows.column("server_ip")), coded(flows.column("protocol"))
    port = integers(one_array(flows.column("server_port")), 0)
    rows = np.flatnonzero(evidence.route == DIRECT)
    keys = (evidence.client.codes, server.codes, port, protocol.codes, evidence.host.codes, evidence.service.codes, evidence.state.codes)
    for (client, ip, at, kind, host, service, state), members in sorted(grouped(rows, *keys), key=lambda group: int(group[1][0])):
        tables["blocked" if evidence.blocked[members[0]] else "allowed"].append(
            {
                "client_ip": evidence.client.text(client),
                "server": ip_port(server.values[ip], at),
                "protocol": protocol.text(kind),
                "host": evidence.host.text(host),
                "service": evidence.service.text(service),
                "state": evidence.state.text(state),
                "flows": evidence.flow_ids(members),
            }
        )
    return tables


def bypass_findings(evidence: Evidence) -> list[Finding]:
    """direct-blocked, direct-allowed and quic-attempt, per source and service; many strangers' at once."""
    direct = evidence.route == DIRECT
    tcp = pc.equal(one_array(evidence.flows.column("protocol")), "tcp").to_numpy(zero_copy_only=False).astype(np.bool_)
    only_proxies = evidence.topology.policy == "proxies-only"
    expected = (evidence.service.codes >= 0) | only_proxies
    return [
        *_per_source(evidence, "direct-blocked", direct & tcp & evidence.blocked),
        *_per_source(evidence, "direct-allowed", direct & ~evidence.blocked & expected),
        *_per_source(evidence, "quic-attempt", direct & ~tcp),
    ]


def _per_source(evidence: Evidence, code: str, chosen: Bools) -> list[Finding]:
    findings = []
    server = coded(evidence.flows.column("server_ip"))
    behind_proxy = set(evidence.client.codes[evidence.route == PROXY].tolist())
    own, strangers = apart(evidence, np.flatnonzero(chosen))
    for (client, service), rows in grouped(own, evidence.client.codes, evidence.service.codes):
        text = _text(evidence, code, evidence.client_label(client), service, rows, len(np.unique(server.codes[rows])))
        if code == "quic-attempt":
            text += _tried_again(evidence, client, rows)
        severity = _severity(evidence, code, service >= 0, client in behind_proxy)
        findings.append(evidence.finding(code, rows, text, client=client, service=service, severity=severity))
    if len(strangers):
        text = _text(evidence, code, source_list(evidence, strangers), -1, strangers, len(np.unique(server.codes[strangers])))
        findings.append(evidence.finding(code, strangers, text, severity=_severity(evidence, code, False, False)))
    return findings


def _text(evidence: Evidence, code: str, of_whom: str, service: int, rows: Ints, n_servers: int) -> str:
    name = evidence.service.text(service)
    hosts = sorted({evidence.host.values[host] for host in np.unique(evidence.host.codes[rows]).tolist() if host >= 0})
    kind = f"{name} " if name else ""
    noun = f"{kind}QUIC attempt" if code == "quic-attempt" else f"direct {kind}connection"
    text = f"{counted(len(rows), noun)} of {of_whom} to {counted(n_servers, 'address')}"
    if hosts:
        text += f" ({listed(hosts)})"
    return f"{text}: {state_list(evidence, rows)}"


def _tried_again(evidence: Evidence, client: int, rows: Ints) -> str:
    """ "; 2 of the hosts were then asked of PROX02", by the same client, soon after: what a browser does when QUIC is blocked."""
    row, asked_at = evidence.requests.row, evidence.requests.first_seen
    mine = np.flatnonzero(evidence.asks_proxy & evidence.outcome.carried & (evidence.client.codes[row] == client))
    names = [evidence.request_host.text(code) for code in evidence.request_host.codes[mine].tolist()]
    attempts: dict[str, Ints] = {}
    for (host,), members in grouped(rows[evidence.host.codes[rows] >= 0], evidence.host.codes):
        attempts[evidence.host.values[host]] = evidence.first[members]
    again: dict[str, set[str]] = {}
    for position, name in zip(mine.tolist(), names, strict=True):
        times = attempts.get(name or "")
        if times is not None and ((asked_at[position] >= times) & (asked_at[position] - times <= SOON_NS)).any():
            again.setdefault(name or "", set()).add(evidence.proxy_label(int(evidence.proxy.codes[row[position]])))
    if not again:
        return ""
    proxies = sorted({proxy for found in again.values() for proxy in found})
    return f"; {counted(len(again), 'host')} {'was' if len(again) == 1 else 'were'} then asked of {listed(proxies)}"


def _severity(evidence: Evidence, code: str, defender: bool, behind_proxy: bool) -> Severity | None:
    """Where only proxies are allowed, blocking is as it should be and passing is a hole; else only Defender's traffic matters."""
    only_proxies = evidence.topology.policy == "proxies-only"
    if code == "direct-allowed" and only_proxies:
        return "problem"
    if code == "direct-blocked" and only_proxies:
        return "info"
    return "warning" if defender and (code == "direct-blocked" or (code == "direct-allowed" and behind_proxy)) else None
