"""The chosen flows, their reasons, and the flows added so that the slice gives the same verdict."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.pipeline import Reading, judge
from analyzer.slices.choose import Reasons, Selection, choose
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.engine import knowledge, reading

T5 = str(ROOT / "captures" / "T5-all-three.pcapng")


def chosen(read: Reading, **wanted: Any) -> Reasons:
    return choose(read.flows, judge(read), Selection(**wanted), knowledge()[0], read.lookups)


def cells(read: Reading, reasons: Reasons, name: str) -> set[Any]:
    return {read.flows.column(name)[row].as_py() for row in reasons}


def test_of_one_kind_any_of_several_kinds_all() -> None:
    read = reading(T5)
    services = ("cloud-protection", "edr-command-and-control")
    both = chosen(read, services=services)
    assert cells(read, both, "service") >= set(services)
    narrowed = chosen(read, services=services, proxies=["172.16.12.12:3128"])
    assert set(narrowed) <= set(both) and cells(read, narrowed, "proxy") == {"172.16.12.12:3128"}
    assert set(chosen(read, proxies=["172.16.12.12"])) == set(chosen(read, proxies=["172.16.12.12:3128"]))
    assert len(chosen(read)) == read.flows.num_rows
    with pytest.raises(Unusable, match="no flow fits all of this"):
        chosen(read, services=services, sources=["192.0.2.1"])


def test_every_reason_is_told() -> None:
    read = reading(T5)
    reasons = chosen(read, findings=["direct-blocked"], sources=["172.16.11.92"])
    assert {tuple(why) for why in reasons.values()} == {("finding direct-blocked", "of this source")}


def test_what_there_is_not_is_said() -> None:
    read = reading(T5)
    with pytest.raises(Unusable, match="'nonsense' is no finding"):
        chosen(read, findings=["nonsense"])
    with pytest.raises(Unusable, match="proxy-denied wasn't found here; found: direct-blocked"):
        chosen(read, findings=["proxy-denied"])
    with pytest.raises(Unusable, match="no flow has the id x"):
        chosen(read, flows=["x"])


def two_legs() -> Reading:
    """A tunnel seen on both sides of its proxy, beside another client's refused connection to the same proxy."""
    hello = client_hello("a.example")
    here = Conversation(client=("172.16.11.92", 50_001)).handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED)
    here.send_client(hello).send_server(bytes(200)).close()
    there = Conversation(client=("172.16.12.10", 40_001), server=("20.1.2.3", 443), start_ns=here.frames[5][0]).handshake()
    there.send_client(hello).send_server(bytes(200)).close()
    refused = Conversation(client=("172.16.11.93", 50_001)).syn().rst()
    return reading(pcap(sorted([*here.frames, *there.frames, *refused.frames], key=lambda f: f[0])))


def test_the_other_leg_comes_along() -> None:
    read = two_legs()
    asked = chosen(read, sources=["172.16.11.92"])
    assert cells(read, asked, "client_ip") == {"172.16.11.92", "172.16.12.10"}
    assert ["the other leg of a tunnel that is in the slice"] in asked.values()


def test_a_flow_that_shows_who_is_a_proxy_comes_along() -> None:
    read = two_legs()
    asked = chosen(read, sources=["172.16.11.93"])
    assert cells(read, asked, "client_ip") == {"172.16.11.92", "172.16.11.93"}
    assert ["shows that its server is a proxy"] in asked.values()


def test_a_service_that_was_asked_for_earlier_on_the_connection_counts() -> None:
    talk = Conversation().handshake().send_client(connect("winatp-gw-neu.microsoft.com:443"))
    talk.send_server(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    talk.send_client(connect("login.live.com:443")).send_server(ESTABLISHED)
    read = reading(pcap([*talk.frames, *tunnel(number=9).frames]))
    asked = chosen(read, services=["edr-command-and-control"])
    assert len(asked) == 2
