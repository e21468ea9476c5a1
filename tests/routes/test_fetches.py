"""Plain HTTP: one leg that fits and fits nothing else is a pair, anything less is none."""

from typing import Any

import pytest

from tests.verdict.rows import PROX01, PROX02, START_NS, asked, flow, request, routed

MS = 1_000_000
CRL = "crl.microsoft.com"


def fetch(at_ms: int = 0, path: str = "/a.crl", **columns: Any) -> dict[str, Any]:
    at = START_NS + at_ms * MS
    entry = request("absolute", CRL, 200, path=path, first_seen=at, answered=at + 5 * MS)
    return asked(PROX01, entry, first_seen=at, **({"bytes_in": 3000} | columns))


def origin(at_ms: int = 2, path: str = "/a.crl", **columns: Any) -> dict[str, Any]:
    ends = {"client_ip": "172.16.12.10", "server_port": 80, "http_host": CRL, "http_path": path, "bytes_in": 2900}
    return flow(first_seen=START_NS + at_ms * MS, **(ends | columns))


def pairs(*rows: dict[str, Any]) -> list[str | None]:
    return [row["pair"] for row in routed(*rows)]


def test_one_leg_that_fits_is_a_pair_and_says_nothing_of_tls() -> None:
    leg, beyond = fetch(), origin()
    rows = routed(leg, beyond)
    assert [(row["pair"], row["inspected"]) for row in rows] == [(leg["id"], None)] * 2


def test_another_time_path_host_proxy_or_size_is_no_pair() -> None:
    others = (
        origin(6),
        origin(path="/b.crl"),
        origin(http_host="ocsp.example"),
        origin(client_ip="172.16.12.99"),
        origin(bytes_in=9000),
        origin(client_ip="172.16.11.92"),
    )
    assert [pairs(fetch(), other) for other in others] == [[None, None]] * len(others)


def test_two_that_fit_are_none() -> None:
    assert pairs(fetch(), origin(), origin(3)) == [None] * 3
    assert pairs(fetch(), fetch(1), origin(3)) == [None] * 3


def test_several_at_once_for_other_paths_are_each_their_own() -> None:
    legs = [fetch(i % 3, path=f"/{i}.crl") for i in range(6)]
    beyond = [origin(2 + i % 3, path=f"/{i}.crl") for i in range(6)]
    assert pairs(*legs, *reversed(beyond)) == [*(leg["id"] for leg in legs), *(leg["id"] for leg in reversed(legs))]


def test_what_one_connection_asks_twice_at_once_is_no_pair() -> None:
    leg = fetch()
    leg["requests"] = leg["requests"] * 2
    assert pairs(leg, origin()) == [None, None]


def ask(at_ms: int, path: str, **fields: Any) -> dict[str, Any]:
    at = START_NS + at_ms * MS
    return request("absolute", CRL, 200, path=path, first_seen=at, **({"answered": at + 5 * MS} | fields))


def test_a_kept_connection_of_the_client_has_a_leg_for_each_request() -> None:
    leg = asked(PROX01, ask(0, "/a"), ask(100, "/b"), ask(200, "/c"), first_seen=START_NS, bytes_in=90_000)
    rows = routed(leg, origin(2, "/a"), origin(101, "/b"), origin(301, "/c"))
    assert [row["pair"] for row in rows] == [leg["id"], leg["id"], leg["id"], None]
    assert [row["pairs"] for row in rows] == [[leg["id"]]] * 3 + [[]]


def test_a_proxys_own_connection_carries_requests_of_several_clients() -> None:
    one = asked(PROX01, ask(0, "/a"), first_seen=START_NS, client_ip="10.0.0.1")
    two = asked(PROX01, ask(50, "/b"), ask(90, "/d"), first_seen=START_NS, client_ip="10.0.0.2")
    sent = [ask(at, path, answered=START_NS + (at + 2) * MS) for at, path in ((1, "/a"), (51, "/b"), (70, "/own"), (91, "/d"))]
    parent = asked(PROX02, *sent, first_seen=START_NS, client_ip="172.16.12.10")
    rows = routed(one, two, parent)
    assert [row["route"] for row in rows] == ["proxy", "proxy", "upstream"]
    assert [row["pairs"] for row in rows] == [[one["id"]], [two["id"]], [one["id"], two["id"]]]
    assert [row["pair"] for row in rows] == [one["id"], two["id"], one["id"]]


def test_what_the_parent_answers_later_than_the_client_was_answered_is_another() -> None:
    one = asked(PROX01, ask(0, "/a"), ask(300, "/z"), first_seen=START_NS)
    parent = asked(PROX02, ask(1, "/a", answered=START_NS + 9 * MS), ask(400, "/y"), first_seen=START_NS, client_ip="172.16.12.10")
    assert pairs(one, parent) == [None, None]


@pytest.mark.parametrize(("kind", "status"), [("socks5", 0), ("socks4", 90), ("connect", 200)])
def test_plain_http_in_a_tunnel(kind: str, status: int) -> None:
    inside = {"http_host": CRL, "http_path": "/a.crl", "bytes_in": 3000}
    entry = request(kind, CRL, status, first_seen=START_NS, answered=START_NS + 5 * MS)
    leg = asked(PROX01, entry, first_seen=START_NS, **inside)
    assert pairs(leg, origin()) == [leg["id"], leg["id"]]
    assert pairs(leg, origin(6)) == [None, None]
    assert pairs(leg | {"http_path": "/b.crl"}, origin()) == [None, None]
    denied = asked(PROX01, entry | {"status": 403 if kind == "connect" else 2}, first_seen=START_NS, **inside)
    assert pairs(denied, origin()) == [None, None]


def test_unanswered_or_without_times_is_no_pair() -> None:
    leg = fetch()
    leg["requests"] = [leg["requests"][0] | {"answered": None}]
    assert pairs(leg, origin()) == [None, None]
