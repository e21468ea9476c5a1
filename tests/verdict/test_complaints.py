"""What there is to complain of at each proxy."""

from __future__ import annotations

from typing import Any

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.verdict.complaints import Complaint, complaints_of
from analyzer.verdict.evidence import evidence_of
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, MAPS, PROX01, PROX03, START_NS, asked, request, table, tunnel


def complaints(*rows: dict[str, Any]) -> dict[str, list[Complaint]]:
    evidence = evidence_of(tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
    return complaints_of(evidence, CATALOGUE)


def test_requests_of_one_kind_and_host_are_one_row_with_their_times() -> None:
    rows = [
        asked(PROX03, request("connect", CNC, 407, first_seen=START_NS + n), first_seen=START_NS + n, client_ip=f"172.16.11.{92 + n % 2}")
        for n in range(4)
    ]
    (row,) = complaints(*rows)[PROX03]
    assert (row.kind, row.host, row.port, row.requests, row.answers, row.sources) == ("challenged", CNC, 443, 4, "4 × 407", 2)
    assert (row.first, row.last) == ("2024-05-01T12:00:00.000000000Z", "2024-05-01T12:00:00.000000003Z")
    assert row.service == "edr-command-and-control"


def test_kinds_are_apart_in_their_order_and_what_worked_is_no_complaint() -> None:
    rows = [tunnel(PROX01, CNC, 502), tunnel(PROX01, MAPS, 403), tunnel(PROX01, CNC, 407), tunnel(PROX01, MAPS, tls_completed=True)]
    assert [(row.kind, row.host) for row in complaints(*rows)[PROX01]] == [("refused", MAPS), ("challenged", CNC), ("failed", CNC)]


def test_what_isnt_defenders_is_nobodys_complaint() -> None:
    assert complaints(tunnel(PROX01, "www.example.org", 403)) == {}
    (row,) = complaints(tunnel(PROX01, "go.microsoft.com", 403))[PROX01]
    assert row.service == "security-intelligence-updates", "shared with others, and perhaps Defender's"
