"""The contract's "Outcome of a request", sentence by sentence."""

from typing import Any

import numpy as np
import pytest

from analyzer.routes.captured import captured_of
from analyzer.routes.outcomes import hidden_flows, outcomes_of
from analyzer.routes.proxies import flow_ends
from analyzer.routes.requests import flat_requests
from analyzer.routes.tunnels import tunnels_of
from tests.verdict.rows import SECOND_NS, START_NS, asked, flow, request, routed, table

PROXY = "10.0.0.1:3128"
LATER = flow(first_seen=START_NS, last_seen=START_NS + 100 * SECOND_NS)
"""Another flow, by which the capture goes on."""

HELLO: dict[str, Any] = {"client_hello_at": START_NS, "sni": "a", "tunnel_out": 500}
TLS: dict[str, Any] = HELLO | {"server_hello_at": START_NS, "tunnel_in": 4000, "tls_completed": True}
ONE_WAY: dict[str, Any] = {"packets_in": 0, "bytes_in": 0}


def ask(kind: str = "connect", status: int | None = 200, host: str | None = "a.example", **fields: Any) -> dict[str, Any]:
    return request(kind, host, status, first_seen=START_NS, **fields)


def outcomes(*requests: dict[str, Any], later: bool = True, **columns: Any) -> list[str]:
    row = asked(PROXY, *requests, **({"first_seen": START_NS, "state": "open", "last_data": START_NS} | columns))
    (first, *_) = routed(row, *([LATER] if later else []))
    return [entry["outcome"] for entry in first["requests"]]


def carried(*requests: dict[str, Any], **columns: Any) -> list[bool]:
    flows = table([asked(PROXY, *requests, **columns), LATER])
    captured = captured_of(flows)
    found = outcomes_of(flows, flow_ends(flows), flat_requests(flows), captured, tunnels_of(flows, captured))
    result: list[bool] = found.carried.tolist()
    return result


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        (TLS, "worked"),
        (TLS | {"tls_completed": False}, "broken"),
        (TLS | {"tls_completed": None, "tls_alert": "handshake_failure", "tls_alert_from": "server"}, "broken"),
        (TLS | {"tls_completed": None, "tls_alert": "unknown_ca", "tls_alert_from": "client"}, "broken"),
        (TLS | {"tls_completed": None}, "unseen"),
        (HELLO | {"tunnel_in": 0}, "broken"),  # the server never said a byte
        (HELLO | {"tunnel_in": 0, "acked_in": 9000}, "unseen"),  # it did, and that isn't in the capture
        ({"tunnel_out": 40, "tunnel_in": 60}, "worked"),
        ({"tunnel_out": 40, "tunnel_in": 0}, "broken"),
        ({"tunnel_out": 0, "tunnel_in": 0}, "broken"),
        ({"tunnel_out": 0, "tunnel_in": 60}, "unseen"),
    ],
)
@pytest.mark.parametrize(("kind", "status"), [("connect", 200), ("socks5", 0), ("socks4", 90)])
def test_let_through(kind: str, status: int, columns: dict[str, Any], outcome: str) -> None:
    assert outcomes(ask(kind, status), **columns) == [outcome]


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [({}, "unseen"), ({"ended_by": "client"}, "broken"), ({"resent_out": 9, "pending_since": START_NS}, "broken")],
)
def test_a_silent_tunnel_at_a_captures_end(columns: dict[str, Any], outcome: str) -> None:
    quiet: dict[str, Any] = HELLO | {"tunnel_in": 0} | columns
    assert outcomes(ask(), later=False, last_seen=START_NS + 2 * SECOND_NS, **quiet) == [outcome]
    assert outcomes(ask(), later=False, last_seen=START_NS + 3 * SECOND_NS, **quiet) == ["broken"]


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        ("absolute", 200, "worked"),
        ("absolute", 304, "worked"),
        ("absolute", 302, "worked"),
        ("absolute", 404, "worked"),
        ("absolute", 403, "denied"),
        ("absolute", 407, "authentication"),
        ("absolute", 500, "failed"),
        ("absolute", 504, "failed"),
        ("connect", 403, "denied"),
        ("connect", 407, "authentication"),
        ("connect", 302, "failed"),
        ("connect", 400, "failed"),
        ("connect", 404, "failed"),
        ("connect", 405, "failed"),
        ("connect", 501, "failed"),
        ("connect", 502, "failed"),
        ("connect", 511, "failed"),
        ("socks5", 1, "failed"),
        ("socks5", 2, "denied"),
        ("socks5", 5, "failed"),
        ("socks5", 255, "failed"),
        ("socks4", 91, "failed"),
    ],
)
def test_by_what_was_answered(kind: str, status: int, outcome: str) -> None:
    assert outcomes(ask(kind, status)) == [outcome]


def test_two_hosts_redirected_to_one_other_are_a_portals() -> None:
    away = [ask("absolute", 302, host, location="portal.test") for host in ("a.example", "b.example")]
    assert outcomes(*away, ask("absolute", 302, "c.example", location="d.example"), ask("absolute", 200)) == [
        "failed",
        "failed",
        "worked",
        "worked",
    ]


def page(host: str, path: str = "/pki/list.crl", status: int = 200, html: bool = True) -> dict[str, Any]:
    return ask("absolute", status, host, path=path, html=html)


@pytest.mark.parametrize(
    ("requests", "outcome"),
    [
        ((page("crl.microsoft.com"), page("ctldl.windowsupdate.com", "/authrootstl.cab")), "denied"),
        ((page("crl.microsoft.com"), page("www.microsoft.com")), "worked"),  # one site's own mistake
        ((page("crl.microsoft.com"), page("ocsp.digicert.com", "/page")), "worked"),  # a page where a page may be
        ((page("crl.microsoft.com", html=False), page("crl3.digicert.com", html=False)), "worked"),
    ],
)
def test_a_page_for_lists_of_hosts_that_have_nothing_in_common_is_the_proxys(requests: tuple[dict[str, Any], ...], outcome: str) -> None:
    assert outcomes(*requests) == [outcome] * len(requests)


@pytest.mark.parametrize("kind", ["connect", "absolute", "socks4", "socks5"])
def test_nothing_came(kind: str) -> None:
    quiet: dict[str, Any] = {"bytes_in": 0, "tunnel_in": 0, "tunnel_out": 0}
    assert outcomes(ask(kind, None), **quiet) == ["unanswered"]
    assert outcomes(ask(kind, None), ended_by="server", ended_with="rst", state="reset", **quiet) == ["unanswered"]
    assert outcomes(ask(kind, None), later=False, **quiet) == ["unseen"]
    assert outcomes(ask(kind, None), later=False, ended_by="client", **quiet) == ["unanswered"]
    assert outcomes(ask(kind, None), later=False, resent_out=300, pending_since=START_NS, **quiet) == ["unanswered"]
    assert outcomes(ask(kind, None), **quiet | ONE_WAY) == ["unseen"]
    assert outcomes(ask(kind, None), **quiet, acked_in=39) == ["unseen"]


def test_a_page_behind_a_200_that_the_client_ends_without_a_word_carries_nothing() -> None:
    page: dict[str, Any] = {"tunnel_out": 0, "tunnel_in": 500, "ended_by": "client"}
    assert outcomes(ask(html=True), **page) == ["broken"]
    assert outcomes(ask(html=False), **page) == ["unseen"]
    assert outcomes(ask(html=True), **page | {"tunnel_out": 90}) == ["worked"]  # the other side's own protocol
    assert outcomes(ask(html=True), **page | {"ended_by": None}, state="open") == ["unseen"]
    assert outcomes(ask(html=True), **page, acked_out=99_999) == ["unseen"]


def test_a_client_that_doesnt_wait_is_not_let_through() -> None:
    assert outcomes(ask("connect", None), **HELLO, bytes_in=0, tunnel_in=0) == ["unanswered"]


@pytest.mark.parametrize("first", ["alert", "other", "tls"])
def test_another_protocol_is_a_failure(first: str) -> None:
    spoke: dict[str, Any] = {"bytes_in": 7, "tunnel_in": 7, "tunnel_out": 0, "server_first": first}
    assert outcomes(ask("connect", None), **spoke) == ["failed"]
    assert outcomes(ask("connect", None), **spoke, isn_out=None, isn_in=None) == ["unseen"]  # perhaps the end of an earlier answer
    assert outcomes(ask("connect", None), **spoke | {"server_first": None}) == ["unseen"]


@pytest.mark.parametrize(("kind", "outcome"), [("connect", "unseen"), ("absolute", "unseen"), ("socks5", "failed")])
def test_an_answer_cut_before_its_status_is_no_other_protocol(kind: str, outcome: str) -> None:
    spoke: dict[str, Any] = {"bytes_in": 39, "tunnel_in": 39, "tunnel_out": 0, "server_first": "http"}
    assert outcomes(ask(kind, None), **spoke) == [outcome]


def test_a_407_isnt_known_to_go_on_where_the_names_were_cut() -> None:
    refused, let_in = ask(status=407, host=None), ask(status=200, host=None)
    assert outcomes(refused, let_in, **TLS) == ["unseen", "worked"]
    assert outcomes(ask(status=407), ask(status=200), **TLS) == ["challenged", "worked"]
    assert outcomes(refused, later=True) == ["authentication"]


def test_a_socks_servers_greeting_is_no_answer() -> None:
    greeted: dict[str, Any] = {"bytes_in": 2, "tunnel_in": 2, "tunnel_out": 0, "server_first": "socks"}
    assert outcomes(ask("socks5", None), **greeted, ended_by="server", state="reset") == ["unanswered"]
    assert outcomes(ask("connect", None), **greeted) == ["failed"]


def test_a_request_lost_to_a_connection_that_the_server_closes_is_unseen() -> None:
    served = (ask("absolute", 200), ask("absolute", None))
    assert outcomes(*served, ended_by="server") == ["worked", "unseen"]
    assert outcomes(*served, ended_by="client") == ["worked", "unanswered"]
    assert outcomes(*served) == ["worked", "unanswered"]
    later = START_NS + SECOND_NS
    assert outcomes(*served, last_data=later) == ["worked", "unseen"], "an answer that couldn't be read"
    assert outcomes(*served, last_data=later, pending_since=START_NS, resent_out=9) == ["worked", "unanswered"], "the client said it again"
    remnant: dict[str, Any] = {"isn_out": None, "isn_in": None, "bytes_in": 0, "ended_by": "server"}
    assert outcomes(ask("absolute", None), **remnant) == ["unseen"]


def test_an_answer_that_came_to_a_later_request_was_lost_to_an_earlier_one() -> None:
    assert outcomes(ask("absolute", None), ask("absolute", 200)) == ["unseen", "worked"]


def test_a_tunnel_in_a_tunnel() -> None:
    assert outcomes(ask(), ask(status=200, host="b"), **TLS) == ["worked", "worked"]
    assert outcomes(ask(), ask(status=None, host="b"), bytes_in=39, tunnel_in=0, tunnel_out=0) == ["unseen", "unanswered"]


def test_one_way_is_unseen_and_carried_where_the_client_went_on() -> None:
    assert outcomes(ask(status=None), **ONE_WAY, **HELLO) == ["unseen"]
    assert carried(ask(status=None), **ONE_WAY, **HELLO) == [True]
    assert carried(ask(status=None), **ONE_WAY, tunnel_out=0) == [False]
    assert carried(ask("absolute", None), **ONE_WAY) == [False]


def test_what_is_carried() -> None:
    assert carried(ask(), **TLS) == [True]
    assert carried(ask(), **TLS | {"tls_completed": False}) == [True]
    assert carried(ask(), **TLS | {"tls_completed": None}) == [True]
    assert carried(ask("absolute", 404), ask(status=403), ask(status=407), ask(status=502)) == [True, False, False, False]


def test_an_answer_that_isnt_final_tells_nothing() -> None:
    assert outcomes(ask(status=101), ask("absolute", 101)) == ["unseen", "unseen"]


def test_no_requests_have_no_outcomes() -> None:
    flows = table([flow(), flow(requests=None)])
    captured = captured_of(flows)
    assert len(outcomes_of(flows, flow_ends(flows), flat_requests(flows), captured, tunnels_of(flows, captured)).code) == 0


@pytest.mark.parametrize(
    ("columns", "hidden"),
    [
        ({"client_hello_at": START_NS}, True),
        ({"server_first": "tls", "packets_out": 0}, True),
        ({"client_hello_at": START_NS, "isn_out": None, "isn_in": None}, False),  # the request may have come before
        ({"client_hello_at": START_NS, "server_first": "http"}, False),  # its answer is there
        ({"client_hello_at": START_NS, "requests": [ask()]}, False),
        ({}, False),
    ],
)
def test_tls_to_a_proxy_hides_what_is_asked(columns: dict[str, Any], hidden: bool) -> None:
    flows = table([flow(**columns)])
    assert hidden_flows(flows, captured_of(flows), np.array([True])).tolist() == [hidden]
    assert hidden_flows(flows, captured_of(flows), np.array([False])).tolist() == [False]


def test_a_connection_whose_hello_isnt_the_first_thing_hides_nothing() -> None:
    """Its request wasn't captured, or it spoke SOCKS before."""
    tls = {"client_hello_at": START_NS, "tls_first": True, "server_first": "tls"}
    for columns, hidden in (
        ({}, True),
        ({"tls_first": False}, False),
        ({"server_first": "socks"}, False),
        ({"server_first": "http"}, False),
    ):
        flows = table([flow(**tls | columns)])
        assert hidden_flows(flows, captured_of(flows), np.array([True])).tolist() == [hidden]


@pytest.mark.parametrize(
    ("status", "fields", "outcome"),
    [
        (302, {"cut": True}, "unseen"),
        (302, {"cut": False}, "worked"),
        (302, {"cut": True, "location": "b.example"}, "worked"),
        (304, {"cut": True}, "worked"),
        (200, {"cut": True}, "worked"),
        (407, {"cut": True, "offered": "ntlm"}, "unseen"),
        (407, {"cut": False, "offered": "ntlm"}, "authentication"),
        (407, {"cut": True, "offered": "basic"}, "authentication"),
        (407, {"cut": True}, "authentication"),
    ],
)
def test_what_stood_in_the_rest_of_an_answer_isnt_made_up(status: int, fields: dict[str, Any], outcome: str) -> None:
    """A redirect, perhaps to a portal; the next token of NTLM."""
    assert outcomes(ask("absolute", status, **fields)) == [outcome]
    # The rest was cut, so it isn't known what it offered.
    two = outcomes(ask("absolute", status, **fields), ask("absolute", 407))
    assert two == ["unseen" if status == 407 and fields["cut"] else outcome, "authentication"]
    if outcome == "unseen":
        assert carried(ask("absolute", status, **fields)) == [False]


def test_what_the_capture_lost_of_a_client_may_have_been_a_hello_and_an_alert() -> None:
    through: dict[str, Any] = {"tunnel_out": 524, "tunnel_in": 632, "bytes_out": 91}
    assert outcomes(ask(), **through) == ["worked"]
    assert outcomes(ask(), **through, acked_out=615) == ["unseen"]
