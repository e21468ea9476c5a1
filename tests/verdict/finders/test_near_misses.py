"""Of every finding a situation that is close to it and innocent: it raises none.

A code is here, or its near miss stands where its own test is (ELSEWHERE).
"""

from typing import Any

import pytest

from analyzer.findings import CODES
from tests.conftest import ROOT
from tests.verdict.rows import CNC, EDGE, MAPS, NCSI, PROX01, PROX02, PROX03, SECOND_NS, START_NS, asked, flow, request, tunnel, verdict

HELLO: dict[str, Any] = {"client_hello_at": START_NS, "tls_offered": "1.2", "server_hello_at": START_NS, "sni": CNC, "server_first": "tls"}
SYN: dict[str, Any] = {"state": "no-answer", "packets_in": 0, "bytes_in": 0, "bytes_out": 0}
CRL = "crl.microsoft.com"


def at(seconds: float, **fields: Any) -> dict[str, Any]:
    begun = START_NS + int(seconds * SECOND_NS)
    return {"first_seen": begun, "answered": begun + 1000, **fields}


def cut_at_the_end(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"first_seen": START_NS, "last_seen": START_NS}


NEAR: dict[str, list[dict[str, Any]]] = {
    "proxy-auth-required": [
        asked(PROX01, request("connect", CNC, 407, **at(0)), request("connect", CNC, 200, offered="ntlm", **at(1)), bytes_out=5000),
    ],
    "proxy-denied": [asked(PROX01, request("absolute", CRL, 404))],
    "proxy-error": [asked(PROX01, request("absolute", CRL, 304)), asked(PROX01, request("absolute", NCSI, 404))],
    "origin-unreachable": [asked(PROX01, request("absolute", CRL, 410)), tunnel(PROX01, CNC)],
    "not-a-proxy": [tunnel(PROX01, CNC, 407), asked(PROX02, request("absolute", CRL, 404))],
    "proxy-unreachable": [cut_at_the_end(flow(server_ip="172.16.12.10", server_port=3128, packets_out=1, **SYN))],
    "captive-portal": [
        asked(PROX01, request("absolute", "a.example.com", 302, location="www.example.com")),
        asked(PROX01, request("absolute", "b.example.com", 302, location="www.example.com")),
    ],
    "direct-blocked": [flow(bytes_out=0, bytes_in=0)],
    "direct-allowed": [flow(**HELLO | {"server_first": "alert", "server_hello_at": None}, bytes_in=7, host=CNC)],
    "fallback": [tunnel(PROX03, CNC), tunnel(PROX01, MAPS)],
    "tls-inspected": [tunnel(PROX03, CNC, certificate_issuer="CN=Microsoft Secure Server CA 2011,O=Microsoft Corporation,C=US")],
    "tls-failed": [tunnel(PROX03, CNC, **HELLO, tls_completed=False, acked_out=9000, bytes_out=700)],
    "tunnel-idle-closed": [
        tunnel(PROX03, CNC, **HELLO, tls_completed=True, last_data=START_NS, ended_at=START_NS + 90 * SECOND_NS, ended_by="client"),
    ],
    "tunnel-dead": [
        tunnel(
            PROX03, CNC, **HELLO, tls_completed=True, resent_out=90, first_seen=START_NS, last_in=START_NS + 90 * SECOND_NS,
            last_seen=START_NS + 99 * SECOND_NS,
        ),
    ],
    "revocation-unreachable": [tunnel(PROX03, CNC), asked(PROX01, request("absolute", CRL, 200, path="/pki/a.crl"))],
    "name-mismatch": [tunnel(PROX03, "WDCP.microsoft.com.", sni="wdcp.microsoft.com")],
    "no-service-traffic": [tunnel(PROX03, CNC, 407)],
    "backlog-flush": [tunnel(PROX03, CNC, first_seen=START_NS + 60 * n * SECOND_NS) for n in range(20)],
    "quic-attempt": [flow(protocol="udp", server_port=4433)],
    "encrypted-client-hello": [tunnel(PROX03, CNC, **HELLO, ech=False)],
    "unknown-defender-name": [
        tunnel(PROX03, CNC), tunnel(PROX03, "wdcp.microsoft.com.example.net"), tunnel(PROX03, "winatp-gw-neu.microsoft.com.evil.example"),
    ],
    "required-unseen": [tunnel(PROX01, EDGE)],
    "service-plane-mixed": [tunnel(PROX01, CNC), tunnel(PROX02, EDGE)],
    "service-split": [tunnel(PROX03, CNC), tunnel(PROX03, "eu-v20.events.data.microsoft.com")],
    "mid-stream": [tunnel(PROX03, CNC, state="closed"), flow(state="open")],
    "one-direction-only": [flow(packets_out=3, **SYN), flow(state="refused", bytes_in=0, bytes_out=0)],
    "nat": [tunnel(PROX03, CNC), tunnel(PROX03, CNC, client_ip="172.16.11.93")],
    "chained-proxy": [tunnel(PROX03, CNC, http_via=False, client_ip="172.16.11.93"), tunnel(PROX03, CNC)],
    "transparent-proxy": [
        flow(**HELLO, host=CNC, client_random="a" * 64), flow(**HELLO, host=CNC, client_random="b" * 64, client_ip="172.16.11.93"),
    ],
    "proxy-over-tls": [flow(**HELLO, host=CNC, tls_first=True), tunnel(PROX03, CNC, **HELLO)],
    "topology-unmatched": [tunnel(PROX01, CNC), tunnel(PROX02, CNC), tunnel(PROX03, CNC)],
    "address-family": [tunnel(PROX03, CNC), flow(client_ip="2001:db8::2", server_ip="2001:db8::9", server_port=3128, packets_out=2, **SYN)],
    "winner-changed": [tunnel((PROX01, PROX03)[n % 2], CNC, first_seen=START_NS + n * SECOND_NS) for n in range(12)],
    "strangers-counted": [flow(client_ip=f"198.51.100.{n}", packets_out=1, **SYN) for n in range(20)],
}  # fmt: skip

ELSEWHERE = {
    "client-analyzer-run": "verdict/test_client_analyzer.py::test_what_is_no_run",
    "dns-failed": "verdict/finders/test_resolution.py::test_a_name_that_resolved_at_any_time_didnt_fail",
    "pac-discovery": "verdict/finders/test_discovered.py::test_pac_discovery",
    "duplicated-packets": "flows/test_duplicates.py::test_bare_acknowledgements_without_an_ip_id_may_be_sent_twice",
    **dict.fromkeys(
        ("capture-damaged", "capture-unreadable", "capture-gap", "packets-dropped", "flows-evicted", "capture-cut"),
        "verdict/finders/test_captures.py::test_whole_captures_have_no_finding",
    ),
    "frames-unopened": "verdict/finders/test_captures.py::test_what_was_not_opened_is_a_warning_where_it_is_much",
    "new-proxy": "fleet/test_changes.py::test_a_proxy_is_new_on_a_later_day_only",
    "new-direct": "fleet/test_changes.py::test_direct_traffic_is_new_beside_the_first_day",
    "failures-up": "fleet/test_changes.py::test_failures_are_up_by_a_tenth_and_of_enough_requests",
    **dict.fromkeys(("service-silent", "service-back"), "fleet/test_silence.py::test_what_is_silent"),
    "gateway-silent": "fleet/test_silence.py::test_who_reports_seldom_may_be_late",
}


@pytest.mark.parametrize("code", NEAR)
def test_what_is_close_to_it_raises_none(code: str) -> None:
    document = verdict(*NEAR[code])
    assert [finding["text"] for finding in document["findings"] if finding["code"] == code] == []


def test_every_code_has_a_near_miss() -> None:
    assert {*NEAR, *ELSEWHERE} == set(CODES) and not NEAR.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_those_that_stand_elsewhere_are_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8")
