"""Proxies that connect to servers through a translation: their translated address is no source, and its traffic isn't direct traffic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.routes.egress import _within
from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, PROX01, SECOND_NS, START_NS, asked, flow, request, routed, tunnel, verdict

OUTSIDE = "203.0.113.9"
LIST = {"http_host": "crl.example", "http_path": "/a.crl"}


def hello(number: int) -> dict[str, Any]:
    random, at = f"{number:064x}", START_NS + 10 * number * SECOND_NS
    return {"client_random": random, "client_hello_digest": "12" * 8, "client_hello_at": at + SECOND_NS // 2, "sni": CNC}


def asking(number: int, **columns: Any) -> dict[str, Any]:
    """A tunnel that is asked for at 10 s * number, and granted a fifth of a second later."""
    at = START_NS + 10 * number * SECOND_NS
    told = request("connect", CNC, 200, first_seen=at, answered=at + SECOND_NS // 5)
    return asked(PROX01, told, first_seen=at, **hello(number) | columns)


def leaving(number: int, **columns: Any) -> dict[str, Any]:
    """A connection that is opened a tenth of a second after that request."""
    at = START_NS + 10 * number * SECOND_NS + SECOND_NS // 10
    return flow(**({"client_ip": OUTSIDE, "first_seen": at} | columns))


def routes(*rows: dict[str, Any]) -> list[str | None]:
    return [row["route"] for row in routed(*rows)]


def test_what_else_comes_from_where_a_tunnel_leaves_is_a_proxys() -> None:
    dead = leaving(7, state="no-answer", packets_in=0, bytes_in=0)
    assert routes(asking(1), leaving(1, **hello(1)), dead) == ["proxy", "upstream", "upstream"]
    assert routes(asking(1), leaving(1, **hello(2)), dead) == ["proxy", "direct", "direct"]


def test_a_request_that_was_handed_on_tells_its_proxy() -> None:
    fetch = request("absolute", "crl.example", 200, path="/a.crl", first_seen=START_NS, answered=START_NS + SECOND_NS)
    client = asked(PROX01, fetch, first_seen=START_NS, bytes_in=5000)
    behind = leaving(0, server_port=80, http_via=True, **LIST)
    found = routed(client, behind)
    assert [row["route"] for row in found] == ["proxy", "upstream"] and found[1]["pair"] == found[0]["id"]
    assert routes(client, behind | {"http_via": False}) == ["proxy", "direct"]
    assert routes(client, behind | {"http_path": "/b.crl"}) == ["proxy", "direct"]
    assert routes(client, behind | {"first_seen": START_NS + 2 * SECOND_NS}) == ["proxy", "direct"]


@pytest.mark.parametrize(("n", "route"), [(2, "direct"), (3, "upstream")])
def test_three_connections_just_when_a_proxy_is_asked_for_their_host(n: int, route: str) -> None:
    rows = [row for i in range(n) for row in (asking(i), leaving(i, **hello(50 + i) | {"client_hello_at": None}))]
    assert routes(*rows)[1::2] == [route] * n


def test_a_moment_lies_in_a_span_of_its_name() -> None:
    random = np.random.default_rng(7)
    for n_spans, n_moments in ((0, 5), (1, 40), (30, 200)):
        names, begins = random.integers(-1, 4, n_spans), random.integers(0, 40, n_spans)
        ends = begins + random.integers(-2, 6, n_spans)
        name, at = random.integers(-1, 4, n_moments), random.integers(0, 40, n_moments)
        spans = list(zip(names.tolist(), begins.tolist(), ends.tolist(), strict=True))
        expected = [n >= 0 and any(n == of and b <= t <= e for of, b, e in spans) for n, t in zip(name.tolist(), at.tolist(), strict=True)]
        assert _within(name, at, names, begins, ends).tolist() == expected
        assert n_spans < 2 or 0 < sum(expected) < n_moments


def test_one_connection_at_another_time_or_host_is_somebodys() -> None:
    rows = [row for i in range(4) for row in (asking(i), leaving(i, sni=CNC))]
    assert routes(*rows, leaving(9, sni=CNC))[-1] == "direct"
    assert routes(*rows, leaving(2, sni="other.example"))[1] == "direct"


def test_who_asks_a_proxy_or_is_a_workstation_is_no_translator() -> None:
    rows = [asking(1), leaving(1, **hello(1)), leaving(7, sni=CNC)]
    assert routes(*rows, tunnel(PROX01, CNC, client_ip=OUTSIDE)) == ["proxy", "upstream", "direct", "proxy"]
    named = topology_from({"workstation": [{"name": "PC", "address": OUTSIDE}]}, "test")
    assert [row["route"] for row in routed(*rows, topology=named)] == ["proxy", "upstream", "direct"]


def test_opened_tls_is_proven_where_one_proxy_leaves_by_the_address() -> None:
    inspected = leaving(2, **hello(99) | {"client_hello_at": START_NS + 21 * SECOND_NS})
    found = routed(asking(1), leaving(1, **hello(1)), asking(2, client_ip="172.16.11.93"), inspected)
    assert [row["inspected"] for row in found] == [False, False, True, True]


def test_its_address_is_no_source_and_went_nowhere_directly() -> None:
    document = verdict(asking(1), leaving(1, **hello(1)), leaving(7, sni=CNC))
    assert [source["client_ip"] for source in document["sources"]] == ["172.16.11.92"]
    assert not {"direct-allowed", "direct-blocked"} & {finding["code"] for finding in document["findings"]}
