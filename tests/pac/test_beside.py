"""What PAC files return beside what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.pac.beside import PacText, counted_states, pac_files, pac_rows
from analyzer.pipeline import Reading
from analyzer.routes.discovery import Discovery
from analyzer.routes.route import route_flows
from analyzer.routes.topology import load_topology
from analyzer.services.tag import tag_flows
from tests.conftest import ROOT
from tests.engine import reading
from tests.verdict.rows import (
    CATALOGUE,
    CNC,
    LAB_TOPOLOGY,
    MAPS,
    PROX01,
    PROX03,
    SECOND_NS,
    START_NS,
    WORKSTATION,
    flow,
    table,
    tunnel,
)

OTHER = "172.16.11.93"


def read(*rows: dict[str, Any]) -> Reading:
    return Reading(tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE), [], topology=LAB_TOPOLOGY, catalogue=CATALOGUE)


def states(body: str, *rows: dict[str, Any], clients: frozenset[str] | None = None) -> dict[str, Any]:
    text = PacText("x.pac", f"function FindProxyForURL(url, host) {{ {body} }}", clients)
    return {row["host"]: (row["state"], row["client_ips"]) for row in pac_rows(read(*rows), [text]) if row["state"] != "not-asked"}


def test_as_configured_is_what_went_a_way_that_is_returned() -> None:
    rows = [tunnel(PROX03, CNC), tunnel(PROX03, CNC, client_ip=OTHER)]
    assert states('return "PROXY 172.16.12.12:3128";', *rows) == {CNC: ("as-configured", [WORKSTATION, OTHER])}
    assert states('return "PROXY 172.16.12.10:3128; PROXY PROX03:3128";', *rows)[CNC][0] == "as-configured"


def test_differs_is_what_went_another_way() -> None:
    rows = [tunnel(PROX01, CNC), flow(host=MAPS, sni=MAPS)]
    found = states('return "PROXY 172.16.12.12:3128";', *rows)
    assert found == {CNC: ("differs", [WORKSTATION]), MAPS: ("differs", [WORKSTATION])}
    assert states('return "DIRECT";', *rows)[MAPS][0] == "as-configured"
    assert states('return "PROXY 172.16.12.10:8080";', *rows)[CNC][0] == "differs", "another port is another proxy"


def test_what_a_name_stands_for_that_the_capture_doesnt_resolve_cant_be_told() -> None:
    rows = [tunnel(PROX01, CNC)]
    assert states('return "PROXY proxy.contoso.example:3128";', *rows)[CNC][0] is None
    assert states('return isResolvable("x.example") ? "PROXY 172.16.12.10:3128" : "DIRECT";', *rows)[CNC][0] is None
    assert states("nowhere.defined;", *rows)[CNC][0] is None


def test_required_hosts_that_nobody_asked_for_are_not_asked() -> None:
    rows = pac_rows(read(tunnel(PROX03, CNC)), [PacText("x.pac", 'function FindProxyForURL() { return "DIRECT"; }')])
    asked_not = [row for row in rows if row["state"] == "not-asked"]
    assert "winatp-gw-weu.microsoft.com" in {row["host"] for row in asked_not} and all(row["asked"] == [] for row in asked_not)
    assert dict(counted_states(rows)) == {"differs": 1, "not-asked": len({row["host"] for row in asked_not})}


def test_a_file_that_asks_for_the_address_is_asked_for_each_source() -> None:
    body = 'return myIpAddress() === "172.16.11.93" ? "PROXY 172.16.12.12:3128" : "PROXY 172.16.12.10:3128";'
    rows = [tunnel(PROX03, CNC), tunnel(PROX03, CNC, client_ip=OTHER)]
    text = PacText("x.pac", f"function FindProxyForURL(url, host) {{ {body} }}")
    found = {(row["state"], *row["client_ips"]) for row in pac_rows(read(*rows), [text]) if row["host"] == CNC}
    assert found == {("differs", WORKSTATION), ("as-configured", OTHER)}


def test_a_captured_file_is_for_those_who_fetched_it() -> None:
    rows = [tunnel(PROX03, CNC), tunnel(PROX03, CNC, client_ip=OTHER)]
    assert states('return "DIRECT";', *rows, clients=frozenset((OTHER,))) == {CNC: ("differs", [OTHER])}


def test_captured_are_the_files_that_clients_fetched_each_once() -> None:
    text, url = "function FindProxyForURL() { return 'DIRECT'; }", "http://wpad.contoso.example/wpad.dat"
    found = [Discovery(ip, fetched={url: 200}, files=1, texts={text: None}) for ip in (WORKSTATION, OTHER)]
    whole = replace(read(tunnel(PROX03, CNC)), discoveries=[*found, Discovery("172.16.11.94", fetched={url: 404})])
    assert pac_files(["captured"], whole) == [PacText(url, text, frozenset((WORKSTATION, OTHER)))]


def test_what_is_no_pac_file_is_refused(tmp_path: Path) -> None:
    nothing = read(tunnel(PROX03, CNC))
    (tmp_path / "x.pac").write_text("nothing of the kind", encoding="utf-8")
    (tmp_path / "large.pac").write_bytes(b"// FindProxyForURL" + b" " * (1 << 20))
    for name, said in (
        (str(tmp_path / "x.pac"), "has no function FindProxyForURL"),
        (str(tmp_path / "large.pac"), "is larger than any browser takes"),
        (str(tmp_path / "none.pac"), "No such file or directory"),
        ("captured", "no PAC file's text was captured"),
    ):
        with pytest.raises(Unusable, match=said):
            pac_files([name], nothing)
    (tmp_path / "good.pac").write_bytes(b"\xef\xbb\xbffunction FindProxyForURL() { return 'DIRECT'; }")
    assert pac_files([str(tmp_path / "good.pac")], nothing)[0].text.startswith("function")


def test_the_laboratorys_fifth_test_by_a_file() -> None:
    whole = reading(ROOT / "captures" / "T5-all-three.pcapng", topology=load_topology(ROOT / "captures" / "topology.toml"))
    file = PacText(
        "x.pac", 'function FindProxyForURL(u, h) { return dnsDomainIs(h, ".windows.net") ? "DIRECT" : "PROXY 172.16.12.12:3128"; }'
    )
    found = {row["host"]: (row["state"], row["asked"]) for row in pac_rows(whole, [file])}
    assert found["winatp-gw-weu.microsoft.com"] == ("as-configured", ["172.16.12.12:3128"])
    assert found["usseu1westprod.blob.core.windows.net"] == ("differs", ["172.16.12.12:3128"])
    assert found["crl.microsoft.com"] == ("differs", ["172.16.12.10:3128"])


MORNING = 'return timeRange(8, 18) ? "PROXY 172.16.12.10:3128" : "PROXY 172.16.12.12:3128"'
"""The rows are of noon in UTC."""


def by_clock(body: str, *rows: dict[str, Any], zone: str | None) -> tuple[str | None, str, list[str]]:
    text = PacText("x.pac", f"function FindProxyForURL(url, host) {{ {body} }}")
    (row,) = [row for row in pac_rows(read(*rows), [text], zone) if row["host"] == CNC]
    return row["state"], row["returns"], row["unresolved"]


@pytest.mark.parametrize(
    "body",
    [
        MORNING,
        'return weekdayRange("MON", "FRI") ? "PROXY 172.16.12.10:3128" : "DIRECT"',
        'return dateRange(1, 15) ? "PROXY 172.16.12.10:3128" : "DIRECT"',
        'return new Date().getHours() < 23 ? "PROXY 172.16.12.10:3128" : "DIRECT"',
        'return Date.now() > 5 ? "PROXY 172.16.12.10:3128" : "DIRECT"',
    ],
)
def test_by_a_clock_whose_zone_isnt_known_nothing_is_decided(body: str) -> None:
    state, returns, unresolved = by_clock(body, tunnel(PROX01, CNC), zone=None)
    assert (state, returns, unresolved) == (None, "PROXY 172.16.12.10:3128", ["the client's time zone (--tz)"])


def test_by_a_clock_whose_zone_is_known_the_packets_time_decides() -> None:
    assert by_clock(MORNING, tunnel(PROX01, CNC), zone="Europe/Berlin")[0] == "as-configured"
    assert by_clock(MORNING, tunnel(PROX01, CNC), zone="Pacific/Auckland") == ("differs", "PROXY 172.16.12.12:3128", [])


def test_by_a_clock_that_passes_the_time_within_the_capture_nothing_is_decided() -> None:
    late = flow(first_seen=START_NS, last_seen=START_NS + 10 * 3600 * SECOND_NS)
    state, _, unresolved = by_clock(MORNING, tunnel(PROX01, CNC), late, zone="Europe/Berlin")
    assert (state, unresolved) == (None, ["a time that passes within the capture"])


def test_a_file_that_asks_for_no_time_is_decided_without_a_zone() -> None:
    fixed = 'return new Date(2024, 1, 1) ? "PROXY 172.16.12.10:3128" : "DIRECT"'
    assert by_clock(fixed, tunnel(PROX01, CNC), zone=None) == ("as-configured", "PROXY 172.16.12.10:3128", [])
