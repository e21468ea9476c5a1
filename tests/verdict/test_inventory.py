from typing import Any

from analyzer.routes.topology import Topology, topology_from
from analyzer.verdict.inventory import endpoint_order
from tests.verdict.rows import CNC, EDGE, LAB_TOPOLOGY, PROX01, PROX02, PROX03, asked, flow, request, tunnel, verdict


def proxies(*rows: dict[str, Any], topology: Topology = LAB_TOPOLOGY) -> dict[str, dict[str, Any]]:
    return {entry["proxy"]: entry for entry in verdict(*rows, topology=topology)["proxies"]}


def test_what_a_proxy_was_asked_for() -> None:
    rows = [
        asked(PROX01, request("connect", CNC, 407), request("connect", CNC, 200)),
        asked(PROX01, request("absolute", "a.example", 503), client_ip="172.16.11.93"),
        tunnel(PROX01, EDGE),
    ]
    assert proxies(*rows)[PROX01] == {
        "proxy": PROX01,
        "name": "PROX01",
        "method": "winhttp",
        "kinds": ["connect", "absolute"],
        "sources": 2,
        "requests": 4,
        "failed": 1,
        "hidden": 0,
        "inspected": None,
    }


def test_named_proxies_are_listed_without_traffic_when_they_have_a_port() -> None:
    topology = topology_from({"proxy": [{"name": "A", "address": "10.0.0.1", "port": 80}, {"name": "B", "address": "10.0.0.2"}]}, "t")
    assert proxies(flow(), topology=topology) == {
        "10.0.0.1:80": {"proxy": "10.0.0.1:80", "name": "A", "method": None, "inspected": None}
        | {"kinds": [], "sources": 0, "requests": 0, "failed": 0, "hidden": 0}
    }


def test_a_parent_counts_its_childrens_requests_and_no_sources_for_them() -> None:
    found = proxies(tunnel(PROX01, CNC), tunnel(PROX02, CNC, client_ip="172.16.12.10"))
    assert (found[PROX02]["requests"], found[PROX02]["sources"]) == (1, 0)
    assert (found[PROX01]["requests"], found[PROX01]["sources"]) == (1, 1)


def test_a_source_that_only_knocked_is_one() -> None:
    found = proxies(flow(server_ip="172.16.12.12", server_port=3128, state="no-answer"))
    assert (found[PROX03]["sources"], found[PROX03]["requests"], found[PROX03]["kinds"]) == (1, 0, [])


def test_a_socks_proxy_that_was_only_greeted() -> None:
    """It chose a method, or wanted none of those offered, and no request followed: that is version 5."""
    greeted = flow(server_ip="172.16.12.12", server_port=3128, server_first="socks")
    assert proxies(greeted)[PROX03]["kinds"] == ["socks5"]
    assert proxies(greeted, asked(PROX03, request("socks4", CNC, 90), server_first="socks"))[PROX03]["kinds"] == ["socks4", "socks5"]
    assert proxies(asked(PROX03, request("socks4", CNC, 90), server_first="socks"))[PROX03]["kinds"] == ["socks4"]


def test_untouched_tls_is_told() -> None:
    random = "aa" * 32
    found = proxies(tunnel(PROX01, CNC, client_random=random), flow(client_ip="172.16.12.10", client_random=random), tunnel(PROX02, CNC))
    assert (found[PROX01]["inspected"], found[PROX02]["inspected"]) == (False, None)


def test_proxies_are_in_the_order_of_their_addresses() -> None:
    ends = ["[2001:db8::2]:80", "10.0.0.10:80", "10.0.0.9:8080", "10.0.0.9:800", "[2001:db8::10]:80"]
    assert sorted(ends, key=endpoint_order) == ["10.0.0.9:800", "10.0.0.9:8080", "10.0.0.10:80", "[2001:db8::2]:80", "[2001:db8::10]:80"]
