"""What a source asked for that can't be seen."""

from typing import Any

from analyzer.routes.route import route_flows
from analyzer.routes.topology import topology_from
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.unread import unread_requests
from tests.verdict.rows import CNC, LAB, PROX01, PROX02, START_NS, flow, table, tunnel

LAB_TOPOLOGY = topology_from(LAB, "lab.toml")


def unread(*rows: dict[str, Any]) -> dict[str, dict[str, int]]:
    evidence = evidence_of(route_flows(table(rows), LAB_TOPOLOGY), LAB_TOPOLOGY)
    return {
        evidence.client_label(client): {evidence.proxy_label(proxy): n for proxy, n in counts.items()}
        for client, counts in unread_requests(evidence).items()
    }


def test_names_that_are_there_leave_nothing_unread() -> None:
    assert unread(tunnel(PROX01, CNC), flow(host=CNC)) == {}


def test_a_name_inside_the_tunnel_is_one() -> None:
    assert unread(tunnel(PROX01, None, host=CNC, sni=CNC, host_source="sni")) == {}


def test_names_that_were_cut_and_requests_that_tls_hides() -> None:
    hidden = flow(server_ip="172.16.12.11", server_port=3128, client_hello_at=START_NS, tls_first=True, server_first="tls")
    cut = tunnel(PROX01, None), tunnel(PROX01, None), tunnel(PROX02, None, client_ip="172.16.11.99")
    assert unread(*cut, hidden) == {"WORKSTATION": {"PROX01": 2, "PROX02": 1}, "172.16.11.99": {"PROX02": 1}}
