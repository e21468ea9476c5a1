"""nat: connections captured on both sides of an address translation; transparent-proxy: a device that relays connections under its address;
chained-proxy: a proxy that asks another one for clients that the capture doesn't show.

Copies count nowhere in the verdict (routes/copies.py). The connections that a transparent proxy opens are upstream legs.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import one_array
from analyzer.routes.route import DIRECT, PROXY, UPSTREAM
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import Evidence, coded, source_rows


def find(case: Case) -> list[Finding]:
    """nat, over all translations; transparent-proxy, per relaying address; chained-proxy, per address that asks for others."""
    return [*translated(case.evidence), *transparent(case.evidence), *chained(case.evidence)]


def translated(evidence: Evidence) -> list[Finding]:
    """One finding with every pair of translated addresses."""
    copies = evidence.copies
    if not copies.num_rows:
        return []
    row_of = {flow: row for row, flow in enumerate(values(evidence.flows.column("id")))}
    names = ("same_as", "client_ip", "server_ip", "server_port")
    pairs: Counter[str] = Counter()
    rows = []
    ends = list(zip(*(values(evidence.flows.column(name)) for name in names[1:]), strict=True))
    for same, client, server, port in zip(*(values(copies.column(name)) for name in names), strict=True):
        row = row_of.get(same)
        if row is None:
            continue
        rows.append(row)
        own_client, own_server, own_port = ends[row]
        if own_client != client:
            pairs[f"{own_client} seen again as coming from {client}"] += 1
        if (own_server, own_port) != (server, port):
            pairs[f"{ip_port(own_server, own_port)} sent on to {ip_port(server, port)}"] += 1
    listing = listed([f"{what} ({n})" if n > 1 else what for what, n in pairs.most_common()])
    text = f"{counted(len(rows), 'connection')} captured on both sides of an address translation, counted once: {listing}"
    behind = _from_translators(evidence)
    if behind:
        text += f"; {counted(behind, 'connection')} more from there, seen on one side only, count nowhere: nothing shows whose they are"
    chosen = np.unique(np.array(rows, dtype=np.int64))
    finding = evidence.finding("nat", chosen, text)
    flows = [*finding.flows, *one_array(copies.column("id")).to_pylist()]
    return [finding._replace(flows=flows)]


def _from_translators(evidence: Evidence) -> int:
    """Number of flows that come from a NAT's address and are no copies."""
    sources = {evidence.client.text(code) for code in np.unique(evidence.client.codes[source_rows(evidence)]).tolist()}
    translators = set(values(evidence.copies.column("client_ip"))) - sources
    routed = np.flatnonzero((evidence.route == UPSTREAM) & (evidence.pair_rows < 0))
    addresses = one_array(evidence.flows.column("client_ip")).take(array(routed))
    stated = one_array(evidence.flows.column("route")).take(array(routed))
    return sum(address in translators and route != "upstream" for address, route in zip(values(addresses), values(stated), strict=True))


def transparent(evidence: Evidence) -> list[Finding]:
    """Direct connections whose other leg, with the same hello or request, was opened by an address that is no explicit proxy."""
    pairs = evidence.pair_rows
    findings = []
    legs = np.flatnonzero((evidence.route == UPSTREAM) & (pairs >= 0))
    legs = legs[evidence.route[pairs[legs]] == DIRECT]
    addresses = one_array(evidence.flows.column("client_ip")).take(array(legs)).to_pylist()
    servers = coded(evidence.flows.column("server_ip")).codes
    kept = np.flatnonzero(evidence.taken_over)  # including connections over an origin leg that was opened for another one
    by_address: dict[str, list[int]] = {}
    for leg, address in zip(legs.tolist(), addresses, strict=True):
        by_address.setdefault(address, []).append(leg)
    for address, own in sorted(by_address.items()):
        whose = np.union1d(pairs[own], kept[np.isin(servers[kept], servers[own])])
        rows = np.union1d(own, whose)
        connections = f"{counted(len(whose), 'connection')} of {evidence.of_whom(whose)}{evidence.hosts_of(whose)}"
        clients = np.unique(evidence.client.codes[whose]).tolist()
        disguised = address in {evidence.client.values[client] for client in clients}
        text = f"{connections} {'is' if len(whose) == 1 else 'are'} taken over on the way and made anew under the client's own address"
        text = text if disguised else f"{address} takes over {connections} and makes them anew"
        services = evidence.service.codes[whose].tolist()
        findings.append(evidence.finding("transparent-proxy", rows, text, clients=clients, services=services))
    return findings


def chained(evidence: Evidence) -> list[Finding]:
    """Requests with a Via to a proxy from an address that no captured client asks: its clients made them, and they count for no source."""
    asked_of = set(values(column(evidence, "server_ip").take(array(np.flatnonzero(evidence.route == PROXY)))))
    handed_on = (evidence.route == UPSTREAM) & (evidence.proxy.codes >= 0) & (evidence.pair_rows < 0) & says(evidence, "http_via", True)
    rows = np.flatnonzero(handed_on)
    by_address: dict[str, list[int]] = {}
    for row, address in zip(rows.tolist(), values(column(evidence, "client_ip").take(array(rows))), strict=True):
        if address not in asked_of:
            by_address.setdefault(address, []).append(row)
    findings = []
    for address, own in sorted(by_address.items()):
        members = np.array(own, dtype=np.int64)
        proxies = sorted({evidence.proxy_label(code) for code in evidence.proxy.codes[members].tolist()})
        text = f"{address} asks {listed(proxies)} for others, on {counted(len(own), 'connection')}{evidence.hosts_of(members)}: "
        text += "they carry Via, and the clients that asked it aren't in the capture"
        services = evidence.service.codes[members].tolist()
        findings.append(evidence.finding("chained-proxy", members, text, clients=[], services=services))
    return findings
