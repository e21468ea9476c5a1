"""Who said nothing to Defender: sources without any of its traffic, and workstations that weren't seen at all."""

from __future__ import annotations

import numpy as np

from analyzer.findings import Finding
from analyzer.routes.route import PROXY, UPSTREAM
from analyzer.routes.topology import address_text
from analyzer.verdict.evidence import Evidence, grouped, source_rows
from analyzer.verdict.reason import counted
from analyzer.verdict.strangers import apart, source_list


def no_service_traffic(evidence: Evidence) -> list[Finding]:
    """A finding per source that asked for no Defender service, one for many strangers, and one per named workstation that sent nothing."""
    rows = np.flatnonzero(source_rows(evidence))
    asked = evidence.requests.row[evidence.asks_proxy & (evidence.request_service.codes >= 0)]
    has_service = evidence.service.codes >= 0
    has_service[asked] = True
    clients_with = np.unique(evidence.client.codes[rows[has_service[rows]]])
    silent = rows[~np.isin(evidence.client.codes[rows], clients_with)]
    findings = []
    own, strangers = apart(evidence, silent)
    for (client,), flows in grouped(own, evidence.client.codes):
        name = evidence.topology.workstation_name(evidence.client.values[client])
        to_proxies = int((evidence.route[flows] == PROXY).sum())
        who = name or evidence.client.values[client]
        text = f"{who} sent nothing to any Defender service: {to_proxies} of its {counted(len(flows), 'flow')} went to proxies"
        findings.append(evidence.finding("no-service-traffic", flows, text, client=client, severity="warning" if name else None))
    if len(strangers):
        text = f"{source_list(evidence, strangers)} sent nothing to any Defender service: {counted(len(strangers), 'flow')}"
        findings.append(evidence.finding("no-service-traffic", strangers, text))
    return findings + _unseen_workstations(evidence)


def _unseen_workstations(evidence: Evidence) -> list[Finding]:
    """A finding per workstation of the topology (given by its address, not by a network) that isn't among the sources."""
    seen = {evidence.client.values[code] for code in np.unique(evidence.client.codes[source_rows(evidence)]).tolist()}
    findings = []
    for workstation in evidence.topology.workstations:
        address = address_text(workstation.network)
        if workstation.network.prefixlen == workstation.network.max_prefixlen and address not in seen:
            text = f"{workstation.name} ({address}) sent nothing at all that was captured"
            findings.append(Finding("no-service-traffic", text, client_ip=address, severity="warning"))
    return findings


def no_source_reason(evidence: Evidence) -> str | None:
    """Why the verdict has no sources; None when it has some."""
    if source_rows(evidence).any():
        return None
    total = evidence.flows.num_rows
    upstream = int((evidence.route == UPSTREAM).sum())
    if upstream:
        legs = counted(upstream, "upstream leg")
        cure = "capture between the clients and the proxies to see who asked"
        return f"all that could carry a service is {legs}, opened from a proxy's address: {cure}"
    if total:
        return f"none of the {counted(total, 'flow')} is TCP or QUIC: nothing here can carry a Defender service"
    return "no TCP or UDP flow was captured in this window"
