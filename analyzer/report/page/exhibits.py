"""Sample flows that prove a source's verdict, for readers without the flow table: on paper, or without script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.report.plots.scene import Scene
from analyzer.routes.requests import NO_TIME
from analyzer.text.labels import byte_size
from analyzer.text.times import clock, span_of, spanning

FLOWS_PER_PLANE: Final = 3
"""Flows per plane: the first, the middle and the last through its winner."""


class Exhibit(NamedTuple):
    """One flow in a line.

    answer  the proxy's, "" where none was captured
    frame   number of its first frame in its capture, as Wireshark counts; None: unknown
    filter  the Wireshark display filter for this flow
    """

    plane: str
    id: str
    time: str
    host: str
    through: str
    answer: str
    state: str
    bytes: str
    frame: int | None
    filter: str


def exhibits(scene: Scene, source: Mapping[str, Any]) -> list[Exhibit]:
    """Flows through the winner of each plane of one source, in the planes' order."""
    evidence, requests = scene.evidence, scene.evidence.requests
    if source["client_ip"] not in evidence.client.values:
        return []
    client = evidence.client.values.index(source["client_ip"])
    carried = evidence.outcome.carried & evidence.asks_proxy & (evidence.client.codes[requests.row] == client)
    chosen = []
    for entry in source["planes"]:
        if entry["winner"] is None or entry["plane"] not in evidence.request_plane.values or entry["winner"] not in evidence.proxy.values:
            continue
        plane = evidence.request_plane.values.index(entry["plane"])
        proxy = evidence.proxy.values.index(entry["winner"])
        which = np.flatnonzero(carried & (evidence.request_plane.codes == plane) & (evidence.proxy.codes[requests.row] == proxy))
        rows = evidence.rows_of(which)
        if len(rows) > FLOWS_PER_PLANE:
            rows = rows[[0, len(rows) // 2, -1]]
        chosen += [(entry["plane"], row) for row in rows.tolist()]
    with spanning(*span_of(evidence.flows.column("first_seen"), evidence.flows.column("last_seen"))):
        return [_exhibit(scene, plane, row) for plane, row in chosen]


SHOWN = (
    "id", "protocol", "client_ip", "client_port", "host", "server_ip", "server_port", "proxy", "request", "requested_port",
    "proxy_status", "state", "first_frame",
)  # fmt: skip


def _exhibit(scene: Scene, plane: str, row: int) -> Exhibit:
    evidence = scene.evidence
    flow: dict[str, Any] = evidence.flows.select(SHOWN).take(array(np.array([row]))).to_pylist()[0]
    first = int(evidence.first[row])
    host = flow["host"] or f"{flow['server_ip']}:{flow['server_port']}"
    port = flow["requested_port"]
    where = f"{host}{f':{port}' if port else ''}"
    asked = f"http://{where}" if flow["request"] == "absolute" else f"{(flow['request'] or '').upper()} {where}".strip()
    return Exhibit(
        plane=plane,
        id=flow["id"],
        time="" if first == NO_TIME else f"{clock(first)}.{first // 10**6 % 1000:03}",
        host=asked,
        through=str(scene.labels[flow["proxy"]]),
        answer="" if flow["proxy_status"] is None else str(flow["proxy_status"]),
        state=flow["state"] or "",
        bytes=byte_size(int(evidence.bytes[row])),
        frame=flow["first_frame"],
        filter=display_filter(flow),
    )


def display_filter(flow: Mapping[str, Any]) -> str:
    """`ip.addr == 172.16.11.92 && ip.addr == 172.16.12.12 && tcp.port == 50000 && tcp.port == 3128`, for a row of the flow table."""
    kind = "ipv6" if ":" in flow["client_ip"] else "ip"
    ends = [f"{kind}.addr == {flow[side]}" for side in ("client_ip", "server_ip")]
    return " && ".join([*ends, *(f"{flow['protocol']}.port == {flow[side]}" for side in ("client_port", "server_port"))])


def table_of_tests(tables: list[pa.Table]) -> pa.Table:
    """The flow tables of a study's tests as one, with the number of the test as first column."""
    numbered = [
        table.add_column(0, pa.field("test", pa.int64()), pa.array([number] * table.num_rows, pa.int64()))
        for number, table in enumerate(tables, 1)
    ]
    return pa.concat_tables(numbered)
