"""The laboratory, live: one short scenario from nothing to capture and truth, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.pipeline import judge
from analyzer.routes.topology import load_topology
from captures.lab import build, needs, truth
from captures.lab.network import Machine, Network, namespaces
from captures.lab.scenarios import Activity, Scenario
from tests.captures import wireshark_flows
from tests.conftest import ROOT
from tests.engine import reading
from tests.facts.settled import timeless

SHORT = Scenario(
    "short",
    "A little of everything",
    ("winhttp", "wininet"),
    0.0,
    (
        Activity(0.0, "MsSense", "winatp-gw-weu.microsoft.com", times=2, every=0.3),
        Activity(0.0, "MsMpEng", "wdcp.microsoft.com"),
        Activity(0.0, "CryptoAPI", "ctldl.windowsupdate.com", "get", paths=("/list?a=1", "/small")),
        Activity(0.0, "msedge", "edge.microsoft.com", cuts=(700,)),
        Activity(0.2, "explorer", "nav.smartscreen.microsoft.com", ends="reset"),
        Activity(0.2, "msedge", "ntp.msn.com", ends="open"),
        Activity(0.4, "script", "www.contoso.com", "curl"),
        Activity(0.4, "DiagTrack", "v10.events.data.microsoft.com"),
        Activity(0.4, "MsSense", "eu-v20.events.data.microsoft.com", "openssl"),
        Activity(0.1, "WpnService", "client.wns.windows.com", "direct"),
    ),
    {"sensor": "winhttp", "antivirus": "winhttp", "system": "winhttp", "user": "wininet"},
    "a test of the laboratory",
    proxy_rules={"PROX01": "acl telemetry dstdomain v10.events.data.microsoft.com\nhttp_access deny telemetry"},
)


BUILD_AND_WAIT = """
from captures.lab.network import Machine, Network
network = Network([Machine("W", "172.16.11.92")], [Machine("P", "172.16.12.10")])
network.__enter__()
print("up", flush=True)
input()
"""


@pytest.fixture(scope="module")
def laboratory() -> None:
    problem = needs.missing()
    if problem:
        pytest.skip(problem)


@pytest.fixture(scope="module")
def played(laboratory: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture of SHORT, its truth file beside it."""
    return build.build(SHORT, tmp_path_factory.mktemp("laboratory"))


@pytest.fixture(scope="module")
def told(played: Path) -> dict[str, Any]:
    return truth.read(played.with_name("short.truth.json"))


def test_the_truth_is_what_wireshark_sees(played: Path, told: dict[str, Any]) -> None:
    assert len(told["connections"]) == sum(activity.times for activity in SHORT.activities)
    assert truth.differences(told["connections"], wireshark_flows.flows(played)) == []


def test_the_truth_is_what_the_engine_reads(played: Path, told: dict[str, Any]) -> None:
    found = reading(played, topology=load_topology(ROOT / "captures" / "topology.toml"))
    rows = found.flows.cast(pa.schema([field.with_type(timeless(field.type)) for field in found.flows.schema])).to_pylist()
    assert truth.differences(told["connections"], rows) == []
    won = {plane["plane"]: plane["method"] for source in judge(found)["sources"] for plane in source["planes"]}
    assert won == dict(SHORT.expect)


def test_a_proxy_that_denies_is_written_down(told: dict[str, Any]) -> None:
    denied = [row for row in told["connections"] if row["intended_host"] == "v10.events.data.microsoft.com"]
    assert [(row["proxy_status"], row["outcome"], row["sni"]) for row in denied] == [(403, "refused-by-proxy", None)]


def test_ends_are_as_played(told: dict[str, Any]) -> None:
    ends = {row["intended_host"]: row["state"] for row in told["connections"]}
    assert ends["ntp.msn.com"] == "open"
    assert ends["nav.smartscreen.microsoft.com"] == "reset"
    assert ends["client.wns.windows.com"] == "no-answer"
    assert ends["winatp-gw-weu.microsoft.com"] == "closed"


def test_nothing_is_left_behind(played: Path) -> None:
    assert not [name for name in namespaces() if name.startswith(f"wplab{os.getpid()}-")]
    assert sorted(path.name for path in played.parent.iterdir()) == ["short.pcapng", "short.truth.json"]


def test_the_next_build_clears_what_a_killed_one_left(laboratory: None) -> None:
    process = subprocess.Popen([sys.executable, "-c", BUILD_AND_WAIT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    left = f"wplab{process.pid}-"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [name for name in namespaces() if name.startswith(left)]
    with Network([Machine("W", "172.16.11.92")], [Machine("P", "172.16.12.10")]):
        assert not [name for name in namespaces() if name.startswith(left)]


def test_a_failing_play_takes_its_network_down(laboratory: None, tmp_path: Path) -> None:
    lost = Scenario("lost", "No way out", (), None, (Activity(0.0, "MsSense", "wdcp.microsoft.com"),), {}, "nothing")
    with pytest.raises(RuntimeError, match="NothingToSay: sensor has no proxy"):
        build.build(lost, tmp_path)
    assert not [name for name in namespaces() if name.startswith(f"wplab{os.getpid()}-")]
    assert list(tmp_path.iterdir()) == []
