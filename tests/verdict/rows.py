"""Flow tables from plain arguments: only what a case is about is said, the rest is as an ordinary tunnel has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count
from typing import Any

import pyarrow as pa

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology, topology_from
from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.services.tag import tag_flows
from analyzer.tables import FLOW_SCHEMA
from analyzer.text import times
from analyzer.verdict import judge

WORKSTATION = "172.16.11.92"
PROX01, PROX02, PROX03 = "172.16.12.10:3128", "172.16.12.11:3128", "172.16.12.12:3128"
CNC, MAPS, NCSI, EDGE = "winatp-gw-neu.microsoft.com", "wdcp.microsoft.com", "www.msftconnecttest.com", "edge.microsoft.com"
START_NS = 1_714_564_800_000_000_000  # 2024-05-01T12:00:00Z
SECOND_NS = 1_000_000_000

LAB = {
    "proxy": [
        {"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"},
        {"name": "PROX02", "address": "172.16.12.11", "port": 3128, "method": "wininet"},
        {"name": "PROX03", "address": "172.16.12.12", "port": 3128, "method": "static"},
    ],
    "workstation": [{"name": "WORKSTATION", "address": WORKSTATION}],
}
LAB_TOPOLOGY = topology_from(LAB, "lab.toml")
CATALOGUE = load_catalogue()

_ports = count(40_000)


def flow(**overrides: Any) -> dict[str, Any]:
    """A row of the flow table: a closed TCP connection from the workstation, with whatever is overridden."""
    number = next(_ports)
    row: dict[str, Any] = dict.fromkeys(FLOW_SCHEMA.names)
    row |= {
        "capture": "test.pcap",
        "captures": ["test.pcap"],
        "protocol": "tcp",
        "client_ip": WORKSTATION,
        "client_port": 1024 + number % 60_000,
        "server_ip": "20.1.2.3",
        "server_port": 443,
        "first_seen": START_NS + number * 1000,
        "packets_out": 10,
        "packets_in": 10,
        "bytes_out": 1000,
        "bytes_in": 5000,
        "retransmitted": 0,
        "isn_out": 1_000_000_007 * number % 2**32,
        "isn_in": 1_000_000_009 * number % 2**32,
        "state": "closed",
        "requests": [],
    }
    row |= overrides
    if "server_first" not in overrides and row["bytes_in"] and not row["requests"]:
        row["server_first"] = "other"
    if row["last_seen"] is None and row["first_seen"] is not None:
        row["last_seen"] = row["first_seen"] + SECOND_NS
    row["id"] = overrides.get("id") or hashlib.sha256(str(number).encode()).hexdigest()[:16]
    return row


def request(kind: str, host: str | None, status: int | None, **overrides: Any) -> dict[str, Any]:
    """An entry of `requests`."""
    port, path = (80, "/") if kind == "absolute" else (443, None)
    entry = {"kind": kind, "host": host, "port": port, "path": path, "status": status, "first_seen": None, "service": None, "plane": None}
    return entry | overrides


def asked(proxy: str, *requests: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """A connection to a proxy with these requests; its scalar columns follow from them."""
    ip, _, port = proxy.rpartition(":")
    told = next((r for r in reversed(requests) if r["kind"] != "absolute"), requests[0] if requests else None)
    row: dict[str, Any] = {"server_ip": ip.strip("[]"), "server_port": int(port), "requests": list(requests)}
    if told:
        is_name = told["host"] is not None and any(c.isalpha() for c in told["host"]) and ":" not in told["host"]
        source = {"connect": "connect", "absolute": "absolute"}.get(told["kind"], "socks")
        row |= {"request": told["kind"], "requested_host": told["host"], "requested_port": told["port"], "proxy_status": told["status"]}
        row |= {"host": told["host"].lower(), "host_source": source} if is_name else {}
    return flow(**(row | overrides))


def tunnel(proxy: str, authority: str | None, status: int | None = 200, **overrides: Any) -> dict[str, Any]:
    """A connection with one CONNECT."""
    return asked(proxy, request("connect", authority, status), **overrides)


def table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """The rows as a flow table, in the order given."""
    return pa.Table.from_pylist(list(rows), schema=FLOW_SCHEMA)


def routed(*rows: dict[str, Any], topology: Topology | None = None) -> list[dict[str, Any]]:
    """The rows after the routes stage, as dicts, times in nanoseconds since 1970."""
    return times.rows(route_flows(table(rows), topology or Topology()))


def verdict(*rows: dict[str, Any], topology: Topology | None = None, catalogue: Catalogue = CATALOGUE, **options: Any) -> dict[str, Any]:
    """The verdict on these rows, through the stages routes, services and verdict."""
    topology = LAB_TOPOLOGY if topology is None else topology
    flows = tag_flows(route_flows(table(rows), topology), catalogue)
    return judge(flows, topology=topology, catalogue=catalogue, captures=options.pop("captures", []), **options)
