"""The committed captures: whole, described by captures/README.md, and equal to what their clients wrote down."""

from __future__ import annotations

import hashlib
import re
import shutil
import tomllib
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.pipeline import Reading, judge
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.services.match import match_host
from captures.lab import truth
from captures.lab.components import NothingToSay, choose_method
from captures.lab.hosts import HOSTS, Host
from captures.lab.proxies import PROXIES
from captures.lab.scenarios import SCENARIOS
from tests.captures import wireshark_flows
from tests.conftest import ROOT
from tests.engine import reading
from tests.facts.settled import timeless

CAPTURES = ROOT / "captures"
NAMES = sorted(path.stem for path in CAPTURES.glob("*.pcapng"))
PLANES = ("sensor", "antivirus", "system", "user")


def truth_of(name: str) -> dict[str, Any]:
    return truth.read(CAPTURES / f"{name}.truth.json")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def flows() -> dict[str, list[dict[str, Any]]]:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is missing: apt-get install tshark")
    return {name: wireshark_flows.flows(CAPTURES / f"{name}.pcapng") for name in NAMES}


def test_every_scenario_is_committed_and_nothing_else() -> None:
    assert sorted(SCENARIOS) == NAMES
    assert sum(path.stat().st_size for path in CAPTURES.glob("*.pcapng")) < 2_500_000


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_has_the_capture_as_it_is(name: str, flows: dict[str, Any]) -> None:
    row = next(line for line in (CAPTURES / "README.md").read_text().splitlines() if line.startswith(f"| `{name}.pcapng`"))
    _, _, made_by, when, packets, digest, shows, _ = (cell.strip() for cell in row.split("|"))
    capture = CAPTURES / f"{name}.pcapng"
    assert digest.strip("`") == hashlib.sha256(capture.read_bytes()).hexdigest()
    assert made_by == f"`python -m captures.lab {name}`"
    assert when == truth_of(name)["started_at"][:19].replace("T", " ")
    assert int(packets) == len(wireshark_flows.all_packets(capture))
    assert SCENARIOS[name].shows in shows


@pytest.mark.parametrize("name", NAMES)
def test_wireshark_counts_frames_alike(name: str, flows: dict[str, Any], readings: dict[str, Reading]) -> None:
    theirs, mine = wireshark_flows.first_frames(CAPTURES / f"{name}.pcapng"), {}
    for row in readings[name].flows.select(["community_id", "first_frame"]).to_pylist():
        mine.setdefault(row["community_id"], row["first_frame"])
    assert mine == {community_id: number for community_id, number in theirs.items() if community_id in mine}
    assert len(mine) > 5


@pytest.mark.parametrize("name", NAMES)
def test_wireshark_sees_what_the_clients_did(name: str, flows: dict[str, Any]) -> None:
    assert truth.differences(truth_of(name)["connections"], flows[name]) == []


@pytest.fixture(scope="module")
def readings() -> dict[str, Reading]:
    """What the engine reads of each capture, with the laboratory's topology."""
    topology = load_topology(CAPTURES / "topology.toml")
    return {name: reading(CAPTURES / f"{name}.pcapng", topology=topology) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_the_engine_reads_what_the_clients_did(name: str, readings: dict[str, Reading]) -> None:
    flows = readings[name].flows
    rows = flows.cast(pa.schema([field.with_type(timeless(field.type)) for field in flows.schema])).to_pylist()
    assert truth.differences(truth_of(name)["connections"], rows) == []


@pytest.mark.parametrize("keys", [truth.WHOSE, truth.ASKED, truth.BECAME], ids=["whose", "asked", "became"])
@pytest.mark.parametrize("name", NAMES)
def test_the_engine_says_whose_it_was_and_what_became_of_it(name: str, keys: tuple[str, ...], readings: dict[str, Reading]) -> None:
    flows = readings[name].flows
    rows = flows.cast(pa.schema([field.with_type(timeless(field.type)) for field in flows.schema])).to_pylist()
    assert truth.differences(truth_of(name)["connections"], rows, keys) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_is_the_articles(name: str, readings: dict[str, Reading]) -> None:
    """Each plane is won as captures/README.md says; where no winner is expected there is none."""
    won = {plane["plane"]: plane["method"] for source in judge(readings[name])["sources"] for plane in source["planes"]}
    expected = {plane: None if method == "none" else method for plane, method in truth_of(name)["expect"].items()}
    assert {plane: won.get(plane) for plane in PLANES} == {plane: expected[plane] for plane in PLANES}


@pytest.mark.parametrize("name", NAMES)
def test_not_a_byte_is_missing(name: str, flows: dict[str, Any]) -> None:
    seen = {truth.identity(flow): (flow["bytes_out"], flow["bytes_in"]) for flow in flows[name]}
    counted = [row for row in truth_of(name)["connections"] if row["protocol"] == "tcp" and row["sent_bytes"] is not None]
    assert {truth.identity(row): seen[truth.identity(row)] for row in counted} == {
        truth.identity(row): (row["sent_bytes"], row["received_bytes"]) for row in counted
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_plane_is_carried_by_the_proxy_the_article_names(name: str) -> None:
    told = truth_of(name)
    for plane in PLANES:
        carried = {row["method"] for row in told["connections"] if row["played_plane"] == plane and row["proxy_status"] == 200}
        assert carried == ({told["expect"][plane]} - {"none"}), plane


def test_without_a_user_nothing_of_defender_is_on_the_wire() -> None:
    rows = truth_of("T3a-wininet-no-user")["connections"]
    assert rows
    assert not [row for row in rows if row["service"] or row["plane"] or row["proxy"]]


def test_the_cache_is_emptied_after_logon() -> None:
    told = truth_of("T3b-wininet-user")
    (session,) = told["sessions"]
    uploads = [row["opened_at"] for row in told["connections"] if row["service"] == "edr-cyber-data"]
    assert min(uploads) > session["logon"]
    gaps_s = [(datetime.fromisoformat(b) - datetime.fromisoformat(a)).total_seconds() for a, b in pairwise(sorted(uploads))]
    assert len([gap for gap in gaps_s if gap < 0.5]) >= 8


def test_live_response_works_where_the_article_says() -> None:
    for name in NAMES:
        told = truth_of(name)
        mark = [mark["at"] for mark in told["marks"] if mark["what"] == "live response started"]
        after = [row for row in told["connections"] if row["service"] == "edr-command-and-control" and mark and row["opened_at"] > mark[0]]
        answered = [row for row in after if row["outcome"] == "answered" and row["received_bytes"] > 20_000]
        assert bool(answered) == (name[:2] != "T3"), name


def test_the_topology_names_the_laboratorys_proxies() -> None:
    topology = tomllib.loads((CAPTURES / "topology.toml").read_text())
    assert topology["proxy"] == [{"name": p.name, "address": p.address, "port": p.port, "method": p.method} for p in PROXIES]
    assert {row["client_ip"] for name in NAMES for row in truth_of(name)["connections"]} == {topology["workstation"][0]["address"]}
    assert topology["gateway"] == {"policy": "proxies-only", "certificate_issuers": ["Laboratory CA"]}


def test_the_captures_hold_the_odd_hellos() -> None:
    """What a reader has to cope with is really there: each kind of hello, of request and of end."""
    rows = [row for name in NAMES for row in truth_of(name)["connections"]]
    assert {row["hello"] for row in rows} >= {"library", "tls12", "no-sni", "chromium", "schannel", "curl", "openssl"}
    assert {row["shape"] for row in rows} >= {"winhttp", "wininet", "chromium", "curl", "openssl"}
    assert {row["tls_version"] for row in rows} >= {"1.2", "1.3"}
    assert {row["state"] for row in rows} >= {"closed", "reset", "open", "no-answer"}
    assert {row["request"] for row in rows} == {"connect", "absolute", None}


def test_hellos_come_in_pieces(flows: dict[str, Any]) -> None:
    """In T2 a hello lies in two segments, and one in two TLS records; T5 was recorded with offload on."""
    hellos = [packet for packet in wireshark_flows.packets(CAPTURES / "T2-winhttp-wininet.pcapng") if "1" in packet["tls.handshake.type"]]
    assert [packet for packet in hellos if packet["tcp.segment.count"] == ["2"]]
    assert [packet for packet in hellos if packet["tls.handshake.fragment.count"] == ["2"]]
    longest = {name: max(int(p["frame.len"][0]) for p in wireshark_flows.packets(CAPTURES / f"{name}.pcapng")) for name in NAMES}
    assert {name for name in NAMES if longest[name] > 1514} == {"T5-all-three"}


@pytest.mark.parametrize(
    ("plane", "configured", "logged_on", "method"),
    [
        ("sensor", {"winhttp", "wininet"}, True, "winhttp"),
        ("sensor", {"static", "winhttp", "wininet"}, True, "static"),
        ("antivirus", {"wininet"}, True, "wininet"),
        ("system", {"static", "wininet"}, True, None),
        ("system", {"static", "winhttp", "wininet"}, False, "winhttp"),
        ("user", {"static", "winhttp", "wininet"}, True, "wininet"),
        ("push", {"static", "winhttp", "wininet"}, True, None),
    ],
)
def test_each_plane_chooses_by_the_documented_order(plane: str, configured: set[str], logged_on: bool, method: str | None) -> None:
    assert choose_method(plane, configured, logged_on) == method


def test_the_sensor_is_silent_without_a_user_session() -> None:
    with pytest.raises(NothingToSay):
        choose_method("sensor", {"wininet"}, False)


@pytest.mark.parametrize("host", HOSTS.values(), ids=lambda host: host.name)
def test_what_the_laboratory_says_of_a_host_is_what_the_catalogue_says(host: Host, catalogue: Catalogue) -> None:
    match = match_host(catalogue, host.name)
    assert (host.service, host.evidence, host.plane) == (match.service, match.evidence, match.plane)


def test_differences_name_every_kind_of_disagreement() -> None:
    told = truth_of("T1-winhttp")["connections"]
    same = [dict(row) for row in told]
    assert truth.differences(told, same) == []
    assert "no such flow" in truth.differences(told, same[1:])[0]
    assert "no client opened" in truth.differences(told[1:], same)[0]
    tunnel = next(row for row in same if row["request"] == "connect")
    tunnel["sni"], tunnel["requests"] = "elsewhere.example", [{**tunnel["requests"][0], "status": 503}]
    assert sorted(re.findall(r": (\w+) is ", " ".join(truth.differences(told, same)))) == ["requests", "sni"]


def test_no_path_of_a_machine_is_in_a_capture(root: Path) -> None:
    for name in NAMES:
        assert b"/tmp/" not in (root / "captures" / f"{name}.pcapng").read_bytes()
