"""Purpose: a flow by ECS' names means the same, and no field is filled that ECS means otherwise."""

from __future__ import annotations

import io
import json

import analyzer
from analyzer.report.ecs import CUSTOM, ECS_VERSION, FIELDS, ecs_table
from analyzer.report.rows import json_lines
from analyzer.tables import FLOW_SCHEMA
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT

DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"

# Every field of ECS that is used, with its type in the field reference (8.11).
TYPES = {
    "@timestamp": str, "ecs.version": str, "event.id": str, "event.kind": str, "event.category": list, "event.type": list,
    "event.dataset": str, "event.start": str, "event.end": str, "event.duration": int, "event.outcome": str, "source.ip": str,
    "source.port": int, "source.bytes": int, "source.packets": int, "destination.ip": str, "destination.port": int,
    "destination.bytes": int, "destination.packets": int, "destination.domain": str, "network.transport": str, "network.type": str,
    "network.protocol": str, "network.bytes": int, "network.packets": int, "network.community_id": str, "tls.client.server_name": str,
    "tls.version": str, "tls.version_protocol": str, "tls.server.issuer": str, "url.domain": str, "url.port": int,
    "http.request.method": str, "http.response.status_code": int, "user_agent.original": str, "process.name": str, "related.ip": list,
    "related.hosts": list,
}  # fmt: skip


def rows_of(*talks: bytes) -> list[dict[str, object]]:
    table = analyzer.read([io.BytesIO(talk) for talk in talks]).table
    return [json.loads(line) for line in b"".join(json_lines(ecs_table(table))).splitlines()]


def test_names_and_types_are_those_of_ecs() -> None:
    (row,) = rows_of(pcap(tunnel().frames))
    assert [name for name in row if not name.startswith("whichproxy.")] == list(TYPES)
    assert {name: type(value) for name, value in row.items() if value is not None and name in TYPES}.items() <= TYPES.items()
    assert set(CUSTOM) <= set(FLOW_SCHEMA.names) and len({field.name for field in FIELDS}) == len(FIELDS)


def test_a_tunnel_of_a_proxy() -> None:
    """The destination is the proxy: the host asked for is the URL's, and not the destination's."""
    (row,) = rows_of(pcap(tunnel().frames))
    (flow,) = analyzer.read(io.BytesIO(pcap(tunnel().frames))).flows.to_dict("records")
    host = "winatp-gw-neu.microsoft.com"
    assert (row["url.domain"], row["url.port"], row["destination.domain"], row["tls.client.server_name"]) == (host, 443, None, host)
    assert (row["http.request.method"], row["http.response.status_code"], row["network.protocol"]) == ("CONNECT", 200, "tls")
    assert row["event.start"] == row["@timestamp"] and row["ecs.version"] == ECS_VERSION
    assert row["event.duration"] == (flow["last_seen"] - flow["first_seen"]).value
    assert row["network.bytes"] == flow["bytes_out"] + flow["bytes_in"] and row["network.community_id"] == flow["community_id"]
    assert (row["related.ip"], row["related.hosts"]) == (["172.16.11.92", "172.16.12.10"], [host])
    assert (row["whichproxy.proxy"], row["whichproxy.plane"]) == ("172.16.12.10:3128", "sensor")


def test_what_came_of_it() -> None:
    denied = tunnel(number=1, answer=DENIED)
    silent = tunnel(number=2)
    assert [row["event.outcome"] for row in rows_of(pcap(denied.frames))] == ["failure"]
    assert [row["event.outcome"] for row in rows_of(pcap(silent.frames[:1]))] == ["failure"]
    recorded = analyzer.read(ROOT / "captures" / "T1-winhttp.pcapng").table
    outcomes = ecs_table(recorded)["event.outcome"].to_pylist()
    for flow, outcome in zip(recorded.to_pylist(), outcomes, strict=True):
        of_requests = {request["outcome"] for request in flow["requests"]}
        if "worked" in of_requests or flow["direct_outcome"] == "answered":
            assert outcome == "success"
        elif of_requests or flow["state"] in ("refused", "unreachable", "no-answer") or flow["direct_outcome"] == "blocked":
            assert outcome == ("unknown" if of_requests and of_requests <= {"unseen", "challenged", "hidden"} else "failure")
        else:
            assert outcome == "unknown"
    assert {"success", "failure"} <= set(outcomes)
    assert ecs_table(FLOW_SCHEMA.empty_table()).num_rows == 0
