from typing import Any

import pytest

from analyzer.routes.discovery import Discovery
from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, EDGE, LAB, PROX01, PROX02, SECOND_NS, START_NS, WORKSTATION, flow, tunnel, verdict

ONLY_PROXIES = topology_from(LAB | {"gateway": {"policy": "proxies-only"}}, "t.toml")
COMMAND = "edr-command-and-control"


def codes(result: dict[str, Any]) -> list[tuple[str, str]]:
    wanted = ("direct-blocked", "direct-allowed", "quic-attempt")
    return [(finding["code"], finding["severity"]) for finding in result["findings"] if finding["code"] in wanted]


def test_the_direct_tables() -> None:
    first, second = flow(host="a.example"), flow(host="a.example")
    blocked, v6 = flow(state="no-answer"), flow(server_ip="2001:db8::3", state="refused")
    direct = verdict(first, second, blocked, v6)["direct"]
    entry = {
        "client_ip": WORKSTATION,
        "server": "20.1.2.3:443",
        "protocol": "tcp",
        "host": "a.example",
        "service": None,
        "state": "closed",
        "http_status": None,
    }
    assert direct["allowed"] == [entry | {"flows": [first["id"], second["id"]]}]
    assert [(row["server"], row["state"], row["flows"]) for row in direct["blocked"]] == [
        ("20.1.2.3:443", "no-answer", [blocked["id"]]),
        ("[2001:db8::3]:443", "refused", [v6["id"]]),
    ]


@pytest.mark.parametrize(
    ("state", "table"),
    [(state, "blocked") for state in ("no-answer", "refused", "unreachable")]
    + [(state, "allowed") for state in ("closed", "reset", "open")]
    + [("mid-stream", "unknown")],
)
def test_the_state_tells_which_table(state: str, table: str) -> None:
    begun = {} if state != "mid-stream" else {"isn_out": None, "isn_in": None}
    direct = verdict(flow(state=state, **begun))["direct"]
    assert {name: len(rows) for name, rows in direct.items()} == {"allowed": 0, "blocked": 0, "unknown": 0} | {table: 1}


def test_only_direct_flows_are_listed() -> None:
    direct = verdict(tunnel(PROX01, CNC), flow(client_ip="172.16.12.10"), flow(protocol="udp", server_port=53))["direct"]
    assert direct == {"allowed": [], "blocked": [], "unknown": []}


@pytest.mark.parametrize(
    ("rows", "without_policy", "with_policy"),
    [
        ([flow(state="no-answer")], [("direct-blocked", "info")], [("direct-blocked", "info")]),
        ([flow(state="no-answer", host=CNC)], [("direct-blocked", "problem")], [("direct-blocked", "problem")]),
        ([flow(state="no-answer", host=CNC), tunnel(PROX01, CNC)], [("direct-blocked", "warning")], [("direct-blocked", "info")]),
        ([flow()], [], [("direct-allowed", "problem")]),
        ([flow(host=CNC)], [("direct-allowed", "info")], [("direct-allowed", "problem")]),
        ([flow(host=CNC), tunnel(PROX01, CNC)], [("direct-allowed", "warning")], [("direct-allowed", "problem")]),
        ([flow(protocol="udp", state="no-answer")], [("quic-attempt", "info")], [("quic-attempt", "info")]),
        ([flow(protocol="udp", state="open")], [("quic-attempt", "info")], [("direct-allowed", "problem"), ("quic-attempt", "info")]),
        (
            [flow(protocol="udp", state="open", host=CNC)],
            [("direct-allowed", "info"), ("quic-attempt", "info")],
            [("direct-allowed", "problem"), ("quic-attempt", "info")],
        ),
    ],
)
def test_what_is_said_of_it(rows: list[dict[str, Any]], without_policy: list[tuple[str, str]], with_policy: list[tuple[str, str]]) -> None:
    assert codes(verdict(*rows)) == without_policy
    assert codes(verdict(*rows, topology=ONLY_PROXIES)) == with_policy


def test_one_finding_with_its_numbers() -> None:
    rows = [flow(server_ip=f"20.1.2.{n}", state=state) for n, state in ((3, "no-answer"), (4, "no-answer"), (4, "refused"))]
    (finding,) = [finding for finding in verdict(*rows)["findings"] if finding["code"] == "direct-blocked"]
    assert finding["text"] == "3 direct connections of WORKSTATION to 2 addresses: 2 no-answer, 1 refused"
    assert finding["flows"] == [row["id"] for row in rows]


def test_a_services_direct_attempts_are_named() -> None:
    (finding,) = [f for f in verdict(flow(host=CNC, state="no-answer"))["findings"] if f["code"] == "direct-blocked"]
    assert finding["service"] == COMMAND
    assert finding["text"] == (
        f"1 direct connection of WORKSTATION to 1 address ({CNC}): 1 no-answer; all for services that Defender needs ({COMMAND})"
        f"; no other way was seen for {COMMAND}"
    )


def test_the_topologys_policy_is_named_where_it_matters() -> None:
    found = verdict(flow(state="no-answer"), flow(), topology=ONLY_PROXIES)["findings"]
    texts = {finding["code"]: finding["text"] for finding in found}
    assert texts["direct-allowed"].endswith("1 answered; the topology says that only the proxies are let out")
    assert texts["direct-blocked"].endswith("1 no-answer, as the topology's policy wants it")


def test_quic_that_was_tried_again_through_a_proxy_says_so() -> None:
    quic = flow(protocol="udp", host=EDGE, host_source="quic", state="no-answer", first_seen=START_NS)
    soon = tunnel(PROX02, EDGE.upper(), first_seen=START_NS + SECOND_NS)
    soon["requests"] = [soon["requests"][0] | {"first_seen": START_NS + SECOND_NS}]
    late = soon | {"requests": [soon["requests"][0] | {"first_seen": START_NS + 60 * SECOND_NS}]}
    texts = [
        next(f["text"] for f in verdict(quic, other)["findings"] if f["code"] == "quic-attempt")
        for other in (soon, late, soon | {"client_ip": "172.16.11.93"})
    ]
    assert [text.endswith("; 1 host was then asked of PROX02") for text in texts] == [True, False, False]


def test_other_protocols_use_the_port_of_quic_too() -> None:
    """A VPN's DTLS, for example; without a ClientHello nothing tells them apart."""
    quic = flow(protocol="udp", host=EDGE, host_source="quic", state="no-answer")
    other = flow(protocol="udp", state="open", direct_outcome="unknown")
    said = [
        next((f["text"], f["confidence"]) for f in verdict(*rows)["findings"] if f["code"] == "quic-attempt")
        for rows in ([quic], [other], [quic, other])
    ]
    assert [(text.partition(" of")[0], sure) for text, sure in said] == [
        ("1 QUIC attempt", "certain"),
        ("1 conversation over UDP port 443", "unclear"),
        ("2 QUIC attempts", "certain"),
    ]
    assert ["ClientHello" in text for text, _ in said] == [False, True, True]
    assert "; 1 of them without a ClientHello of QUIC's" in said[2][0]


PORTAL = {"http_status": 302, "http_location": "portal.hotel.example", "http_path": "/", "server_first": "http", "server_port": 80}


def page(host: str, **columns: Any) -> dict[str, Any]:
    return flow(host=host, http_host=host, **PORTAL | columns)


def test_a_portal_met_directly_is_one() -> None:
    rows = [
        page("crl.microsoft.com"),
        page("www.msftconnecttest.com", server_ip="20.1.2.4"),
        flow(host=CNC, sni=CNC, bytes_in=0, state="reset"),
    ]
    result = verdict(*rows)
    (portal,) = [finding for finding in result["findings"] if finding["code"] == "captive-portal"]
    assert (portal["severity"], portal["confidence"], portal["flows"], portal["proxy"]) == (
        "problem",
        "likely",
        [row["id"] for row in rows[:2]],
        None,
    )
    assert portal["text"].endswith("were redirected to portal.hotel.example: a portal on the way wants a user to log on")
    (blocked,) = [finding for finding in result["findings"] if finding["code"] == "direct-blocked"]
    assert blocked["flows"] == [rows[2]["id"]], "what the portal answered is said once"
    asked = page("a.example", http_status=511, http_location=None, http_path="/a.crl", http_html=True)
    (said,) = [finding for finding in verdict(asked)["findings"] if finding["code"] == "captive-portal"]
    assert said["severity"] == "info" and "was answered 511 (log on first)" in said["text"]


@pytest.mark.parametrize(
    "rows",
    [
        [page("www.contoso.com", http_location="contoso.com"), page("contoso.com", http_location="www.contoso.com")],  # a site of its own
        [page("crl.microsoft.com")],  # one alone may be the host's own
        [page("crl.microsoft.com", http_location="a.example"), page("b.example", http_location="c.example")],
    ],
)
def test_redirects_that_are_no_portal(rows: list[dict[str, Any]]) -> None:
    assert not [finding for finding in verdict(*rows)["findings"] if finding["code"] in ("captive-portal", "direct-blocked")]


def test_a_blocked_server_that_the_pac_file_calls_a_proxy() -> None:
    dead = flow(server_ip="10.0.0.7", server_port=8080, state="no-answer", packets_in=0, bytes_in=0)
    found = Discovery(WORKSTATION, fetched={"http://wpad/wpad.dat": 200}, proxies={"10.0.0.7:8080": None, "10.0.0.8:8080": None}, files=1)
    texts = {one["code"]: one["text"] for one in verdict(dead, discoveries=[found])["findings"]}
    assert texts["direct-blocked"].endswith("; by the PAC file 10.0.0.7:8080 is a proxy, which the topology has to name")
    assert "PAC" not in {one["code"]: one["text"] for one in verdict(dead)["findings"]}["direct-blocked"]
