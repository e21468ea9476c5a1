from typing import Any

import pytest

from analyzer.routes.topology import Topology
from tests.verdict.rows import CNC, EDGE, PROX01, START_NS, WORKSTATION, asked, flow, request, tunnel, verdict


def silent(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in result["findings"] if finding["code"] == "no-service-traffic"]


def test_a_source_without_defender_traffic() -> None:
    rows = tunnel(PROX01, EDGE), flow()
    (finding,) = silent(verdict(*rows))
    assert (finding["client_ip"], finding["severity"], finding["flows"]) == (WORKSTATION, "warning", [row["id"] for row in rows])
    assert finding["text"] == "WORKSTATION sent nothing to any service of Defender's own: 1 of 2 flows went to proxies"


@pytest.mark.parametrize(
    "row",
    [
        tunnel(PROX01, CNC),
        tunnel(PROX01, CNC, 407),
        flow(host=CNC),
        flow(host=CNC, state="no-answer"),
        flow(host=CNC, protocol="udp"),
    ],
)
def test_any_defender_traffic_breaks_the_silence(row: dict[str, Any]) -> None:
    assert silent(verdict(row, tunnel(PROX01, EDGE))) == []


def test_a_later_request_of_a_connection_breaks_the_silence() -> None:
    row = asked(PROX01, request("absolute", "example.org", 200), request("absolute", "definitionupdates.microsoft.com", 200))
    assert silent(verdict(row)) == []


def test_hosts_that_windows_asks_for_too_break_none() -> None:
    (finding,) = silent(verdict(asked(PROX01, request("absolute", "ctldl.windowsupdate.com", 200))))
    assert "(certificate-trust) and prove nothing" in finding["text"]


def test_where_only_the_answers_were_captured_it_is_not_certain() -> None:
    (finding,) = silent(verdict(flow(packets_out=0), flow()))
    assert finding["confidence"] == "likely"
    assert finding["text"] == (
        "WORKSTATION sent nothing that was captured to any service of Defender's own: 0 of 2 flows went to proxies,"
        " and of 1 only the answers were captured, so Defender may have been asked for there"
    )


def test_each_source_for_itself() -> None:
    result = verdict(tunnel(PROX01, CNC), tunnel(PROX01, EDGE, client_ip="172.16.11.93"))
    (finding,) = silent(result)
    assert (finding["client_ip"], finding["severity"]) == ("172.16.11.93", "info"), "no workstation of the topology"


def test_a_named_workstation_that_was_not_seen() -> None:
    result = verdict(tunnel(PROX01, CNC, client_ip="172.16.11.93"))
    (finding,) = silent(result)
    assert (finding["client_ip"], finding["flows"]) == (WORKSTATION, [])
    assert finding["text"] == "WORKSTATION (172.16.11.92) sent nothing at all that was captured"
    assert [source["client_ip"] for source in result["sources"]] == ["172.16.11.93"], "who wasn't seen is no source"


def test_a_named_workstation_that_sent_datagrams_only() -> None:
    (finding,) = silent(verdict(flow(protocol="udp", server_port=53)))
    assert finding["text"] == f"WORKSTATION ({WORKSTATION}) sent nothing that can carry a service: neither TCP nor QUIC was captured"
    # Both ends of time's queries use port 123, and either may count as the one that opened the flow.
    asks_time = flow(protocol="udp", client_ip="172.16.11.1", client_port=123, server_ip=WORKSTATION, server_port=123, packets_out=0)
    assert silent(verdict(asks_time))[0]["text"] == finding["text"]


def test_packets_that_were_not_opened_may_have_been_anybodys() -> None:
    unopened = [{"path": "vpn.pcap", "packets": 300, "damage": [{"code": "frames-unopened", "text": "ESP", "count": 300}]}]
    for row in (flow(protocol="udp", server_port=4500), tunnel(PROX01, EDGE)):
        (finding,) = silent(verdict(row, captures=unopened))
        assert finding["confidence"] == "likely"
        assert finding["text"].endswith("; 300 packets that couldn't be opened may belong to any source and any service")
    assert silent(verdict(row, captures=[unopened[0] | {"packets": 300_000}]))[0]["confidence"] == "certain", "a few of many"


@pytest.mark.parametrize(
    "row",
    [
        tunnel(PROX01, "20.1.1.10"),
        flow(client_hello_at=START_NS, server_first="tls", server_hello_at=START_NS),
        flow(state="reset", bytes_in=0, server_port=80),  # a firewall that let the hello's packets in, of which nothing could be read
        flow(protocol="udp", bytes_in=0),
    ],
)
def test_addresses_without_a_name_may_have_been_defenders(row: dict[str, Any]) -> None:
    (finding,) = silent(verdict(row))
    assert finding["text"].endswith(", and 1 of them to an address whose name wasn't seen") and finding["confidence"] == "likely"
    (finding,) = silent(verdict(row | {"host": "intranet.example", "host_source": "dns"}))
    assert "whose name" not in finding["text"] and finding["confidence"] == "certain"


@pytest.mark.parametrize("columns", [{"server_ip": "10.1.2.3"}, {"server_port": 445}, {"bytes_out": 0, "state": "no-answer"}])
def test_who_can_be_no_service_of_defenders_needs_no_name(columns: dict[str, Any]) -> None:
    (finding,) = silent(verdict(flow(**{"state": "reset", "bytes_in": 0} | columns)))
    assert "whose name" not in finding["text"] and finding["confidence"] == "certain"


@pytest.mark.parametrize(
    ("columns", "unread"),
    [
        ({"server_ip": "172.16.12.10", "server_port": 3128, "server_first": None}, True),
        ({"server_ip": "172.16.12.10", "server_port": 3128, "server_first": "other"}, True),  # words to a proxy that aren't read here
        ({"server_ip": "172.16.12.10", "server_port": 3128, "bytes_in": 0, "bytes_out": 0}, False),
        ({"server_first": None}, True),
        ({"server_first": "other"}, False),
        ({"bytes_in": 0}, False),
        ({"server_first": None, "packets_out": 0}, False),  # only one side: that is said already
    ],
)
def test_words_that_werent_captured_may_have_been_for_defender(columns: dict[str, Any], unread: bool) -> None:
    (finding,) = silent(verdict(flow(**columns)))
    assert ("nothing that was said could be read" in finding["text"]) is unread
    if unread:
        assert finding["confidence"] == "likely"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "no TCP or UDP flow was captured in this window"),
        ([flow(protocol="udp", server_port=53)], "the one flow is neither TCP nor QUIC: nothing here can carry a Defender service"),
        (
            [flow(client_ip="172.16.12.10"), flow(client_ip="172.16.12.11")],
            "all that could carry a service is 2 upstream legs, opened from a proxy's address: "
            "capture between the clients and the proxies to see who asked",
        ),
        ([flow()], None),
    ],
)
def test_why_there_are_no_sources(rows: list[dict[str, Any]], reason: str | None) -> None:
    result = verdict(*rows)
    assert result["reason"] == reason
    assert bool(result["sources"]) == (reason is None)


def test_nothing_at_all_without_a_topology() -> None:
    result = verdict(topology=Topology())
    assert (result["sources"], result["findings"], result["proxies"]) == ([], [], [])


def test_nearly_everything_over_tls_to_one_odd_server_may_be_a_proxy() -> None:
    """It isn't in the topology, so its traffic is direct; that it may be a proxy over TLS is said."""
    tls = {"server_ip": "172.16.12.20", "server_port": 8443, "client_hello_at": START_NS, "server_hello_at": START_NS, "host": "p.example"}
    said = "TLS to 172.16.12.20:8443: where that is a proxy over TLS"
    (finding,) = silent(verdict(*(flow(**tls) for _ in range(4))))
    assert said in finding["text"] and finding["confidence"] == "likely"
    (finding,) = silent(verdict(*(flow(**tls | {"server_port": 443}) for _ in range(4))))
    assert "172.16.12.20:443" in finding["text"]  # inside
    others = [flow(**tls | {"server_ip": f"20.1.2.{number}", "server_port": 443}) for number in range(3)]
    for rows in (
        [flow(**tls) for _ in range(3)],
        [flow(**tls | {"server_ip": "20.1.2.3", "server_port": 443}) for _ in range(9)],
        [flow(**tls | {"client_hello_at": None}) for _ in range(9)],
        [*(flow(**tls) for _ in range(9)), *others],
    ):
        (finding,) = silent(verdict(*rows))
        assert "proxy over TLS" not in finding["text"] and finding["confidence"] == "certain"


def test_where_names_were_cut_it_is_not_certain() -> None:
    (finding,) = silent(verdict(tunnel(PROX01, None), tunnel(PROX01, EDGE)))
    assert finding["confidence"] == "likely"
    assert "the names in 1 of their requests weren't captured, so Defender may have been asked for there" in finding["text"]


def test_connections_that_began_before_the_capture_may_have_been_for_anything() -> None:
    remnant = flow(isn_out=None, isn_in=None, state="mid-stream")
    (finding,) = silent(verdict(remnant, flow()))
    assert finding["confidence"] == "likely"
    assert "and 1 connection of them began before the capture, so what it was for isn't known" in finding["text"]
    named = flow(isn_out=None, isn_in=None, state="mid-stream", host="example.org")
    assert [one["confidence"] for one in silent(verdict(named, flow(isn_out=None, isn_in=None, bytes_out=0, bytes_in=0)))] == ["certain"]


def test_names_that_look_like_defenders_leave_it_likely() -> None:
    (finding,) = silent(verdict(tunnel(PROX01, "jp-v20.events.data.microsoft.com"), tunnel(PROX01, EDGE)))
    assert finding["text"].endswith("; jp-v20.events.data.microsoft.com looks like Defender's, though no rule knows it")
    assert finding["confidence"] == "likely"


def test_the_portal_is_anybodys() -> None:
    (finding,) = silent(verdict(tunnel(PROX01, "security.microsoft.com")))
    assert finding["text"].endswith("; hosts that any browser may ask for were asked for (security-portal) and prove nothing")


def test_a_vpn_may_hold_anything() -> None:
    """AnyConnect, OpenVPN and others over UDP: what is in it isn't seen, so nothing is certain about this machine."""
    datagrams = {"protocol": "udp", "server_ip": "203.0.113.9", "packets_out": 60, "packets_in": 60, "state": "open"}
    tunnel_to = flow(server_port=443, bytes_out=12_000, bytes_in=48_000, **datagrams)
    site = flow(host="vpn.example.org", sni="vpn.example.org", bytes_out=500, bytes_in=3_000)

    def said(*rows: dict[str, Any]) -> tuple[str, bool]:
        (found,) = [one for one in verdict(*rows)["findings"] if one["code"] == "no-service-traffic"]
        return found["confidence"], "datagrams of 203.0.113.9:443: if that is a VPN" in found["text"]

    assert said(site, tunnel_to) == ("likely", True)
    assert said(site | {"bytes_in": 30_000}, tunnel_to) == ("certain", False)
    assert said(site, tunnel_to | {"packets_in": 3}) == ("certain", False)
    assert said(site | {"bytes_in": 0}, tunnel_to | {"server_port": 123, "bytes_out": 2_880, "bytes_in": 2_880}) == ("certain", False), (
        "NTP"
    )
    assert said(site, tunnel_to | {"host": "www.youtube.com", "host_source": "quic"}) == ("certain", False)
