"""Hosts that look like Defender's: those of flows and of requests, each with the flow that asked for it."""

from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.lookalikes import lookalikes_of
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, PROX01, asked, flow, request, routed, table

ALIAS, REGION = "sevillecloudgateway-neu-prd.trafficmanager.net", "jp-v20.events.data.microsoft.com"


def test_of_flows_and_of_every_request() -> None:
    rows = [
        flow(host=ALIAS),
        asked(PROX01, request("connect", REGION.upper() + ".", 407), request("connect", "a.example", 200)),
        asked(PROX01, request("connect", CNC, 200)) | {"service": "edr-command-and-control"},
    ]
    found = lookalikes_of(evidence_of(table(routed(*rows)), LAB_TOPOLOGY), CATALOGUE)
    assert [(row, found.names[host]) for row, host in zip(found.row.tolist(), found.host.tolist(), strict=True)][:2] == [
        (0, ALIAS),
        (1, REGION),
    ]
    assert found.of(found.row[:1]) == [ALIAS]
