"""Plain HTTP: one leg that fits and fits nothing else is a pair, anything less is none."""

from typing import Any

from tests.verdict.rows import PROX01, START_NS, asked, flow, request, routed

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


def test_a_connection_with_several_requests_is_no_client_leg() -> None:
    leg = fetch()
    leg["requests"] = leg["requests"] * 2
    assert pairs(leg, origin()) == [None, None]


def test_unanswered_or_without_times_is_no_pair() -> None:
    leg = fetch()
    leg["requests"] = [leg["requests"][0] | {"answered": None}]
    assert pairs(leg, origin()) == [None, None]
