"""Proxies that differ from the topology: topology-unmatched, address-family; and proxies with hidden requests: proxy-over-tls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analyzer.findings import Finding
from analyzer.routes.requests import Ints
from analyzer.routes.route import PROXY
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.evidence import Evidence, grouped


def find(case: Case) -> list[Finding]:
    """Each code at most once per proxy."""
    return [*unmatched(case.evidence), *families(case.evidence), *over_tls(case.evidence)]


def unmatched(evidence: Evidence) -> list[Finding]:
    """Proxies of the topology without traffic, while proxies that it doesn't name were used."""
    met = {proxy for proxy, (name, _) in evidence.proxy_names.items() if name is not None}
    used = {evidence.proxy_names[proxy][0] for proxy in met}
    missing = [entry for entry in evidence.topology.proxies if entry.name not in used]
    carried = evidence.proxy.codes[evidence.requests.row[evidence.outcome.carried & evidence.asks_proxy]]
    unnamed = [code for code in np.unique(carried).tolist() if code >= 0 and evidence.proxy_names[evidence.proxy.values[code]][0] is None]
    if not missing or not unnamed:
        return []
    rows = np.flatnonzero((evidence.route == PROXY) & np.isin(evidence.proxy.codes, unnamed))
    names = [f"{entry.name} ({entry.network}{'' if entry.port is None else f', port {entry.port}'})" for entry in missing]
    strangers = [evidence.proxy.values[code] for code in unnamed]
    text = (
        f"the topology names {listed(names)}, to which no connection was captured; {listed(strangers)} "
        f"{'was' if len(strangers) == 1 else 'were'} used and {'has' if len(strangers) == 1 else 'have'} no name in it"
    )
    return [evidence.finding("topology-unmatched", rows, text, confidence="likely")]


def families(evidence: Evidence) -> list[Finding]:
    """Proxies of one name that answer by one address family while all connections by the other fail."""
    found = []
    for name, proxy, rows, six in half_reached(evidence):
        called = {True: "IPv6", False: "IPv4"}
        whose = f"{counted(len(rows), 'connection')} of {evidence.of_whom(rows)}"
        text = f"{called[six]} to {name} isn't answered ({whose}), {called[not six]} is"
        found.append(evidence.finding("address-family", rows, text, proxy=proxy))
    return found


def half_reached(evidence: Evidence) -> Iterator[tuple[str, int, Ints, bool]]:
    """(name, code, connections, whether they are IPv6) of each proxy address without an answer while one of the other family answers."""
    by_name: dict[str, dict[bool, list[int]]] = {}
    for code, proxy in enumerate(evidence.proxy.values):
        name = evidence.proxy_names[proxy][0]
        if name is not None:
            by_name.setdefault(name, {}).setdefault(proxy.startswith("["), []).append(code)
    for name, sides in by_name.items():
        if len(sides) < 2:
            continue
        rows = {six: np.flatnonzero((evidence.route == PROXY) & np.isin(evidence.proxy.codes, codes)) for six, codes in sides.items()}
        dead = [six for six, own in rows.items() if len(own) and evidence.unopened[own].all()]
        if len(dead) == 1 and len(rows[not dead[0]]) and not evidence.unopened[rows[not dead[0]]].all():
            yield name, sides[dead[0]][0], rows[dead[0]], dead[0]


def over_tls(evidence: Evidence) -> list[Finding]:
    """TLS to a proxy that shows no request; or TLS for Defender's own hosts at an address that the topology names as a proxy."""
    found = []
    hidden = (evidence.route == PROXY) & evidence.hidden
    hosts_own = hidden & (evidence.service.codes >= 0)
    for (proxy,), own in grouped(np.flatnonzero(hosts_own), evidence.proxy.codes):
        begun = f"{counted(len(own), 'connection')} of {evidence.of_whom(own)} to it began TLS"
        text = f"the topology calls {evidence.proxy.text(proxy)} a proxy, but {begun} for the host itself{evidence.hosts_of(own)}"
        services = evidence.service.codes[own].tolist()
        found.append(evidence.finding("topology-unmatched", own, text, proxy=proxy, services=services, confidence="likely"))
    rows = np.flatnonzero(hidden & ~hosts_own)
    for (proxy,), own in grouped(rows, evidence.proxy.codes):
        label = evidence.proxy_label(proxy) if proxy >= 0 else "a proxy"
        text = f"{evidence.of_whom(own)} spoke TLS to {label} itself in {counted(len(own), 'connection')}: what was asked for can't be seen"
        found.append(evidence.finding("proxy-over-tls", own, text, proxy=proxy))
    return found
