"""Finders: each returns one kind of finding about the whole case. One file each, listed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from analyzer.findings import Finding, in_order
from analyzer.routes.proxies import ip_port
from analyzer.verdict.advice.rules import advised
from analyzer.verdict.case import Case
from analyzer.verdict.evidence import Evidence
from analyzer.verdict.finders import (
    backlog,
    bypass,
    captures,
    changes,
    coverage,
    discovered,
    failures,
    fallback,
    greetings,
    missing,
    names,
    opened,
    planes,
    proxies,
    resolution,
    revocation,
    silence,
    translation,
    tunnels,
)

Finder = Callable[[Case], Sequence[Finding]]

FINDERS: tuple[Finder, ...] = (
    changes.find,
    failures.find,
    greetings.find,
    fallback.find,
    tunnels.find,
    opened.find,
    revocation.find,
    resolution.find,
    bypass.find,
    proxies.find,
    translation.find,
    names.find,
    planes.find,
    discovered.find,
    backlog.find,
    missing.find,
    silence.find,
    coverage.find,
    captures.find,
)


def known_methods(evidence: Evidence) -> dict[str, str | None]:
    """Proxy as ip:port → its method: the proxies found, and those that the topology names with one address and a port."""
    named = {
        ip_port(str(one.network.network_address), one.port): one.method
        for one in evidence.topology.proxies
        if one.port is not None and one.network.prefixlen == one.network.max_prefixlen
    }
    return named | {proxy: method for proxy, (_, method) in evidence.proxy_names.items()}


def findings_of(case: Case) -> list[dict[str, Any]]:
    """The findings of all finders, each with its settings, as in the document."""
    evidence = case.evidence
    systems = {evidence.client.values[client]: found for client, found in case.systems.items()}
    methods = known_methods(evidence)
    let_through = evidence.proxy.codes[evidence.requests.row[evidence.outcome.worked & evidence.asks_proxy]]
    worked = [evidence.proxy.values[code] for code in np.unique(let_through).tolist() if code >= 0]
    found = [*case.also, *(finding for find in FINDERS for finding in find(case))]
    return in_order([advised(finding, case.catalogue, systems, methods, worked) for finding in found])
