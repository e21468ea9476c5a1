"""Which system a source runs, by what it talks to and how."""

from __future__ import annotations

from typing import Any

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.system import systems_of
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, NCSI, PROX01, WORKSTATION, table, tunnel

SCHANNEL = "t13d2013h2_2b729b4bf6f3_e24568c0d440"
CURL = "t13d3113h2_e8f1e7e78f70_ce5650b735ce"
XPLAT = ("x.cp.wd.microsoft.com", "cdn.x.cp.wd.microsoft.com")


def system(*rows: dict[str, Any]) -> list[str]:
    evidence = evidence_of(tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
    found = {evidence.client.values[client]: sorted(systems) for client, systems in systems_of(evidence, CATALOGUE).items()}
    return found.get(WORKSTATION, [])


def test_windows_own_hosts_agents_and_hellos_tell_windows() -> None:
    assert system(tunnel(PROX01, NCSI)) == ["Windows"]
    assert system(tunnel(PROX01, "example.org", user_agent="Microsoft-CryptoAPI/10.0")) == ["Windows"]
    assert system(tunnel(PROX01, CNC, ja4=SCHANNEL)) == ["Windows"]


def test_hosts_that_every_system_asks_for_tell_nothing() -> None:
    assert system(tunnel(PROX01, CNC, ja4=CURL), tunnel(PROX01, "example.org")) == []


def test_hosts_of_macos_and_linux_alike_leave_those_two() -> None:
    assert system(*(tunnel(PROX01, host) for host in XPLAT)) == ["Linux", "macOS"]


def test_what_only_one_of_them_asks_for_parts_the_two() -> None:
    rows = [tunnel(PROX01, host) for host in XPLAT]
    assert system(*rows, tunnel(PROX01, "captive.apple.com")) == ["macOS"]
    assert system(*rows, tunnel(PROX01, "1-courier.push.apple.com")) == ["macOS"]
    assert system(*rows, tunnel(PROX01, "security.ubuntu.com", user_agent="Debian APT-HTTP/1.3 (2.4.12)")) == ["Linux"]


def test_a_browser_on_a_mac_makes_no_windows_machine_of_it() -> None:
    rows = [tunnel(PROX01, host) for host in (*XPLAT, "nav-edge.smartscreen.microsoft.com", "edge.microsoft.com", "gdmf.apple.com")]
    assert system(*rows) == ["macOS"]


def test_how_often_something_is_seen_doesnt_count() -> None:
    assert system(*(tunnel(PROX01, NCSI) for _ in range(9)), *(tunnel(PROX01, host) for host in (*XPLAT, "gdmf.apple.com"))) == ["macOS"]


def test_where_windows_ties_nothing_is_said() -> None:
    assert system(tunnel(PROX01, NCSI), tunnel(PROX01, "gdmf.apple.com")) == []
