from typing import Any

import pytest

from analyzer.routes.proxies import basis_of, find_proxies, flow_ends, ip_port
from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology, topology_from
from tests.verdict.rows import LAB_TOPOLOGY, PROX01, START_NS, asked, flow, request, routed, table, tunnel

SERVER = "192.0.2.9:8080"


def found(*rows: dict[str, Any], topology: Topology | None = None) -> list[str]:
    flows = table(rows)
    return [address for address, _ in find_proxies(flows, flow_ends(flows), topology or Topology()).at.values()]


@pytest.mark.parametrize(
    ("kind", "status", "is_proxy"),
    [
        *(("connect", status, True) for status in (200, 201, 302, 401, 403, 407, 429, 500, 502, 503, 504)),
        *(("connect", status, False) for status in (400, 404, 405, 501, None)),
        *(("absolute", status, True) for status in (200, 304, 400, 403, 404, 405, 407, 501, 502)),
        ("absolute", None, False),
        *(("socks5", status, True) for status in (0, 1, 2, 5, 255)),
        *(("socks4", status, True) for status in (90, 91, 93)),
        ("socks4", None, False),
        ("socks5", None, False),
    ],
)
def test_a_proxy_is_known_by_what_it_answers(kind: str, status: int | None, is_proxy: bool) -> None:
    assert found(asked(SERVER, request(kind, "example.org", status), bytes_in=0)) == ([SERVER] if is_proxy else [])


@pytest.mark.parametrize(
    ("columns", "is_proxy"), [({"sni": "example.org"}, True), ({"sni": "example.org", "bytes_in": 0}, False), ({}, False)]
)
def test_an_unanswered_connect_that_became_a_tunnel_makes_a_proxy(columns: dict[str, Any], is_proxy: bool) -> None:
    assert found(asked(SERVER, request("connect", "example.org", None), **columns)) == ([SERVER] if is_proxy else [])


@pytest.mark.parametrize("kind", ["connect", "socks4", "socks5"])
def test_where_answers_arent_captured_a_client_that_goes_on_makes_a_proxy(kind: str) -> None:
    one_way = {"packets_in": 0, "bytes_in": 0}
    assert found(asked(SERVER, request(kind, "example.org", None), **one_way, tunnel_out=500)) == [SERVER]
    assert found(asked(SERVER, request(kind, "example.org", None), **one_way, tunnel_out=0)) == []
    assert found(asked(SERVER, request("absolute", "example.org", None), **one_way, tunnel_out=500)) == []


@pytest.mark.parametrize(
    ("columns", "is_proxy"),
    [
        ({"server_first": "http", "server_hello_at": START_NS}, True),
        ({"server_first": "http"}, False),
        ({"server_first": "tls", "server_hello_at": START_NS}, False),
        ({"server_first": "http", "server_hello_at": START_NS, "http_path": "/upgrade"}, False),  # RFC 2817
    ],
)
def test_where_requests_arent_captured_a_200_before_a_server_hello_makes_a_proxy(columns: dict[str, Any], is_proxy: bool) -> None:
    row = flow(server_ip="192.0.2.9", server_port=8080, packets_out=0, bytes_out=0, **columns)
    assert found(row) == ([SERVER] if is_proxy else [])


def test_why_a_proxy_stands_there() -> None:
    rows = [
        tunnel("192.0.2.1:80", "a", 200),
        asked("192.0.2.2:80", request("connect", "a", None), bytes_in=0),
        tunnel("192.0.2.3:80", "a", 405),
        asked("192.0.2.4:80", request("connect", "a", None), bytes_in=7, server_first="alert", tunnel_out=0),
        asked("192.0.2.5:80", request("socks5", "a", None), bytes_in=2, server_first="socks", tunnel_out=0),
        tunnel("192.0.2.6:80", "a", 405),
        tunnel("192.0.2.6:80", "a", 200),
        asked(PROX01, request("connect", "a", None), bytes_in=0),
        flow(),
    ]
    assert basis_of(route_flows(table(rows), LAB_TOPOLOGY)) == {
        "192.0.2.1:80": "proven",
        "192.0.2.2:80": "asked",
        "192.0.2.3:80": "not-a-proxy",
        "192.0.2.4:80": "not-a-proxy",
        "192.0.2.5:80": "asked",
        "192.0.2.6:80": "proven",
        PROX01: "named",
    }
    assert basis_of(route_flows(table([]), LAB_TOPOLOGY)) == {}


def test_who_was_only_asked_is_told_apart() -> None:
    flows = table([tunnel(SERVER, "a", 405), tunnel(PROX01, "a"), flow(client_ip="192.0.2.9")])
    proxies = find_proxies(flows, flow_ends(flows), Topology())
    assert list(proxies.others.values()) == [SERVER]
    assert [address for address, _ in proxies.at.values()] == [PROX01]
    assert proxies.asked.tolist() == [True, True, False]
    assert proxies.asking.tolist() == [False, False, False]


def test_one_answer_among_many_is_enough() -> None:
    refused = asked(SERVER, request("connect", "a.example", 405))
    assert found(refused, asked(SERVER, request("connect", "a.example", 405), request("connect", "b.example", 200))) == [SERVER]


def test_plain_servers_are_no_proxies() -> None:
    assert found(flow(), flow(server_port=80, http_host="example.org")) == []


def test_a_proxy_is_an_address_and_a_port() -> None:
    assert found(asked(SERVER, request("connect", "a", 200)), flow(server_ip="192.0.2.9", server_port=443)) == [SERVER]


def test_ports_that_look_alike_across_addresses_stay_apart() -> None:
    rows = [
        asked("192.0.2.9:65535", request("connect", "a", 200)),
        flow(server_ip="192.0.2.10", server_port=65535),
        flow(server_ip="192.0.2.10", server_port=1),
    ]
    assert found(*rows) == ["192.0.2.9:65535"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"address": "192.0.2.9", "port": 8080}, ["192.0.2.9:8080"]),
        ({"address": "192.0.2.9"}, ["192.0.2.9:22", "192.0.2.9:8080"]),
        ({"address": "192.0.2.0/24", "port": 8080}, ["192.0.2.9:8080"]),
        ({"address": "192.0.3.0/24"}, []),
        ({"address": "2001:db8::/32"}, ["[2001:db8::1]:3128"]),
    ],
)
def test_the_topology_names_proxies(entry: dict[str, Any], expected: list[str]) -> None:
    topology = topology_from({"proxy": [{"name": "P", **entry}]}, "t.toml")
    rows = [flow(server_ip="192.0.2.9", server_port=port, state="no-answer") for port in (8080, 22)]
    v6 = flow(client_ip="2001:db8:ffff::1", server_ip="2001:db8::1", server_port=3128)
    dns = flow(server_ip="192.0.2.9", server_port=8080, protocol="udp")
    assert sorted(found(*rows, v6, dns, topology=topology)) == expected


@pytest.mark.parametrize(("ip", "text"), [("192.0.2.9", "192.0.2.9:80"), ("2001:db8::1", "[2001:db8::1]:80")])
def test_ip_port(ip: str, text: str) -> None:
    assert ip_port(ip, 80) == text


def test_a_server_that_wants_none_of_the_methods_offered_has_answered_socks() -> None:
    greeted = flow(server_ip="192.0.2.9", server_port=1080, bytes_out=3, bytes_in=2, server_first="socks")
    assert found(greeted) == ["192.0.2.9:1080"]
    assert found(greeted | {"server_first": "other"}) == []


VIA = {"http_via": True, "client_ip": "172.16.12.10"}


def test_who_asks_with_via_is_a_proxy_and_no_source() -> None:
    handed_on = [tunnel(SERVER, "a.example", **VIA), asked(SERVER, request("absolute", "b.example", 200), **VIA)]
    own = flow(client_ip="172.16.12.10")
    assert [row["route"] for row in routed(*handed_on, own)] == ["upstream"] * 3
    assert [row["route"] for row in routed(tunnel(SERVER, "a.example", http_via=True), topology=LAB_TOPOLOGY)] == ["proxy"], "named"


@pytest.mark.parametrize("columns", [{"http_via": False}, {"http_via": None}])
def test_who_also_asks_without_via_may_be_anybody(columns: dict[str, Any]) -> None:
    rows = [tunnel(SERVER, "a.example", **VIA), tunnel(SERVER, "a.example", **(VIA | columns))]
    assert [row["route"] for row in routed(*rows)] == ["proxy", "proxy"]


def test_a_page_asked_for_with_via_alone_shows_no_proxy() -> None:
    """Clients that probe write X-Forwarded-For too; no client writes it into CONNECT."""
    assert routed(asked(SERVER, request("absolute", "b.example", 200), **VIA))[0]["route"] == "proxy"
