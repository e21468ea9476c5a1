"""The proxies found: the requests to each, from how many sources, how many failed, and whether it opens TLS."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.routes.networks import address_number
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import KINDS, SOCKS5
from analyzer.routes.route import PROXY
from analyzer.verdict.columns import says
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.proven import proves_a_proxy, refuted

ASKED = "asked"


def inventory(evidence: Evidence) -> list[dict[str, Any]]:
    """The document's `proxies`, in the order of their addresses.

    kinds      of its requests, and SOCKS5 where it answered a greeting that no request followed; "asked" where it never answered. An
               address that answered as no proxy does isn't listed
    sources    number of clients with a flow to it, without proxies
    hidden     TLS connections of sources to it that show no request
    inspected  true if any of its tunnels was opened, else false if any is proven untouched, else null
    """
    codes, values, row = evidence.proxy.codes, evidence.proxy.values, evidence.requests.row
    proven = proves_a_proxy(evidence)
    strangers = np.zeros(len(values) + 1, dtype=np.bool_)
    strangers[codes[row[~proven & refuted(evidence)]]] = True
    strangers[codes[row[proven]]] = False
    strangers[-1] = False
    proxies = {
        proxy: _entry(proxy, name, method)
        for proxy, (name, method) in evidence.proxy_names.items()
        if name is not None or not strangers[values.index(proxy)]
    }
    for named in evidence.topology.proxies:
        if named.port is not None and named.network.prefixlen == named.network.max_prefixlen:
            proxy = ip_port(str(named.network.network_address), named.port)
            proxies.setdefault(proxy, _entry(proxy, named.name, named.method))
    greeted = says(evidence, "server_first", "socks")
    greeted[row] = False
    opened, untouched = (says(evidence, "inspected", answer) for answer in (True, False))
    to_proxy = np.flatnonzero((evidence.route == PROXY) & (codes >= 0))
    for (code,), rows in grouped(to_proxy, codes):
        if (entry := proxies.get(values[code])) is not None:
            entry["sources"] = len(np.unique(evidence.client.codes[rows]))
            entry["hidden"] = int(evidence.hidden[rows].sum())
            entry["kinds"] = [KINDS[SOCKS5]] if greeted[rows].any() else []  # SOCKS 4 has no greeting
            entry["inspected"] = True if opened[rows].any() else False if untouched[rows].any() else None
    asked = np.flatnonzero(codes[row] >= 0)
    for (code,), positions in grouped(asked, codes[row]):
        if (entry := proxies.get(values[code])) is not None:
            kinds = np.unique(evidence.requests.kind[positions]).tolist()
            answered = bool(proven[positions].any())
            shown = {*entry["kinds"], *(KINDS[kind] for kind in kinds if kind >= 0)} if answered else {*entry["kinds"]} or {ASKED}
            entry["kinds"] = [kind for kind in (*KINDS, ASKED) if kind in shown]
            entry["requests"] = len(positions)
            entry["failed"] = int(evidence.outcome.failed[positions].sum())
    return [proxies[proxy] for proxy in sorted(proxies, key=endpoint_order)]


def _entry(proxy: str, name: str | None, method: str | None) -> dict[str, Any]:
    counts = {"sources": 0, "requests": 0, "failed": 0, "hidden": 0}
    return {"proxy": proxy, "name": name, "method": method, "kinds": [], **counts, "inspected": None}


def endpoint_order(proxy: str) -> tuple[int, int]:
    """Sorts ip:port and [v6]:port by address, then port."""
    ip, _, port = proxy.rpartition(":")
    return address_number(ip.strip("[]")), int(port)
