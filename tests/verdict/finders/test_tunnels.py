"""Tunnels that came to nothing: who gave up and with which words, and which were closed for being idle."""

from typing import Any

import pytest

from analyzer.verdict.finders.tunnels import NO_ANSWER_ADVICE
from tests.verdict.rows import CNC, PROX01, SECOND_NS, START_NS, asked, flow, request, tunnel, verdict

RANDOM = "ab" * 32


def findings(code: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == code]


def broken(host: str = CNC, **columns: Any) -> dict[str, Any]:
    told = {"client_random": RANDOM, "tls_completed": False, "ended_by": "client", "ended_with": "fin"}
    return tunnel(PROX01, host, sni=host, **(told | columns))


@pytest.mark.parametrize(
    ("columns", "who"),
    [
        (
            {"server_hello_at": START_NS, "tls_alert": "unknown_ca", "tls_alert_from": "client"},
            "the client gave up after the ServerHello with alert unknown_ca",
        ),
        (
            {"server_hello_at": START_NS, "tls_alert": "encrypted", "tls_alert_from": "client"},
            "the client gave up after the ServerHello with an encrypted alert",
        ),
        (
            {"tls_alert": "handshake_failure", "tls_alert_from": "server", "ended_by": "server"},
            "the other side gave up before any ServerHello with alert handshake_failure",
        ),
        ({"ended_by": "server", "ended_with": "rst"}, "the proxy's side reset the connection before any ServerHello, without an alert"),
        ({"server_hello_at": START_NS}, "the client closed the connection after the ServerHello, without an alert"),
    ],
)
def test_who_gave_up_and_how(columns: dict[str, Any], who: str) -> None:
    (finding,) = findings("tls-failed", broken(**columns))
    tunnel_of = "1 edr-command-and-control tunnel of WORKSTATION opened at PROX01 and TLS broke off"
    assert finding["text"] == f"{tunnel_of} ({CNC}): {who}"
    assert (finding["severity"], finding["confidence"]) == ("problem", "certain")


def test_a_page_in_a_tunnel_is_no_tls() -> None:
    """As proxies send that let every CONNECT through and block inside the tunnel."""
    page = {"ended_by": "server", "client_hello_digest": "12" * 8, "tunnel_in": 101, "client_hello_at": START_NS}
    (finding,) = findings("tls-failed", broken(**page))
    assert finding["text"].endswith("before any ServerHello, without an alert, and what it had sent through was no TLS")
    for columns in ({"server_hello_at": START_NS}, {"tunnel_in": 5}, {"ended_by": "client"}, {"tls_alert": "handshake_failure"}):
        (finding,) = findings("tls-failed", broken(**page | columns))
        assert "no TLS" not in finding["text"], columns


MUTE: dict[str, Any] = {"tunnel_out": 500, "tunnel_in": 0, "client_hello_at": START_NS, "last_data": START_NS}
LATER = flow(first_seen=START_NS, last_seen=START_NS + 100 * SECOND_NS, server_port=22)


@pytest.mark.parametrize(
    ("columns", "how"),
    [
        ({"ended_by": "client", "ended_with": "fin"}, "the client closed the connection before any byte had come through it"),
        ({"ended_by": "server", "ended_with": "rst"}, "the proxy's side reset the connection before any byte had come through it"),
        ({"ended_by": None, "ended_with": None, "state": "open"}, "the proxy let them through, and not one byte followed"),
    ],
)
def test_a_tunnel_in_which_nothing_came_back_is_not_said_to_be_tls_that_broke(columns: dict[str, Any], how: str) -> None:
    row = broken(**(MUTE | {"tls_completed": None} | columns))
    document = verdict(row, LATER)
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "tls-failed"]
    assert finding["text"].endswith(f"opened at PROX01 and nothing came back ({CNC}): {how}")
    assert finding["advice"] == NO_ANSWER_ADVICE and finding["severity"] == "problem"
    (source,) = document["sources"]
    assert source["services"][0]["outcome"] == "broken" and source["services"][0]["reason"].endswith("; in it nothing came back inside")
    assert "nothing came back in 1 of 1 tunnel" in document["groups"][0]["answer"]


def test_some_that_broke_and_some_in_which_nothing_came_back() -> None:
    document = verdict(broken(server_hello_at=START_NS), broken(**MUTE), broken(**MUTE), LATER)
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "tls-failed"]
    assert (
        "opened at PROX01 and TLS broke off" in finding["text"]
        and "2 × the client closed the connection before any byte" in finding["text"]
    )
    assert "TLS broke in 1 of 3 tunnels and nothing came back in 2 of 3 tunnels" in document["groups"][0]["answer"]
    assert document["sources"][0]["services"][0]["reason"].endswith("; in one of them TLS broke; in 2 of them nothing came back inside")


def test_where_other_tunnels_to_the_host_worked_silence_is_a_warning() -> None:
    (finding,) = findings("tls-failed", broken(**MUTE), tunnel(PROX01, CNC), LATER)
    assert finding["severity"] == "warning" and finding["text"].endswith("; other tunnels to the same host worked")
    (finding,) = findings("tls-failed", broken(**MUTE), tunnel(PROX01, "eu-v20.events.data.microsoft.com"), LATER)
    assert finding["severity"] == "problem", "that is another host"


def test_tunnels_that_were_opened_and_not_used_are_no_failure_to_tell_of() -> None:
    rows = [tunnel(PROX01, CNC, tunnel_out=0, tunnel_in=0, last_data=START_NS), tunnel(PROX01, CNC), LATER]
    document = verdict(*rows)
    assert [finding["code"] for finding in document["findings"] if finding["code"] == "tls-failed"] == []
    (answer,) = [group["answer"] for group in document["groups"]]
    assert "nothing came back" not in answer and "TLS broke" not in answer
    assert document["sources"][0]["services"][0]["reason"].endswith("; in one of them the client said nothing inside")


def test_a_tunnel_that_the_proxy_ends_before_the_clients_first_word() -> None:
    let_in = request("connect", CNC, 200, answered=START_NS)
    cut = {"tunnel_out": 0, "tunnel_in": 0, "last_data": START_NS, "ended_by": "server", "ended_with": "rst", "ended_at": START_NS + 1000}
    (finding,) = findings("tls-failed", asked(PROX01, let_in, state="reset", **cut), LATER)
    assert finding["text"].endswith("the proxy's side reset the connection before any byte had come through it")


def test_without_a_hello_no_tls_failed() -> None:
    row = tunnel(PROX01, CNC, **(MUTE | {"client_hello_at": None, "state": "open"}))
    document = verdict(row, LATER)
    assert [finding for finding in document["findings"] if finding["code"] == "tls-failed"] == []
    assert document["sources"][0]["services"][0]["outcome"] == "broken"


def test_both_legs_tell_whether_the_proxy_opened_it() -> None:
    origin = flow(client_ip="172.16.12.10", client_random=RANDOM)
    (finding,) = findings("tls-failed", broken(), origin)
    assert finding["text"].endswith("the proxy passed the ClientHello on bit for bit, so it did not open TLS")


def test_ways_of_giving_up_are_counted_in_one_finding() -> None:
    alerted = {"tls_alert": "unknown_ca", "tls_alert_from": "client"}
    (finding,) = findings("tls-failed", broken(**alerted), broken(**alerted), broken(ended_by="server"))
    assert finding["text"].endswith(
        "2 × the client gave up before any ServerHello with alert unknown_ca and "
        "1 × the proxy's side closed the connection before any ServerHello, without an alert"
    )
    (other,) = findings("tls-failed", broken("example.org"))
    assert (finding["severity"], other["severity"]) == ("problem", "info")


def test_handshakes_that_went_on_or_tunnels_that_were_refused_are_none() -> None:
    assert findings("tls-failed", tunnel(PROX01, CNC, client_random=RANDOM, tls_completed=True, ended_by="server")) == []
    assert findings("tls-failed", tunnel(PROX01, CNC, client_random=RANDOM)) == []
    assert findings("tls-failed", tunnel(PROX01, CNC, 403, tls_completed=False, client_random=RANDOM)) == []


def idle(seconds: float, by: str = "server", **columns: Any) -> dict[str, Any]:
    ended = START_NS + int(seconds * SECOND_NS)
    told = {"first_seen": START_NS, "last_data": START_NS, "ended_at": ended, "ended_by": by, "tls_completed": True}
    return tunnel(PROX01, CNC, sni=CNC, client_random=RANDOM, **(told | columns))


def test_a_tunnel_that_the_proxys_side_closes_after_a_silence() -> None:
    (finding,) = findings("tunnel-idle-closed", idle(60), idle(61))
    assert finding["text"] == (f"PROX01, or the origin behind it, closed 2 tunnels of WORKSTATION after 60 to 61 s without data ({CNC})")
    assert (finding["severity"], finding["confidence"]) == ("warning", "likely")


def test_the_other_leg_tells_which_of_them_it_was() -> None:
    closed = {"client_ip": "172.16.12.10", "client_random": RANDOM, "ended_at": START_NS + 60 * SECOND_NS}
    (finding,) = findings("tunnel-idle-closed", idle(60), flow(ended_by="client", **closed))
    assert finding["text"].startswith("PROX01 closed 1 tunnel") and finding["confidence"] == "certain"
    assert findings("tunnel-idle-closed", idle(60), flow(ended_by="server", **closed)) == []


def test_a_client_that_leaves_or_a_short_silence_is_none() -> None:
    assert findings("tunnel-idle-closed", idle(60, by="client")) == []
    assert findings("tunnel-idle-closed", idle(15)) == []
    assert findings("tunnel-idle-closed", idle(60, ended_at=None), idle(60, last_data=None)) == []


def forgotten(silent: float = 120, **columns: Any) -> dict[str, Any]:
    pending = START_NS + int(silent * SECOND_NS)
    told = {"first_seen": START_NS, "last_in": START_NS, "pending_since": pending, "resent_out": 900, "last_seen": pending + 20 * SECOND_NS}
    return tunnel(PROX01, CNC, sni=CNC, client_random=RANDOM, tls_completed=True, **(told | columns))


def test_a_tunnel_that_was_forgotten_on_the_way() -> None:
    (finding,) = findings("tunnel-dead", forgotten())
    assert finding["text"].startswith("1 tunnel of WORKSTATION through PROX01 went dead after 120 s without data")
    assert (finding["severity"], finding["confidence"]) == ("warning", "likely")
    assert findings("tunnel-dead", forgotten(5)) == [], "nothing was silent long enough to be forgotten"
    assert findings("tunnel-dead", forgotten(resent_out=0)) == []
    assert findings("tunnel-dead", forgotten(pending_since=None)) == []


def test_what_the_client_said_and_the_capture_lacks_is_no_failure() -> None:
    sent: dict[str, Any] = {"server_hello_at": START_NS, "bytes_out": 500, "tunnel_in": 4000}
    assert findings("tls-failed", broken(**sent, acked_out=900)) == []
    assert len(findings("tls-failed", broken(**sent, acked_out=500))) == 1
    assert len(findings("tls-failed", broken(**sent, acked_out=900, tls_alert="unknown_ca", tls_alert_from="client"))) == 1


def test_an_alert_that_answers_early_data_is_a_failure() -> None:
    told: dict[str, Any] = {"tls_completed": True, "tls_alert": "handshake_failure", "tls_alert_from": "server", "tunnel_in": 7}
    (finding,) = findings("tls-failed", broken(**told))
    assert "the other side gave up before any ServerHello with alert handshake_failure" in finding["text"]
