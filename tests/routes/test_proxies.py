import pytest

from analyzer.routes.proxies import find_proxies, flow_ends, ip_port
from analyzer.routes.topology import Topology, topology_from
from tests.verdict.rows import asked, flow, request, table

SERVER = "192.0.2.9:8080"


def found(*rows: dict[str, object], topology: Topology | None = None) -> list[str]:
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
def test_an_unanswered_connect_that_became_a_tunnel_makes_a_proxy(columns: dict[str, object], is_proxy: bool) -> None:
    assert found(asked(SERVER, request("connect", "example.org", None), **columns)) == ([SERVER] if is_proxy else [])


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
def test_the_topology_names_proxies(entry: dict[str, object], expected: list[str]) -> None:
    topology = topology_from({"proxy": [{"name": "P", **entry}]}, "t.toml")
    rows = [flow(server_ip="192.0.2.9", server_port=port, state="no-answer") for port in (8080, 22)]
    v6 = flow(client_ip="2001:db8:ffff::1", server_ip="2001:db8::1", server_port=3128)
    dns = flow(server_ip="192.0.2.9", server_port=8080, protocol="udp")
    assert sorted(found(*rows, v6, dns, topology=topology)) == expected


@pytest.mark.parametrize(("ip", "text"), [("192.0.2.9", "192.0.2.9:80"), ("2001:db8::1", "[2001:db8::1]:80")])
def test_ip_port(ip: str, text: str) -> None:
    assert ip_port(ip, 80) == text
