"""The proxies met: what each was asked for, by how many sources, how often it failed, and whether it opens TLS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import KINDS, Bools, one_array
from analyzer.routes.route import PROXY
from analyzer.routes.topology import address_number
from analyzer.verdict.evidence import Evidence, grouped


def inventory(evidence: Evidence) -> list[dict[str, Any]]:
    """The document's `proxies`, in the order of their addresses.

    kinds      of the requests it got; requests and failed count those of other proxies too, where it is their parent
    sources    clients with a flow to it, proxies not among them
    inspected  true if any of its tunnels was opened, else false if any is proven untouched, else null
    """
    proxies = {proxy: _entry(proxy, name, method) for proxy, (name, method) in evidence.proxy_names.items()}
    for named in evidence.topology.proxies:
        if named.port is not None and named.network.prefixlen == named.network.max_prefixlen:
            proxy = ip_port(str(named.network.network_address), named.port)
            proxies.setdefault(proxy, _entry(proxy, named.name, named.method))
    codes, values = evidence.proxy.codes, evidence.proxy.values
    opened, untouched = (_inspected(evidence, answer) for answer in (True, False))
    to_proxy = np.flatnonzero((evidence.route == PROXY) & (codes >= 0))
    for (code,), rows in grouped(to_proxy, codes):
        proxies[values[code]]["sources"] = len(np.unique(evidence.client.codes[rows]))
        proxies[values[code]]["inspected"] = True if opened[rows].any() else False if untouched[rows].any() else None
    asked = np.flatnonzero(codes[evidence.requests.row] >= 0)
    for (code,), positions in grouped(asked, codes[evidence.requests.row]):
        kinds = np.unique(evidence.requests.kind[positions]).tolist()
        proxies[values[code]]["kinds"] = [KINDS[kind] for kind in kinds if kind >= 0]
        proxies[values[code]]["requests"] = len(positions)
        proxies[values[code]]["failed"] = int(evidence.outcome.failed[positions].sum())
    return [proxies[proxy] for proxy in sorted(proxies, key=endpoint_order)]


def _entry(proxy: str, name: str | None, method: str | None) -> dict[str, Any]:
    return {"proxy": proxy, "name": name, "method": method, "kinds": [], "sources": 0, "requests": 0, "failed": 0, "inspected": None}


def _inspected(evidence: Evidence, answer: bool) -> Bools:
    """Per flow: whether `inspected` is known and says so."""
    says = pc.fill_null(pc.equal(one_array(evidence.flows.column("inspected")), answer), False)
    return np.asarray(says.to_numpy(zero_copy_only=False), dtype=np.bool_)


def endpoint_order(proxy: str) -> tuple[int, int]:
    """Sorts ip:port and [v6]:port by address, then port."""
    ip, _, port = proxy.rpartition(":")
    return address_number(ip.strip("[]")), int(port)
