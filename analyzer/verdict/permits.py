"""The hosts that each proxy has to let through, and those whose TLS it must not open: requested hosts, and required ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from analyzer.routes.requests import Ints, integers
from analyzer.routes.route import DIRECT
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.no_inspection import is_only_defenders, unopened_permits
from analyzer.services.permits import HTTPS, Permit, merged, required_permits
from analyzer.services.required import Device, device_of
from analyzer.text.words import counted, failure_list
from analyzer.verdict.columns import says
from analyzer.verdict.devices import devices_of
from analyzer.verdict.evidence import DIRECT_OUTCOMES, Evidence, distinct, grouped
from analyzer.verdict.outcome import answer_status
from analyzer.verdict.system import systems_of

SEEN: Final = "seen"
NO_PROXY: Final = ""
"""The key of the list where no proxy was found: it is for any proxy that is set."""


def permits_of(evidence: Evidence, catalogue: Catalogue) -> dict[str, list[Permit]]:
    """proxy → what it has to let through: required hosts, and every requested host of a certain or possible Defender service, with
    its failures or `seen`.

    Hosts that a proxy's sources reached past the proxies are included: once that is blocked or corrected, the requests come to the proxy.
    Where a source asked no proxy, they are in every list. Required is what the kinds of devices seen need; without any, what a Windows
    device needs anywhere.
    """
    required = [permit for device in _devices(evidence, catalogue) for permit in required_permits(catalogue, device)]
    found = {proxy: list(required) for proxy in sorted(evidence.proxy_names) or [NO_PROXY]}
    for proxy, name, slug, those in _asked(evidence):
        known = slug or match_host(catalogue, name).possible
        if known is not None:
            failed = those[evidence.outcome.failed[those]]
            statuses = answer_status(evidence.requests, evidence.outcome.code)[failed]
            why = f"failed: {failure_list(Counter(statuses.tolist()))}" if len(failed) else SEEN
            found[proxy].append(Permit(name, _ports(evidence, those), (known,), (why,)))
    for proxies, permit in _past(evidence, catalogue):
        for proxy in proxies or found:
            found[proxy].append(permit)
    return {proxy: merged(permits) for proxy, permits in found.items()}


def unopened_of(evidence: Evidence, catalogue: Catalogue) -> dict[str, list[Permit]]:
    """proxy → hosts whose TLS it must not open: required hosts that only Defender asks for, and every such host that was requested from
    it."""
    required = [permit for device in _devices(evidence, catalogue) for permit in unopened_permits(catalogue, device)]
    found = {proxy: list(required) for proxy in sorted(evidence.proxy_names) or [NO_PROXY]}
    opened = says(evidence, "inspected", True)
    for proxy, name, slug, those in _asked(evidence):
        if slug is not None and HTTPS in _ports(evidence, those) and is_only_defenders(catalogue, name):
            n = int(opened[np.unique(evidence.requests.row[those])].sum())
            why = f"opened: {counted(n, 'tunnel')}" if n else SEEN
            found[proxy].append(Permit(name, (HTTPS,), (slug,), (why,)))
    return {proxy: merged(permits) for proxy, permits in found.items()}


def _devices(evidence: Evidence, catalogue: Catalogue) -> list[Device]:
    """Every kind of device that was seen; without any, a Windows device anywhere."""
    return sorted(set(devices_of(evidence, catalogue, systems_of(evidence, catalogue)).values())) or [device_of(catalogue, {})]


def _asked(evidence: Evidence) -> Iterator[tuple[str, str, str | None, Ints]]:
    """(proxy, host, service or None, positions of the requests) of all requests of sources to proxies."""
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_host.codes >= 0))
    proxy = evidence.proxy.codes[evidence.requests.row]
    for (at, host, slug), those in grouped(asked, proxy, evidence.request_host.codes, evidence.request_service.codes):
        if at >= 0:
            yield evidence.proxy.values[at], evidence.request_host.values[host], evidence.request_service.text(slug), those


def _past(evidence: Evidence, catalogue: Catalogue) -> Iterator[tuple[set[str], Permit]]:
    """(the proxies that its sources ask, what to let through) of all named hosts reached past the proxies; an empty set where a source asks
    none."""
    client_of, proxy_of = evidence.client.codes[evidence.requests.row], evidence.proxy.codes[evidence.requests.row]
    of_client: dict[int, set[str]] = {}
    for client, proxy in distinct(np.flatnonzero(evidence.asks_proxy & (proxy_of >= 0)), client_of, proxy_of):
        of_client.setdefault(client, set()).add(evidence.proxy.values[proxy])
    tcp = says(evidence, "protocol", "tcp")
    rows = np.flatnonzero((evidence.route == DIRECT) & tcp & (evidence.host.codes >= 0) & ~evidence.taken_over)
    port = integers(evidence.flows.column("server_port"), HTTPS)
    for (host, slug), those in grouped(rows, evidence.host.codes, evidence.service.codes):
        name = evidence.host.values[host]
        known = evidence.service.text(slug) or match_host(catalogue, name).possible
        if known is not None:
            ends = Counter(DIRECT_OUTCOMES[code] for code in evidence.direct[those].tolist() if code >= 0)
            why = f"direct: {', '.join(f'{n} {end}' for end, n in sorted(ends.items()))}"
            whose = np.unique(evidence.client.codes[those]).tolist()
            asked = [of_client.get(client, set()) for client in whose]
            yield (set().union(*asked) if all(asked) else set()), Permit(name, tuple(sorted(set(port[those].tolist()))), (known,), (why,))


def _ports(evidence: Evidence, those: Ints) -> tuple[int, ...]:
    port = integers(evidence.flows.column("requested_port"), HTTPS)
    return tuple(sorted(set(port[evidence.requests.row[those]].tolist())))
