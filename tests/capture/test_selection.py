"""What is captured: the filter says what it should, and keeps what the question needs."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.capture.selection import ANYBODY, EVERYTHING, SNAP_BYTES, can_be_tagged, selection
from analyzer.routes.topology import Topology, load_topology
from tests.build import Conversation, ethernet, pcap, vlan
from tests.conftest import ROOT
from tests.engine import reading

WRAPS = (
    ethernet,
    lambda packet: ethernet(vlan(packet, 100), 0x8100),
    lambda packet: ethernet(vlan(vlan(packet, 200), 100, 0x8100), 0x8100),
)
TOPOLOGY = load_topology(ROOT / "captures" / "topology.toml")


def kept(capture: Path, wanted: str) -> int:
    """How many packets tcpdump keeps of a capture with this filter."""
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump isn't there")
    done = subprocess.run(["tcpdump", "-nr", str(capture), "-w", "-", wanted], capture_output=True, check=True)
    return reading(io.BytesIO(done.stdout)).captures[0]["packets"]  # type: ignore[no-any-return]


def test_the_filter_names_every_workstation_and_proxy_once() -> None:
    chosen = selection(TOPOLOGY, tagged=False)
    hosts = [f"host {entry.network.network_address}" for entry in (*TOPOLOGY.workstations, *TOPOLOGY.proxies)]
    assert chosen.wanted.split(" or ")[: len(set(hosts))] == list(dict.fromkeys(hosts))
    assert "port 67" in chosen.filter and "vlan" not in chosen.filter
    assert chosen.snap_bytes == SNAP_BYTES


def test_networks_are_networks(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        '[[workstation]]\nname = "all"\naddress = "10.0.0.0/8"\n[[proxy]]\nname = "P"\naddress = "2001:db8::1"\n'
    )
    chosen = selection(load_topology(tmp_path / "t.toml"), tagged=True)
    assert chosen.wanted.startswith("net 10.0.0.0/8 or host 2001:db8::1 or ")
    assert kept(ROOT / "captures" / "T5-all-three.pcapng", chosen.filter) == 0


def test_what_carries_packets_on_a_port_of_its_own_is_captured() -> None:
    for topology in (TOPOLOGY, Topology()):
        plain, named = (selection(replace(topology, vxlan_ports=ports), tagged=False).wanted for ports in ((), (8473, 9000)))
        assert named == f"{plain} or udp port 8473 or udp port 9000"


def test_without_workstations_anybody_is_captured() -> None:
    assert selection(Topology(), tagged=False).wanted == ANYBODY
    assert selection(replace(TOPOLOGY, workstations=()), tagged=False).wanted == ANYBODY


@pytest.mark.parametrize("topology", [TOPOLOGY, Topology()], ids=["named", "anybody"])
def test_nothing_that_the_report_needs_is_left_out(topology: Topology) -> None:
    capture = ROOT / "captures" / "T5-all-three.pcapng"
    whole = reading(capture).captures[0]["packets"]
    # Of 969 packets two are ARP, which no flow is made of.
    assert whole - kept(capture, selection(topology, tagged=True).filter) <= 2


def test_tagged_frames_are_found_behind_their_tags(tmp_path: Path) -> None:
    plain, once, twice = (Conversation(wrap=wrap).syn().frames[0][1] for wrap in WRAPS)
    capture = tmp_path / "tagged.pcap"
    capture.write_bytes(pcap([(10**18 + i, frame) for i, frame in enumerate((plain, once, twice))]))
    topology = tmp_path / "t.toml"
    topology.write_text('[[workstation]]\nname = "W"\naddress = "172.16.11.92"\n')
    named = load_topology(topology)
    assert kept(capture, selection(named, tagged=True).filter) == 3
    assert kept(capture, selection(named, tagged=False).filter) == 1


def test_the_snap_length_changes_no_row() -> None:
    if shutil.which("editcap") is None:
        pytest.skip("editcap isn't there")
    for capture in sorted((ROOT / "captures").glob("*.pcapng")):
        cut = subprocess.run(["editcap", "-s", str(SNAP_BYTES), str(capture), "-"], capture_output=True, check=True).stdout
        assert reading(io.BytesIO(cut)).flows.drop(["capture", "captures"]).equals(reading(capture).flows.drop(["capture", "captures"]))


def test_it_is_said_in_words() -> None:
    assert str(EVERYTHING) == "every packet; whole"
    assert "also behind VLAN tags: host 172.16.11.92 or" in str(selection(TOPOLOGY, tagged=True))
    assert str(selection(TOPOLOGY, tagged=False)).endswith("; the first 4,096 bytes of each")


def test_which_interfaces_can_be_tagged() -> None:
    assert can_be_tagged("lo") == Path("/sys/class/net/lo/type").exists()
    assert not can_be_tagged("any")
    assert not can_be_tagged("no/such\0thing")
