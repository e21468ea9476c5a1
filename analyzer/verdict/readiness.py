"""How far each source has moved from the standard hosts to the streamlined ones: which it uses, and what works on the new ones.

Source  learn.microsoft.com, Onboarding devices using streamlined connectivity: several services move to *.endpoint.security.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from analyzer.routes.route import DIRECT
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.required import STANDARD, STREAMLINED, Device
from analyzer.services.rules import OWN
from analyzer.verdict.evidence import ANSWERED, Evidence, coded, distinct, source_rows
from analyzer.verdict.system import Systems

MIXED: Final = "mixed"


def devices_seen(
    evidence: Evidence, catalogue: Catalogue, devices: Mapping[int, Device], systems: Mapping[int, Systems]
) -> dict[int, dict[str, Any]]:
    """client code → the document's `device` of that source."""
    old, new = _hosts_of(evidence, catalogue)
    worked = _services_on(evidence, {host for hosts in new.values() for host in hosts})
    return {
        client: {
            "cloud": device.cloud,
            "geo": device.geo,
            "system": device.os if client in systems else None,
            "connectivity": _connectivity(old.get(client), new.get(client)),
            "old_hosts": sorted(old.get(client, ())),
            "new_services": sorted(worked.get(client, ())),
        }
        for client, device in devices.items()
    }


def _connectivity(old: set[str] | None, new: set[str] | None) -> str | None:
    if old and new:
        return MIXED
    return STANDARD if old else STREAMLINED if new else None


def _hosts_of(evidence: Evidence, catalogue: Catalogue) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """client code → its hosts that only the standard list has, and those that only the streamlined list has; Defender's own hosts only."""
    models: dict[str, set[str]] = {}
    for rule in catalogue.rules:
        models.setdefault(rule.pattern, set()).update(rule.connectivity_model)
    pattern_of: dict[str, str | None] = {}
    old: dict[int, set[str]] = {}
    new: dict[int, set[str]] = {}
    rows = np.flatnonzero(source_rows(evidence) & (evidence.host.codes >= 0))
    rules = coded(evidence.flows.column("service_rule"))
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_host.codes >= 0) & evidence.request_own)
    seen = {(client, evidence.host.values[host]) for client, host in distinct(rows[rules.codes[rows] >= 0], *_keys(evidence))}
    client_of = evidence.client.codes[evidence.requests.row]
    seen |= {(client, evidence.request_host.values[host]) for client, host in distinct(asked, client_of, evidence.request_host.codes)}
    for client, host in seen:
        if host not in pattern_of:
            found = match_host(catalogue, host)
            pattern_of[host] = found.rule if found.evidence == OWN else None
        of_lists = models.get(pattern_of[host] or "", set())
        if of_lists == {STANDARD}:
            old.setdefault(client, set()).add(host)
        elif of_lists == {STREAMLINED}:
            new.setdefault(client, set()).add(host)
    return old, new


def _keys(evidence: Evidence) -> tuple[Any, Any]:
    return evidence.client.codes, evidence.host.codes


def _services_on(evidence: Evidence, hosts: set[str]) -> dict[int, set[str]]:
    """client code → the services of requests for these hosts that worked, or went past the proxies and were answered."""
    found: dict[int, set[str]] = {}
    asked_for = np.array([host in hosts for host in evidence.request_host.values] + [False])[evidence.request_host.codes]
    worked = np.flatnonzero(evidence.asks_proxy & evidence.outcome.worked & asked_for & (evidence.request_service.codes >= 0))
    client_of = evidence.client.codes[evidence.requests.row]
    for client, service in distinct(worked, client_of, evidence.request_service.codes):
        found.setdefault(client, set()).add(evidence.service.values[service])
    by_row = np.array([host in hosts for host in evidence.host.values] + [False])[evidence.host.codes]
    direct = (evidence.route == DIRECT) & (evidence.direct == ANSWERED) & by_row & (evidence.service.codes >= 0)
    for client, service in distinct(np.flatnonzero(direct), evidence.client.codes, evidence.service.codes):
        found.setdefault(client, set()).add(evidence.service.values[service])
    return found
