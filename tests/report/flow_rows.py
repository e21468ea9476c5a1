"""Flow tables made by hand, for what writes them and for what is judged from them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from analyzer.tables import FLOW_SCHEMA

NOON_NS = 1_714_564_800_000_000_000
"""2024-05-01T12:00:00Z"""


def flow(number: int = 0, **columns: Any) -> dict[str, Any]:
    """A CONNECT to a sensor host through PROX03, answered 200; any column can be given."""
    host = f"edr-{number}.eu.endpoint.security.microsoft.com"
    began = NOON_NS + number * 1_000_000_000
    asked = {"kind": "connect", "host": host, "port": 443, "path": None, "status": 200, "first_seen": began, "outcome": "worked"}
    row: dict[str, Any] = {
        **dict.fromkeys(FLOW_SCHEMA.names),
        "id": f"{number:016x}",
        "capture": "a.pcap",
        "captures": ["a.pcap"],
        "protocol": "tcp",
        "client_ip": "172.16.11.92",
        "client_port": 50_000 + number,
        "server_ip": "172.16.12.12",
        "server_port": 3128,
        "first_seen": began,
        "last_seen": began + 500_000_001,
        "packets_out": 6,
        "packets_in": 5,
        "bytes_out": 900,
        "bytes_in": 4_000,
        "retransmitted": 0,
        "state": "closed",
        "route": "proxy",
        "proxy": "172.16.12.12:3128",
        "proxy_name": "PROX03",
        "method": "static",
        "request": "connect",
        "requested_host": host,
        "requested_port": 443,
        "proxy_status": 200,
        "requests": [asked | {"service": "edr-command-and-control", "plane": "sensor"}],
        "http_host": host,
        "sni": host,
        "alpn": [],
        "ech": False,
        "host": host,
        "host_source": "connect",
        "service": "edr-command-and-control",
        "service_group": "edr",
        "service_evidence": "own",
        "service_rule": "*.endpoint.security.microsoft.com",
        "service_also": [],
        "plane": "sensor",
    }
    return row | columns


def table(*rows: dict[str, Any]) -> pa.Table:
    """The rows as a flow table."""
    return pa.Table.from_pylist(list(rows), FLOW_SCHEMA)
