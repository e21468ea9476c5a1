"""Who takes a connection over makes one of its own, and gives itself away by what it hands on."""

from typing import Any

import pytest

from analyzer.routes.behind import explained_clients, transparent_legs
from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology, topology_from
from tests.verdict.rows import SECOND_NS, START_NS, WORKSTATION, flow, routed, table

TAKER = "172.16.12.50"
STEP = SECOND_NS // 100
RANDOM = {"client_random": "ab" * 32, "client_hello_digest": "12" * 8}


def taken(at: int = 0, **columns: Any) -> dict[str, Any]:
    began = START_NS + at * STEP
    return flow(**({"first_seen": began, "client_hello_at": began + STEP} | RANDOM | columns))


def made(at: int = 2, **columns: Any) -> dict[str, Any]:
    return taken(at, **({"client_ip": TAKER, "packets_in": 9} | columns))


def plain(at: int = 0, via: bool = False, **columns: Any) -> dict[str, Any]:
    asked = {"server_port": 80, "http_host": "a.example", "http_path": "/x", "http_via": via, "first_seen": START_NS + at * STEP}
    return flow(**(asked | columns))


def said(*rows: dict[str, Any], topology: Topology | None = None) -> list[tuple[str, bool]]:
    """For each row its route, and whether it is paired with the first."""
    found = routed(*rows, topology=topology)
    return [(row["route"], row["pair"] == found[0]["id"]) for row in found]


def test_a_known_proxy_takes_over_what_it_isn_t_asked_for() -> None:
    named = topology_from({"proxy": [{"name": "P", "address": TAKER}]}, "t.toml")
    for rows in ((taken(), made()), (plain(), plain(2, True, client_ip=TAKER))):
        assert said(*rows, topology=named) == [("direct", True), ("upstream", True)]
    assert said(made(client_hello_digest="34" * 8), made(4, packets_in=8), topology=named) == [("upstream", False)] * 2, "its own"


def test_the_same_hello_under_other_numbers_a_moment_later() -> None:
    rows = routed(taken(), made())
    assert [(row["route"], row["same_as"], row["inspected"]) for row in rows] == [("direct", None, False), ("upstream", None, False)]
    assert {row["pair"] for row in rows} == {rows[0]["id"]}
    assert rows[1]["direct_outcome"] is None


def test_under_the_clients_own_address_to_another_server() -> None:
    assert said(taken(), made(client_ip=WORKSTATION, server_ip="192.0.2.1"), flow()) == [
        ("direct", True),
        ("upstream", True),
        ("direct", False),
    ]


def test_under_the_clients_own_address_to_the_same_server() -> None:
    """As squid's TPROXY and gateways that keep the source address do: the client gets its answer only when the proxy has got its own."""
    first, second = taken(server_hello_at=START_NS + 9 * STEP), made(client_ip=WORKSTATION, server_hello_at=START_NS + 5 * STEP)
    assert said(first, second, flow()) == [("direct", True), ("upstream", True), ("direct", False)]
    assert said(plain(), plain(2, True), flow()) == [("direct", True), ("upstream", True), ("direct", False)]


@pytest.mark.parametrize(
    "columns",
    [
        {"client_hello_digest": "34" * 8},
        {"client_hello_at": START_NS + 6 * SECOND_NS},
        {"client_ip": WORKSTATION},  # the same addresses: a tool that says one hello twice
        {"client_ip": WORKSTATION, "server_hello_at": START_NS + 9 * STEP},  # and is answered in the order of its connections
        {"protocol": "udp"},
    ],
)
def test_what_shows_no_second_leg(columns: dict[str, Any]) -> None:
    rows = routed(taken(last_seen=START_NS + 9 * SECOND_NS, server_hello_at=START_NS + 8 * STEP), made(**columns))
    assert [row["pair"] for row in rows] == [None, None]
    assert rows[1]["route"] == "direct"


def test_a_hello_that_many_say_is_a_tools() -> None:
    rows = [taken(i, client_ip=f"10.0.0.{i}", packets_in=10 + i) for i in range(9)]
    assert {row["route"] for row in routed(*rows)} == {"direct"}


def test_a_plain_request_with_via() -> None:
    assert said(plain(), plain(2, True, client_ip=TAKER)) == [("direct", True), ("upstream", True)]
    assert [row["inspected"] for row in routed(plain(), plain(2, True, client_ip=TAKER))] == [None, None]


@pytest.mark.parametrize(
    "columns",
    [
        {"http_via": False},  # two workstations that ask for the same list
        {"http_path": "/y"},
        {"http_host": "b.example"},
        {"first_seen": START_NS - 1},
        {"first_seen": START_NS + 6 * SECOND_NS},
    ],
)
def test_a_plain_request_that_shows_nothing(columns: dict[str, Any]) -> None:
    other = plain(2, True, client_ip=TAKER) | columns
    assert [row["route"] for row in routed(plain(last_seen=START_NS + 9 * SECOND_NS), other)] == ["direct", "direct"]


def test_the_nearest_request_before_it_is_taken() -> None:
    rows = routed(plain(0), plain(5, client_ip="172.16.11.93"), plain(6, True, client_ip=TAKER))
    assert rows[2]["pair"] == rows[1]["id"]


def test_of_many_requests_for_one_list_each_has_its_own_leg() -> None:
    step = 6 * SECOND_NS
    asking = [plain(first_seen=START_NS + n * step, last_seen=START_NS + n * step + SECOND_NS) for n in range(40)]
    legs = [plain(via=True, client_ip=TAKER, first_seen=START_NS + n * step + STEP) for n in range(40)]
    rows = routed(*asking, *reversed(legs))
    assert [row["pair"] for row in rows] == [*(row["id"] for row in rows[:40]), *(row["id"] for row in reversed(rows[:40]))]


def test_whatever_the_taker_opens_is_upstream_unless_it_is_a_workstation() -> None:
    rows = taken(), made(), flow(client_ip=TAKER)
    assert [route for route, _ in said(*rows)] == ["direct", "upstream", "upstream"]
    named = topology_from({"workstation": [{"name": "W", "address": TAKER}]}, "t.toml")
    assert [route for route, _ in said(*rows, topology=named)] == ["direct", "upstream", "direct"]


def test_who_is_no_source_and_which_legs_show_it() -> None:
    numbers = {"isn_out": 3_000_000_000, "isn_in": 1_234_567_890}
    copied = flow(first_seen=START_NS, **numbers), flow(first_seen=START_NS + 1, client_ip="198.51.100.7", **numbers)
    flows = route_flows(table([taken(), made(), *copied]), Topology())
    assert [rows.tolist() for rows in transparent_legs(flows)] == [[1], [0]]
    assert explained_clients(flows) == [TAKER, "198.51.100.7"]
    assert explained_clients(route_flows(table([flow()]), Topology())) == []
