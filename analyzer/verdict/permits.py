"""What each proxy has to let through, from the traffic: the hosts of Defender's that failed there, and what such a device requires."""

from __future__ import annotations

from collections import Counter

import numpy as np

from analyzer.routes.requests import integers
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.permits import Permit, merged, required_permits
from analyzer.services.required import device_of
from analyzer.text.words import failure_list
from analyzer.verdict.devices import devices_of
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.system import systems_of

HTTPS = 443


def permits_of(evidence: Evidence, catalogue: Catalogue) -> dict[str, list[Permit]]:
    """proxy → what it has to let through: what is required, and every host that failed there and is, or may be, a Defender service's.

    Required is what any kind of device that was seen needs; where none was, what a Windows device needs anywhere.
    """
    devices = set(devices_of(evidence, catalogue, systems_of(evidence, catalogue)).values()) or {device_of(catalogue, {})}
    required = [permit for device in sorted(devices) for permit in required_permits(catalogue, device)]
    requests, service = evidence.requests, evidence.request_service
    proxies = [proxy for proxy, _ in sorted(evidence.proxy_names.items())]
    found: dict[str, list[Permit]] = {proxy: list(required) for proxy in proxies}
    failed = np.flatnonzero(evidence.asks_proxy & evidence.outcome.failed & (evidence.request_host.codes >= 0))
    port = integers(evidence.flows.column("requested_port"), HTTPS)
    proxy_codes = evidence.proxy.codes[requests.row]
    for (proxy, host, slug), those in grouped(failed, proxy_codes, evidence.request_host.codes, service.codes):
        name = evidence.request_host.values[host]
        known = service.values[slug] if slug >= 0 else match_host(catalogue, name).possible
        if proxy >= 0 and known is not None:
            why = f"failed: {failure_list(Counter(requests.status[those].tolist()))}"
            ports = tuple(sorted(set(port[requests.row[those]].tolist())))
            found[evidence.proxy.values[proxy]].append(Permit(name, ports, (known,), (why,)))
    return {proxy: merged(permits) for proxy, permits in found.items()}
