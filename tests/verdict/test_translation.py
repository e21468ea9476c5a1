from __future__ import annotations

from typing import Any

from tests.verdict.rows import PROX01, WORKSTATION, flow, request, verdict

HELLO = {"client_random": "ab" * 32, "sni": "a.example"}


def told(*rows: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [(f["client_ip"], f["text"], f["flows"]) for f in verdict(*rows)["findings"] if f["code"] == "nat"]


def test_a_source_that_was_translated() -> None:
    inside, outside = flow(id="1", **HELLO), flow(id="2", client_ip="203.0.113.5", **HELLO)
    assert told(inside, outside) == [(WORKSTATION, f"1 connection of {WORKSTATION} seen again as coming from 203.0.113.5", ["1", "2"])]


def test_a_destination_that_was_translated() -> None:
    rows = [flow(id=str(i), client_port=5000, server_ip=f"20.0.0.{i}", **HELLO) for i in (1, 2)]
    assert told(*rows) == [(WORKSTATION, "1 connection of WORKSTATION to 20.0.0.1:443 sent on to 20.0.0.2:443", ["1", "2"])]


def test_many_connections_are_one_finding() -> None:
    rows = [flow(client_ip=ip, **{**HELLO, "client_random": f"{i:064x}"}) for i in range(3) for ip in (WORKSTATION, "203.0.113.5")]
    ((_, text, flows),) = told(*rows)
    assert text.startswith("3 connections of") and len(flows) == 6


def test_both_legs_of_a_tunnel_are_no_translation() -> None:
    ip, port = PROX01.split(":")
    asked = [request("connect", "a.example", 200)]
    near = flow(server_ip=ip, server_port=int(port), request="connect", requested_host="a.example", requests=asked, **HELLO)
    assert told(near, flow(client_ip=ip, **HELLO)) == []


def test_other_hellos_and_none_are_none() -> None:
    assert told(flow(**HELLO), flow(client_ip="203.0.113.5", client_random="cd" * 32), flow(), flow(client_ip="203.0.113.5")) == []
    assert told(flow(protocol="udp", **HELLO), flow(protocol="udp", client_ip="203.0.113.5", **HELLO)) == []
