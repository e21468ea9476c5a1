from typing import Any

import pytest

from analyzer.routes.direct import can_be_direct, was_blocked
from analyzer.routes.proxies import flow_ends
from tests.verdict.rows import PROX01, SECOND_NS, START_NS, flow, routed, table, tunnel


@pytest.mark.parametrize(
    ("protocol", "port", "expected"), [("tcp", 443, True), ("tcp", 22, True), ("udp", 443, True), ("udp", 53, False), ("udp", 4433, False)]
)
def test_what_can_be_direct(protocol: str, port: int, expected: bool) -> None:
    flows = table([flow(protocol=protocol, server_port=port)])
    assert can_be_direct(flows, flow_ends(flows)).tolist() == [expected]


@pytest.mark.parametrize(
    ("state", "blocked"),
    [
        ("refused", True),
        ("unreachable", True),
        ("no-answer", True),
        ("closed", False),
        ("reset", False),
        ("mid-stream", False),
        ("open", False),
        (None, False),
    ],
)
def test_what_was_blocked(state: str | None, blocked: bool) -> None:
    flows = table([flow(state=state, packets_out=2, bytes_out=0)])
    assert was_blocked(flows).tolist() == [blocked]


HELLO: dict[str, Any] = {"client_hello_at": START_NS, "sni": "a.example"}
REMNANT: dict[str, Any] = {"isn_out": None, "isn_in": None, "state": "mid-stream"}
LATER = flow(protocol="udp", server_port=53, first_seen=START_NS, last_seen=START_NS + 100 * SECOND_NS)


def outcome(*, later: bool = True, **columns: Any) -> str | None:
    row = flow(**({"first_seen": START_NS, "last_data": START_NS, "state": "open"} | columns))
    found: str | None = routed(row, *([LATER] if later else []))[0]["direct_outcome"]
    return found


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (HELLO | {"server_hello_at": START_NS, "server_first": "tls"}, "answered"),
        (HELLO | {"server_first": "other"}, "answered"),
        ({"server_first": "http", "http_path": "/", "http_host": "a", "http_status": 200}, "answered"),
        ({"bytes_out": 0, "server_first": "other"}, "answered"),  # the server speaks first, as SMTP's does
        ({"server_first": "http"}, "unknown"),  # what was asked for was cut: perhaps a proxy's help
        ({"server_first": None}, "unknown"),  # of the payload nothing was captured
        ({"server_first": "other", "http_via": False}, "unknown"),  # a plain request whose path was cut
        (HELLO | {"server_first": None}, "answered"),
        (REMNANT | HELLO, "answered"),
        (REMNANT | {"http_path": "/"}, "answered"),
        (REMNANT | HELLO | {"server_port": 3128}, "unknown"),  # perhaps in a tunnel that was asked for before
        (HELLO | {"server_port": 8443}, "answered"),
        (REMNANT, "unknown"),
        (REMNANT | {"state": "closed"}, "unknown"),
        (HELLO | {"packets_in": 0, "bytes_in": 0}, "unknown"),
        (HELLO | {"packets_out": 0, "bytes_out": 0}, "unknown"),
        ({"bytes_out": 0, "bytes_in": 0, "state": "closed"}, "unknown"),  # a port test
        ({"state": "refused", "bytes_in": 0}, "blocked"),
        ({"state": "unreachable", "bytes_in": 0}, "blocked"),
        ({"state": "no-answer", "bytes_in": 0, "packets_in": 0}, "blocked"),
        ({"state": "no-answer", "bytes_in": 0, "packets_in": 0, "firewall_action": "block", "packets_out": 1}, "blocked"),
        (HELLO | {"bytes_in": 0}, "blocked"),
        (HELLO | {"bytes_in": 7, "server_first": "alert"}, "blocked"),
        (
            HELLO | {"bytes_in": 5, "server_first": "other", "ended_by": "server", "ended_with": "rst"},
            "blocked",
        ),  # less than a record's head
        (HELLO | {"bytes_in": 6, "server_first": "other"}, "answered"),
        ({"bytes_in": 3, "server_first": "other"}, "answered"),  # no hello waits for a record
        (HELLO | {"bytes_in": 0, "acked_in": 4000}, "unknown"),  # what came isn't in the capture
        (REMNANT | {"bytes_in": 0}, "unknown"),
    ],
)
def test_what_came_of_a_direct_flow(columns: dict[str, Any], expected: str) -> None:
    assert outcome(**columns) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, "unknown"),
        ({"last_seen": START_NS + 3 * SECOND_NS}, "blocked"),
        ({"ended_by": "server", "ended_with": "rst", "state": "reset"}, "blocked"),
        ({"ended_by": "client", "ended_with": "fin"}, "blocked"),
        ({"resent_out": 300, "pending_since": START_NS}, "blocked"),
    ],
)
def test_a_hello_without_answer_at_the_captures_end(columns: dict[str, Any], expected: str) -> None:
    assert outcome(later=False, **HELLO, bytes_in=0, **columns) == expected


def test_one_syn_at_the_captures_end_is_not_blocked_yet() -> None:
    syn: dict[str, Any] = {"state": "no-answer", "bytes_in": 0, "packets_in": 0, "bytes_out": 0}
    assert outcome(later=False, packets_out=1, last_seen=START_NS, **syn) == "unknown"
    assert outcome(later=False, packets_out=2, last_seen=START_NS + SECOND_NS, **syn) == "blocked"
    assert outcome(packets_out=1, **syn) == "blocked"


def test_a_reset_behind_a_syn_ack_that_the_capture_lost_is_no_refusal() -> None:
    refused: dict[str, Any] = {"state": "refused", "bytes_in": 0, "packets_in": 1, "isn_in": None}
    assert was_blocked(table([flow(**refused, acked_in=None)])).all()
    assert not was_blocked(table([flow(**refused, acked_in=0)])).any()


def test_quic_too() -> None:
    quic: dict[str, Any] = {"protocol": "udp", "isn_out": None, "isn_in": None, "sni": "a.example"}
    assert outcome(**quic) == "answered"
    assert outcome(**quic, state="no-answer", packets_in=0, bytes_in=0) == "blocked"
    assert outcome(**quic | {"sni": None}) == "unknown"


def test_quic_to_a_client_whose_answers_arent_captured_is_no_sign_of_blocking() -> None:
    quic = flow(protocol="udp", isn_out=None, isn_in=None, sni="a.example", state="no-answer", packets_in=0, bytes_in=0)
    one_way = flow(client_port=50_999, packets_in=0, bytes_in=0, acked_in=900)
    assert said(quic, one_way) == ["unknown", "unknown"]
    assert said(quic, flow(client_port=50_999, bytes_in=0, acked_in=900, packets_in=1))[0] == "blocked"
    assert said(quic, one_way | {"client_ip": "172.16.11.93"})[0] == "blocked"


def test_quic_asked_once_by_a_client_that_nothing_was_sent_to_is_no_sign_of_blocking() -> None:
    once = flow(protocol="udp", isn_out=None, isn_in=None, sni="a.example", state="no-answer", packets_in=0, bytes_in=0)
    once |= {"last_seen": once["first_seen"] + SECOND_NS // 1000}
    later = flow(client_ip="172.16.11.93", first_seen=START_NS + 60 * SECOND_NS, last_seen=START_NS + 61 * SECOND_NS)
    assert said(once, later)[0] == "unknown"
    assert said(once | {"last_seen": once["first_seen"] + SECOND_NS}, later)[0] == "blocked"
    assert said(once, later | {"client_ip": once["client_ip"]})[0] == "blocked"


def test_one_syn_in_a_capture_of_one_direction_is_no_sign_of_blocking() -> None:
    syn: dict[str, Any] = {"state": "no-answer", "packets_out": 1, "packets_in": 0, "bytes_out": 0, "bytes_in": 0, "isn_in": None}
    one, one_way = flow(**syn, client_ip="172.16.11.99"), flow(client_port=50_999, packets_in=0, bytes_in=0, acked_in=900)
    assert said(one, one_way, LATER) == ["unknown", "unknown", None]
    assert said(one | {"packets_out": 2}, one_way, LATER)[0] == "blocked"  # sent again, so not answered
    assert said(one, one_way | {"acked_in": 0}, LATER)[0] == "blocked"  # nothing shows that packets are missing
    assert said(one, one_way, flow(client_port=50_998), LATER)[0] == "blocked"  # servers are captured
    assert said(one | {"captures": ["other"]}, one_way, LATER | {"captures": ["other"]})[0] == "blocked"


def test_what_isnt_direct_has_none() -> None:
    assert outcome(protocol="udp", server_port=53) is None
    assert routed(tunnel(PROX01, "a.example"))[0]["direct_outcome"] is None


def page(host: str, path: str = "/", status: int = 403, **columns: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "server_port": 80,
        "http_host": host,
        "http_path": path,
        "http_status": status,
        "http_html": True,
        "server_first": "http",
    }
    return flow(**(plain | columns))


def said(*rows: dict[str, Any]) -> list[str | None]:
    return [row["direct_outcome"] for row in routed(*rows)]


@pytest.mark.parametrize("path", ["/pki/crl/a.crl", "/A.CRL", "/authrootstl.cab", "/list.stl", "/disallowed.ctl"])
@pytest.mark.parametrize("status", [403, 451, 511])
def test_a_web_page_for_a_list_is_the_firewalls(path: str, status: int) -> None:
    assert said(page("crl.example", path, status)) == ["blocked"]


def test_a_servers_own_refusal_is_an_answer() -> None:
    assert said(page("a.example"), page("crl.example", "/a.crl", http_html=False), page("crl.example", "/a.crl", 404)) == ["answered"] * 3


def test_one_redirect_for_hosts_that_have_nothing_in_common() -> None:
    away: dict[str, Any] = {"status": 302, "http_location": "portal.test", "http_html": False}
    assert said(page("a.example", **away), page("b.invalid", **away)) == ["blocked", "blocked"]
    assert said(page("a.example", **away), page("a.example", **away)) == ["answered", "answered"]
    home: dict[str, Any] = away | {"http_location": "www.example.com"}
    assert said(page("example.com", **home), page("x.example.com", **home)) == ["answered", "answered"]


def test_one_page_for_hosts_that_have_nothing_in_common() -> None:
    same = [page(host, bytes_in=1234, server_ip=ip) for host, ip in (("a.example", "192.0.2.1"), ("b.invalid", "192.0.2.2"))]
    assert said(*same) == ["blocked", "blocked"]
    assert said(same[0], page("b.invalid", bytes_in=1235, server_ip="192.0.2.2")) == ["answered", "answered"]
    assert said(same[0], page("b.invalid", bytes_in=1234, server_ip="192.0.2.1")) == ["answered", "answered"]


def test_a_hello_makes_no_page() -> None:
    assert said(page("crl.example", "/a.crl", **HELLO)) == ["answered"]


@pytest.mark.parametrize(
    ("columns", "outcome"),
    [
        ({"http_status": 302}, "unknown"),
        ({"http_status": 302, "http_location": "b.example"}, "answered"),
        ({"http_status": 302, "http_cut": False}, "answered"),
        ({"http_status": 403}, "unknown"),
        ({"http_status": 403, "http_html": False}, "answered"),
        ({"http_status": 200}, "answered"),
        ({"http_status": 304}, "answered"),
        ({"http_status": 403} | HELLO, "answered"),
    ],
)
def test_what_may_be_a_firewalls_page_is_no_answer(columns: dict[str, Any], outcome: str) -> None:
    """Its head wasn't captured whole, and whose page it is would stand in the rest."""
    plain = {"server_port": 80, "http_path": "/a", "http_host": "a.example", "http_cut": True}
    assert [row["direct_outcome"] for row in routed(flow(**plain | columns))] == [outcome]
