"""Flows past the proxies: the document's direct tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import integers, one_array
from analyzer.routes.route import DIRECT
from analyzer.verdict.columns import refusals
from analyzer.verdict.evidence import ANSWERED, BLOCKED, Evidence, coded, grouped

TABLES = {ANSWERED: "allowed", BLOCKED: "blocked"}


def direct_tables(evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    """direct.allowed, .blocked and .unknown, in time order: an entry per source, server, protocol, host, service, state, refusing HTTP
    status
    and outcome."""
    tables: dict[str, list[dict[str, Any]]] = {"allowed": [], "blocked": [], "unknown": []}
    flows = evidence.flows
    server, protocol = coded(flows.column("server_ip")), coded(flows.column("protocol"))
    port = integers(one_array(flows.column("server_port")), 0)
    rows = np.flatnonzero(evidence.route == DIRECT)
    keys = (
        evidence.client.codes,
        server.codes,
        port,
        protocol.codes,
        evidence.host.codes,
        evidence.service.codes,
        evidence.state.codes,
        evidence.direct,
        refusals(evidence),
    )
    for key, members in sorted(grouped(rows, *keys), key=lambda group: int(group[1][0])):
        client, ip, at, kind, host, service, state, outcome, status = key
        tables[TABLES.get(outcome, "unknown")].append(
            {
                "client_ip": evidence.client.text(client),
                "server": ip_port(server.values[ip], at),
                "protocol": protocol.text(kind),
                "host": evidence.host.text(host),
                "service": evidence.service.text(service),
                "state": evidence.state.text(state),
                "http_status": status or None,
                "flows": evidence.flow_ids(members),
            }
        )
    return tables
