"""Who speaks on behind a request was let through, whether its answer was captured or not."""

from typing import Any

import pytest

from analyzer.routes.captured import captured_of
from analyzer.routes.requests import flat_requests
from analyzer.routes.tunnels import answered_before, answered_later, granted, let_through, tunnels_of
from tests.verdict.rows import START_NS, asked, flow, request, table

PROXY = "10.0.0.1:3128"
HELLO = {"client_hello_at": START_NS, "sni": "a"}
ONE_WAY = {"packets_in": 0, "bytes_in": 0, "state": "open"}


def through(*requests: dict[str, Any], **columns: Any) -> list[bool]:
    flows = table([asked(PROXY, *requests, **columns)])
    captured = captured_of(flows)
    result: list[bool] = let_through(flows, flat_requests(flows), captured, tunnels_of(flows, captured)).tolist()
    return result


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("connect", 200, True),
        ("connect", 299, True),
        ("connect", 302, False),
        ("connect", 407, False),
        ("absolute", 200, False),
        ("socks4", 90, True),
        ("socks4", 91, False),
        ("socks5", 0, True),
        ("socks5", 2, False),
        ("connect", None, False),
    ],
)
def test_what_an_answer_grants(kind: str, status: int | None, expected: bool) -> None:
    assert granted(flat_requests(table([asked(PROXY, request(kind, "a", status))]))).tolist() == [expected]


@pytest.mark.parametrize("kind", ["connect", "socks4", "socks5"])
@pytest.mark.parametrize("columns", [HELLO, {"tunnel_out": 10}, {"bytes_out": 2049}])
def test_one_way_the_client_that_goes_on_was_let_through(kind: str, columns: dict[str, Any]) -> None:
    assert through(request(kind, "a", None), **ONE_WAY, **columns) == [True]


@pytest.mark.parametrize("columns", [{"tunnel_out": 0}, {"bytes_out": 300}])
def test_one_way_a_client_that_says_no_more_wasnt_seen_let_through(columns: dict[str, Any]) -> None:
    assert through(request("connect", "a", None), **ONE_WAY, **columns) == [False]


def test_absolute_form_opens_no_tunnel() -> None:
    assert through(request("absolute", "a", None), **ONE_WAY, **HELLO) == [False]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"bytes_in": 0}, False),  # the client didn't wait, and nothing came
        ({"bytes_in": 0, "acked_in": 40}, True),  # what came isn't in the capture, but the client acknowledged it
        ({"tunnel_in": 90}, True),
        ({"server_hello_at": START_NS, "tunnel_in": 90}, True),
    ],
)
def test_where_the_server_is_captured_something_of_it_came(columns: dict[str, Any], expected: bool) -> None:
    assert through(request("connect", "a", None), **HELLO, **columns) == [expected]


def test_an_alert_to_the_request_lets_nobody_through() -> None:
    assert through(request("connect", "a", None), tunnel_out=300, tunnel_in=7, server_first="alert") == [False]


def test_what_earlier_answers_took_is_no_tunnel() -> None:
    both = (request("connect", "a", 407), request("connect", "a", None))
    assert through(*both, tunnel_out=300, tunnel_in=500) == [False, False]
    assert through(*both, tunnel_out=300, tunnel_in=500, server_hello_at=START_NS) == [False, True]


def test_before_and_after_on_a_connection() -> None:
    rows = [
        asked(PROXY, request("connect", "a", None), request("connect", "a", 407), request("connect", "a", None)),
        flow(),
        asked(PROXY, request("connect", "a", None)),
        asked(PROXY, request("connect", "a", 200), request("connect", "a", 200)),
    ]
    flat = flat_requests(table(rows))
    assert answered_before(flat).tolist() == [False, False, True, False, False, True]
    assert answered_later(flat).tolist() == [True, False, False, False, True, False]
    none = flat_requests(table([flow()]))
    assert answered_before(none).tolist() == answered_later(none).tolist() == []


@pytest.mark.parametrize(
    ("columns", "failed"),
    [
        ({"tls_completed": True}, False),
        ({"tls_completed": False}, True),
        ({"tls_completed": False, "bytes_out": 100, "acked_out": 200}, False),
        ({"tls_completed": None}, False),
        ({"tls_completed": None, "tls_alert": "bad_certificate"}, True),
    ],
)
def test_when_tls_failed(columns: dict[str, Any], failed: bool) -> None:
    flows = table([flow(**HELLO, **columns)])
    assert tunnels_of(flows, captured_of(flows)).failed.tolist() == [failed]


@pytest.mark.parametrize("kind", ["connect", "socks5"])
def test_a_fin_that_is_only_acknowledged_is_no_word_in_a_tunnel(kind: str) -> None:
    lost = {"state": "closed", "acked_in": 900, "bytes_in": 0, "tunnel_in": 0}
    assert through(request(kind, "a", None), **lost, tunnel_out=1) == [False]
    assert through(request(kind, "a", None), **lost, tunnel_out=2) == [True]


def test_behind_a_request_whose_end_wasnt_captured_time_tells() -> None:
    ask = request("connect", "a", None, first_seen=START_NS)
    cut: dict[str, Any] = {**ONE_WAY, "bytes_out": 300, "tunnel_out": None}
    assert through(ask, **cut, last_data=START_NS + 20_000_000) == [True]
    assert through(ask, **cut, last_data=START_NS) == [False]
    assert through(ask, **cut, last_data=START_NS + 20_000_000, resent_out=90, pending_since=START_NS) == [False]


def test_early_data_completes_nothing() -> None:
    sent: dict[str, Any] = {**HELLO, "tls_completed": True, "tunnel_out": 900}

    def completed(**columns: Any) -> list[bool]:
        flows = table([asked(PROXY, request("connect", "a", 200), **sent | columns)])
        return tunnels_of(flows, captured_of(flows)).completed.tolist()

    assert completed(tunnel_in=0) == [False]
    assert completed(tunnel_in=7, tls_alert="handshake_failure", tls_alert_from="server") == [False]
    assert completed(tunnel_in=4000, server_hello_at=START_NS) == [True]
    assert completed(tunnel_in=0, acked_in=9000) == [True]  # what the server said isn't in the capture
