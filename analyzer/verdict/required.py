"""What is missing: services that Defender requires and that a source didn't ask for in the window."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.requests import one_array
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import EVERYWHERE, required_services
from analyzer.services.rules import Rule
from analyzer.verdict.evidence import Evidence, coded, grouped, source_rows
from analyzer.verdict.permits import device_seen
from analyzer.verdict.reason import counted, listed

MOST_SOURCES = 20
"""Sources with a finding of their own; more that miss the same are one finding."""

MOST_SERVICES = 12


def required_unseen(evidence: Evidence, catalogue: Catalogue) -> list[Finding]:
    """required-unseen: per source with any Defender traffic, the required services that it never asked for, or only by shared hosts."""
    rows = np.flatnonzero(source_rows(evidence) & (evidence.service.codes >= 0))
    if not len(rows):
        return []
    rules = coded(evidence.flows.column("service_rule"))
    device = device_seen(evidence, catalogue)
    required = required_services(catalogue, device)
    seen = _seen(evidence)
    missing: dict[tuple[str, ...], list[int]] = {}
    for (client,), members in grouped(rows, evidence.client.codes):
        matched = {rules.values[code] for code in np.unique(rules.codes[members]).tolist() if code >= 0}
        unseen = tuple(slug for slug in sorted(required) if slug not in seen.get(client, set()) and not _covers(required[slug], matched))
        if unseen:
            missing.setdefault(unseen, []).append(client)
    kind = f"{device.cloud}, {device.connectivity_model}" + ("" if device.geo == EVERYWHERE else f", {device.geo}")
    findings = []
    for unseen, clients in missing.items():
        what = f"{counted(len(unseen), 'required service')} ({kind}) not seen: {listed(list(unseen), MOST_SERVICES)}"
        each = [[client] for client in clients] if len(clients) <= MOST_SOURCES else [clients]
        for group in each:
            names = listed([evidence.client_label(client) for client in group])
            who = names if len(group) == 1 else f"{counted(len(group), 'source')} ({names})"
            first, last = evidence.span(np.flatnonzero(np.isin(evidence.client.codes, group)))
            client_ip = evidence.client.values[group[0]] if len(group) == 1 else None
            findings.append(Finding("required-unseen", f"{who}: {what}", client_ip=client_ip, first_seen=first, last_seen=last))
    return findings


def _covers(rules: Sequence[Rule], matched: Collection[str]) -> bool:
    """Whether a wildcard of these rules takes in what a narrower rule matched: a consolidated name is seen with any name under it."""
    suffixes = tuple(rule.pattern[1:] for rule in rules if rule.is_wildcard)
    return any(pattern.endswith(suffixes) for pattern in matched)


def _seen(evidence: Evidence) -> dict[int, set[str]]:
    """client → services that it asked for, those among them that a host merely may have been for."""
    flows, row = evidence.flows, evidence.requests.row
    seen: dict[int, set[str]] = {}
    every = source_rows(evidence)
    for column in (evidence.service, coded(flows.column("service_possible"))):
        for (client, code), _ in grouped(np.flatnonzero(every & (column.codes >= 0)), evidence.client.codes, column.codes):
            seen.setdefault(client, set()).add(column.values[code])
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes >= 0))
    for (client, code), _ in grouped(asked, evidence.client.codes[row], evidence.request_service.codes):
        seen.setdefault(client, set()).add(evidence.request_service.values[code])
    also = one_array(flows.column("service_also"))
    with_more = np.flatnonzero(every & (np.asarray(pc.list_value_length(also).fill_null(0)) > 0))
    for (client,), rows in grouped(with_more, evidence.client.codes):
        seen.setdefault(client, set()).update(also.take(array(rows)).flatten().to_pylist())
    return seen
