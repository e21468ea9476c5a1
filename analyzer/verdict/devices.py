"""The kind of device that each source looks like: its cloud, geography, connectivity model and operating system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from analyzer.routes.requests import Ints
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import Device, device_of
from analyzer.verdict.evidence import Evidence, coded, distinct, grouped, source_rows
from analyzer.verdict.system import Systems


def devices_of(
    evidence: Evidence, catalogue: Catalogue, systems: Mapping[int, Systems], everybodys: Mapping[str, int] | None = None
) -> dict[int, Device]:
    """client code → its device; only sources that named a service or hide their requests.

    everybodys   patterns_of all sources; None: the evidence contains all sources
    Where a source's own traffic doesn't show the cloud, geography or model, all sources' traffic decides: one network belongs to one
    organisation.
    """
    rows = _telling(evidence)
    rules = coded(evidence.flows.column("service_rule"))
    patterns: dict[int, Counter[str]] = {client: Counter() for (client,) in distinct(rows, evidence.client.codes)}
    for (client, rule), members in grouped(rows[rules.codes[rows] >= 0], evidence.client.codes, rules.codes):
        patterns[client][rules.values[rule]] += len(members)
    fleet = device_of(catalogue, patterns_of(evidence) if everybodys is None else everybodys)
    kinds: dict[tuple[frozenset[str], Systems], Device] = {}
    found = {}
    for client, own in patterns.items():
        key = frozenset(own), systems.get(client, frozenset())
        if key not in kinds:  # a large network has few kinds; how often a host was requested seldom decides
            kinds[key] = device_of(catalogue, own, fleet, key[1])
        found[client] = kinds[key]
    return found


def patterns_of(evidence: Evidence) -> dict[str, int]:
    """catalogue pattern → the number of flows it named, over all sources."""
    rows = _telling(evidence)
    rules = coded(evidence.flows.column("service_rule"))
    counts = np.bincount(rules.codes[rows][rules.codes[rows] >= 0], minlength=len(rules.values)).tolist()
    return {pattern: n for pattern, n in zip(rules.values, counts, strict=True) if n}


def _telling(evidence: Evidence) -> Ints:
    """The flows of sources that name a service, or hide their requests."""
    return np.flatnonzero(source_rows(evidence) & ((evidence.service.codes >= 0) | evidence.hidden))
