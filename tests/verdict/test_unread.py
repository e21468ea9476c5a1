"""What a source asked for that can't be seen."""

import io
from typing import Any

import numpy as np
import pytest

import analyzer
from analyzer.routes.route import route_flows
from analyzer.routes.topology import topology_from
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.unread import sources_unread, unread_requests
from tests.build import ESTABLISHED, Conversation, absolute_get, client_hello, connect, head, pcap, server_hello
from tests.verdict.rows import CNC, LAB, PROX01, PROX02, START_NS, asked, flow, request, table, tunnel, verdict

LAB_TOPOLOGY = topology_from(LAB, "lab.toml")


def unread(*rows: dict[str, Any]) -> dict[str, dict[str, int]]:
    evidence = evidence_of(route_flows(table(rows), LAB_TOPOLOGY), LAB_TOPOLOGY)
    return {
        evidence.client_label(client): {evidence.proxy_label(proxy): n for proxy, n in counts.items()}
        for client, counts in unread_requests(evidence).items()
    }


def test_names_that_are_there_leave_nothing_unread() -> None:
    assert unread(tunnel(PROX01, CNC), flow(host=CNC)) == {}


def test_a_name_inside_the_tunnel_is_one() -> None:
    assert unread(tunnel(PROX01, None, host=CNC, sni=CNC, host_source="sni")) == {}


def test_names_that_were_cut_and_requests_that_tls_hides() -> None:
    hidden = flow(server_ip="172.16.12.11", server_port=3128, client_hello_at=START_NS, tls_first=True, server_first="tls")
    cut = tunnel(PROX01, None), tunnel(PROX01, None), tunnel(PROX02, None, client_ip="172.16.11.99")
    assert unread(*cut, hidden) == {"WORKSTATION": {"PROX01": 2, "PROX02": 1}, "172.16.11.99": {"PROX02": 1}}


CUT = flow(state="reset", bytes_in=0)
"""A firewall's work: something was sent to a public server, cut off before its name, and nothing came back."""


@pytest.mark.parametrize(
    ("row", "is_unread"),
    [
        (CUT, True),
        (tunnel(PROX01, None), True),
        (flow(packets_out=0), True),
        (flow(isn_out=None, isn_in=None, state="mid-stream"), True),
        (flow(isn_out=None, isn_in=None, bytes_out=0, bytes_in=0), False),
        (flow(bytes_out=0, bytes_in=0, acked_out=92), True),  # all that the client sent was lost
        (flow(bytes_out=100, acked_out=600, server_first="tls"), True),  # the hello was
        (flow(bytes_out=600, acked_out=600, server_first="tls"), False),
        (flow(bytes_out=100, acked_out=600, server_first="other"), False),
        (flow(bytes_out=0, bytes_in=0, acked_out=1), False),  # its FIN
        (flow(host="example.org", state="no-answer"), False),
        (tunnel(PROX01, "example.org"), False),
        (
            asked(PROX01, request("connect", "20.1.2.5", None), host=None, bytes_in=0, state="open"),
            True,
        ),  # the capture ends before the answer
        (asked(PROX01, request("connect", "20.1.2.5", 403), host=None), False),
    ],
)
def test_the_answer_says_where_not_all_could_be_read(row: dict[str, Any], is_unread: bool) -> None:
    evidence = evidence_of(route_flows(table([row]), LAB_TOPOLOGY), LAB_TOPOLOGY)
    assert bool(sources_unread(evidence, np.arange(1))) is is_unread
    (group,) = verdict(row)["groups"]
    assert (group["answer"] == "no Defender traffic was seen, though not all that was asked for could be read") is is_unread
    both = verdict(row, tunnel(PROX01, CNC))["groups"]
    assert "could be read" not in both[0]["answer"], "who was seen to speak to Defender is no riddle"


BROKEN_OFF = (
    Conversation().handshake().send_client(connect(f"{CNC}:443")).send_server(ESTABLISHED).send_client(client_hello(CNC, padding=200))
    .send_server(server_hello()).send_server(b"\x17\x03\x03\x04\x00" + bytes(1024)).close()
)  # fmt: skip
"""A tunnel in which the client closed behind the server's first flight: what a pinned certificate does."""


def cut_at(snap_bytes: int, talk: Conversation) -> dict[str, Any]:
    """The verdict over the frames as a snap length leaves them."""
    capture = io.BytesIO(pcap([(ts_ns, frame[:snap_bytes], len(frame)) for ts_ns, frame in talk.frames]))
    document: dict[str, Any] = analyzer.read([capture]).verdict.to_dict()
    return document


@pytest.mark.parametrize("snap_bytes", [96, 128, 160, 200, 400, 2000])
def test_of_a_tunnel_whose_hello_was_cut_nobody_knows_that_it_worked(snap_bytes: int) -> None:
    planes = [plane for source in cut_at(snap_bytes, BROKEN_OFF)["sources"] for plane in source["planes"]]
    assert [(plane["outcome"] == "works", plane["confidence"]) for plane in planes] == [(False, "likely")]
    whole = 600
    assert planes[0]["outcome"] == ("broken" if snap_bytes > whole else "unseen")


@pytest.mark.parametrize("snap_bytes", [68, 96, 128])
def test_a_direct_hello_whose_name_was_cut_may_be_defenders(snap_bytes: int) -> None:
    past = Conversation(server=("20.50.1.1", 443)).handshake().send_client(client_hello(CNC, sni_last=True)).send_server(server_hello())
    document = cut_at(snap_bytes, past.close())
    assert document["groups"][0]["answer"] == "no Defender traffic was seen, though not all that was asked for could be read"
    (said,) = [finding for finding in document["findings"] if finding["code"] == "no-service-traffic"]
    assert said["confidence"] == "likely"


SNAPS = (54, 55, 57, 60, 61, 64, 68, 80)
"""Bytes of a packet; a request begins at 54, and none of these has a whole name."""

UNREADABLE = {
    "let through": BROKEN_OFF,
    "answered 403": Conversation().handshake().send_client(connect(f"{CNC}:443")).send_server(head("HTTP/1.1 403 Forbidden")).close(),
    "reset": Conversation().handshake().send_client(connect(f"{CNC}:443")).rst(),
    "absolute": Conversation().handshake().send_client(absolute_get(f"http://{CNC}/")).send_server(head("HTTP/1.1 200 OK")).close(),
    "past the proxies": Conversation(server=("20.50.1.1", 443)).handshake().send_client(client_hello(CNC)).rst(),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("snap_bytes", SNAPS)
def test_where_no_name_was_captured_absence_is_no_certainty(snap_bytes: int, name: str) -> None:
    """Nor is a flow direct, and let through or blocked, if it isn't known whether a proxy was asked on it."""
    document = cut_at(snap_bytes, UNREADABLE[name])
    assert {group["answer"] for group in document["groups"] if group["answer"].startswith("no Defender")} <= {
        "no Defender traffic was seen, though not all that was asked for could be read"
    }
    silent = [finding for finding in document["findings"] if finding["code"] == "no-service-traffic"]
    assert [finding["confidence"] for finding in silent] == ["likely"]
    assert document["direct"]["allowed"] == []
    if name != "past the proxies" or snap_bytes < 60:
        assert document["direct"]["blocked"] == []


def test_words_that_were_captured_whole_are_no_riddle() -> None:
    other = Conversation(server=("20.9.9.9", 25)).handshake().send_server(b"220 mail.example ESMTP Postfix\r\n").send_client(b"EHLO me\r\n")
    (said,) = [finding for finding in cut_at(96, other.close())["findings"] if finding["code"] == "no-service-traffic"]
    assert said["confidence"] == "certain"
