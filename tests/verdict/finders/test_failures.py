from typing import Any

import pytest

from analyzer.routes.topology import topology_from
from analyzer.text.words import status_text
from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX02, SECOND_NS, START_NS, WORKSTATION, asked, flow, request, tunnel, verdict

CODES = (
    "proxy-auth-required",
    "proxy-denied",
    "proxy-error",
    "origin-unreachable",
    "proxy-unreachable",
    "not-a-proxy",
    "captive-portal",
)
COMMAND = "edr-command-and-control"


def failures(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] in CODES]


def to_prox01(**columns: Any) -> dict[str, Any]:
    return flow(server_ip="172.16.12.10", server_port=3128, **columns)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("connect", 407, "proxy-auth-required"),
        ("absolute", 407, "proxy-auth-required"),
        ("socks5", 255, "proxy-auth-required"),
        ("socks4", 93, "proxy-auth-required"),
        ("connect", 403, "proxy-denied"),
        ("absolute", 403, "proxy-denied"),
        ("socks5", 2, "proxy-denied"),
        ("connect", 500, "proxy-error"),
        ("connect", 502, "origin-unreachable"),
        ("absolute", 503, "origin-unreachable"),
        ("absolute", 504, "origin-unreachable"),
        ("socks5", 4, "origin-unreachable"),
        ("socks5", 5, "origin-unreachable"),
        ("connect", 404, "not-a-proxy"),
        ("connect", 405, "not-a-proxy"),
        ("socks5", 1, "proxy-error"),
        ("socks4", 91, "proxy-error"),
    ],
)
def test_each_failure_has_its_code(kind: str, status: int, code: str) -> None:
    (finding,) = failures(asked(PROX01, request(kind, CNC, status)))
    sure = "likely" if (kind, code) == ("absolute", "origin-unreachable") else "certain"
    assert (finding["code"], finding["severity"], finding["confidence"]) == (code, "problem", sure)
    assert (finding["client_ip"], finding["proxy"], finding["service"]) == ("172.16.11.92", PROX01, COMMAND)
    assert finding["text"].startswith(f"PROX01 answered {status_text(status)} to 1 {COMMAND} request ({CNC}) of WORKSTATION")
    assert finding["advice"]


def test_success_is_no_finding() -> None:
    assert failures(tunnel(PROX01, CNC), asked(PROX01, request("absolute", CNC, 404))) == []


def test_one_finding_per_proxy_and_kind_of_failure() -> None:
    rows = [
        tunnel(PROX01, CNC, 502),
        tunnel(PROX01, CNC, 503),
        tunnel(PROX01, CNC, 502),
        tunnel(PROX02, CNC, 502),
        tunnel(PROX01, MAPS, 502),
    ]
    found = failures(*rows)
    assert [(finding["proxy"], finding["service"], finding["services"], len(finding["flows"])) for finding in found] == [
        (PROX01, None, ["cloud-protection", COMMAND], 4),
        (PROX02, COMMAND, [COMMAND], 1),
    ]
    assert found[0]["text"] == (
        f"PROX01 answered 3 × 502, 1 × 503 to 4 requests for cloud-protection and {COMMAND} ({MAPS} and {CNC}) of WORKSTATION"
    )
    assert found[0]["flows"] == [rows[n]["id"] for n in (0, 1, 2, 4)]


def test_several_sources_are_one_finding() -> None:
    (finding,) = failures(tunnel(PROX01, CNC, 403), tunnel(PROX01, CNC, 403, client_ip="172.16.11.93"))
    assert (finding["client_ip"], finding["client_ips"]) == (None, ["172.16.11.92", "172.16.11.93"])
    assert finding["text"].endswith("of 2 sources (WORKSTATION and 172.16.11.93)")


def test_a_challenge_that_was_answered_and_let_in_is_no_failure() -> None:
    challenge = request("connect", CNC, 407, challenge=["ntlm"], continues=False)
    answer = request("connect", CNC, 200, offered="ntlm")
    assert failures(asked(PROX01, challenge, answer)) == []


def test_who_is_let_in_and_who_is_not() -> None:
    challenge = request("connect", CNC, 407, challenge=["negotiate", "ntlm"], continues=False)
    users = asked(PROX01, request("connect", EDGE, 407, challenge=["ntlm"]), request("connect", EDGE, 200, offered="ntlm"))
    (finding,) = failures(asked(PROX01, challenge), users)
    assert finding["text"].endswith("; it asks for Negotiate and NTLM; no credentials were offered; it let in 1 user (NTLM) request")


def test_a_407_that_stays_is_a_problem() -> None:
    (finding,) = failures(tunnel(PROX01, CNC, 407))
    assert (finding["severity"], finding["code"]) == ("problem", "proxy-auth-required")


def test_what_is_not_defenders_is_information() -> None:
    (finding,) = failures(tunnel(PROX01, "example.org", 403), tunnel(PROX01, "b.example", 403))
    assert (finding["severity"], finding["service"]) == ("info", None)
    assert finding["text"] == "PROX01 answered 403 to 2 requests outside Defender (b.example and example.org) of WORKSTATION"


def test_no_answer_from_a_proxy_that_was_heard() -> None:
    waited = {"ended_by": "client", "ended_with": "fin", "ended_at": START_NS + 60 * SECOND_NS, "tunnel_out": 0, "tunnel_in": 0}
    (finding,) = failures(tunnel(PROX01, CNC, None, bytes_in=0, **waited))
    assert (finding["code"], finding["confidence"]) == ("proxy-unreachable", "certain")
    assert finding["text"] == f"PROX01 did not answer 1 {COMMAND} request ({CNC}) of WORKSTATION"


def test_a_proxy_that_hangs_up_instead_of_answering_is_said_to() -> None:
    ends = [("server", "fin"), ("server", "rst"), ("server", "rst"), ("client", "fin")]
    rows = [
        tunnel(PROX01, CNC, None, bytes_in=0, server_first=None, ended_by=by, ended_with=how, first_seen=START_NS + i * SECOND_NS)
        for i, (by, how) in enumerate(ends)
    ]
    (finding,) = failures(*rows, tunnel(PROX01, EDGE))
    assert f"of WORKSTATION: it closed 1 and reset 2 of {len(ends)} connections instead" in finding["text"]


def test_no_answer_in_a_capture_of_one_direction_accuses_nobody() -> None:
    assert failures(tunnel(PROX01, CNC, None, bytes_in=0, packets_in=0)) == []


@pytest.mark.parametrize("state", ["refused", "unreachable", "no-answer"])
def test_a_proxy_that_cannot_be_reached(state: str) -> None:
    rows = [to_prox01(state=state), to_prox01(state=state)]
    (finding,) = failures(*rows)
    assert (finding["code"], finding["severity"], finding["proxy"], finding["service"]) == ("proxy-unreachable", "problem", PROX01, None)
    assert finding["text"] == f"2 connections of WORKSTATION to PROX01 failed: 2 {state}"
    assert finding["flows"] == [row["id"] for row in rows]


def test_a_proxy_that_could_be_reached_at_other_times() -> None:
    (finding,) = failures(to_prox01(state="no-answer"), to_prox01(state="refused"), tunnel(PROX01, CNC))
    assert finding["severity"] == "warning"
    assert finding["text"] == "2 connections of WORKSTATION to PROX01 failed: 1 no-answer, 1 refused; other connections to it worked"


@pytest.mark.parametrize("state", ["closed", "reset", "open", "mid-stream"])
def test_a_connection_that_was_let_in_is_not_unreachable(state: str) -> None:
    assert failures(to_prox01(state=state)) == []


def test_hostile_names_cannot_steer_a_terminal() -> None:
    (finding,) = failures(tunnel(PROX01, "evil\x1b[2J.example", 403))
    assert "\x1b" not in finding["text"]


def test_one_syn_at_the_captures_end_is_no_silence() -> None:
    syn = to_prox01(client_port=50_999, state="no-answer", packets_out=1, packets_in=0, bytes_in=0, first_seen=START_NS + 60 * SECOND_NS)
    carried = tunnel(PROX01, CNC, first_seen=START_NS, last_seen=START_NS + 60 * SECOND_NS)
    assert failures(carried, syn | {"last_seen": START_NS + 60 * SECOND_NS}) == []
    (finding,) = failures(carried | {"last_seen": START_NS + 64 * SECOND_NS}, syn | {"last_seen": START_NS + 60 * SECOND_NS})
    assert finding["code"] == "proxy-unreachable"


def test_one_syn_that_wasnt_sent_again_is_information() -> None:
    syn = {"state": "no-answer", "packets_out": 1, "packets_in": 0, "bytes_out": 0, "bytes_in": 0, "last_seen": START_NS}
    stray, other = to_prox01(first_seen=START_NS, **syn), tunnel(PROX02, CNC, first_seen=START_NS, last_seen=START_NS + 60 * SECOND_NS)
    (finding,) = failures(stray, other)
    assert (finding["code"], finding["severity"]) == ("proxy-unreachable", "info")
    assert finding["text"] == "1 connection of WORKSTATION to PROX01 failed: 1 no-answer; it was one SYN, which wasn't sent again"
    for more in (stray | {"packets_out": 2}, stray | {"state": "refused"}):
        (finding,) = failures(more, other)
        assert finding["severity"] == "problem", "sent again, or refused"


def test_a_page_of_the_proxys_own_is_a_refusal() -> None:
    lists = [("crl.microsoft.com", "/pki/list.crl"), ("ctldl.windowsupdate.com", "/authrootstl.cab")]
    rows = [asked(PROX01, request("absolute", host, 200, path=path, html=True)) for host, path in lists]
    (finding,) = failures(*rows)
    assert (finding["code"], finding["severity"], finding["services"]) == ("proxy-denied", "problem", ["certificate-trust"])
    assert finding["text"].startswith("PROX01 sent a page of its own (HTML) instead of the list to 2 certificate-trust requests")


def test_a_proxy_that_worked_at_another_of_its_addresses() -> None:
    names = {"proxy": [{"name": "PROX", "address": f"172.16.12.{last}", "method": "static"} for last in (10, 11)]}
    rows = [to_prox01(state="no-answer"), tunnel(PROX02, CNC)]
    (finding,) = [one for one in verdict(*rows, topology=topology_from(names, "t.toml"))["findings"] if one["code"] == "proxy-unreachable"]
    assert (finding["severity"], finding["proxy"]) == ("warning", PROX01)
    assert finding["text"] == (
        f"1 connection of {WORKSTATION} to PROX ({PROX01}) failed: 1 no-answer; PROX worked at another of its addresses"
    )
