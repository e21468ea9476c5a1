"""The Python API as the contract has it, on captures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.routes.topology import topology_of
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    """Two captures with one tunnel each, through two proxies."""
    (tmp_path / "a.pcap").write_bytes(pcap(tunnel(number=1).frames))
    (tmp_path / "b.pcap").write_bytes(pcap(tunnel(number=2, host="wdcp.microsoft.com", proxy="172.16.12.12").frames))
    return tmp_path


def test_a_path_a_glob_a_list_and_open_files_are_the_same(captures: Path) -> None:
    both = [captures / "a.pcap", captures / "b.pcap"]
    ids = analyzer.read(both).flows.id.tolist()
    assert len(ids) == 2
    assert analyzer.read(str(captures / "*.pcap")).flows.id.tolist() == ids
    assert analyzer.read(captures).flows.id.tolist() == ids
    with both[0].open("rb") as first, both[1].open("rb") as second:
        assert analyzer.read([first, second]).flows.id.tolist() == ids
    with both[0].open("rb") as first:
        assert len(analyzer.read(first).flows) == 1


def test_everything_on_one_page(captures: Path, tmp_path: Path) -> None:
    traffic = analyzer.read(captures)
    assert set(traffic.flows.service) == {"edr-command-and-control", "cloud-protection"}
    assert traffic.verdict.to_frame().winner.tolist() == ["172.16.12.12:3128", "172.16.12.10:3128"]
    assert list(traffic.findings.columns)[:2] == ["code", "severity"]
    assert "172.16.12.10:3128 1" in repr(traffic.plot.timeline())
    for name in ("out.md", "out.html", "out.ipynb"):
        traffic.report(tmp_path / name)
    assert "172.16.12.12:3128" in (tmp_path / "out.md").read_text(encoding="utf-8")


def test_flows_given_back_give_the_same_verdict(captures: Path) -> None:
    traffic = analyzer.read(captures)
    again = analyzer.read(traffic.flows)
    assert again.flows.equals(traffic.flows)
    assert again.verdict.to_dict()["sources"] == traffic.verdict.to_dict()["sources"]


def test_one_bad_input_among_good_ones_is_told(captures: Path) -> None:
    traffic = analyzer.read([captures / "a.pcap", captures / "absent.pcap"])
    assert len(traffic.flows) == 1
    assert [str(captures / "absent.pcap") in str(error) for error in traffic.unusable] == [True]
    with pytest.raises(analyzer.Unusable):
        analyzer.read(captures / "absent.pcap")


def test_importing_it_loads_no_library() -> None:
    code = "import sys, analyzer\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not set(loaded) & {"pandas", "pyarrow", "numpy", "rich", "typer", "scapy", "pyshark", "matplotlib"}


def test_a_topology_may_be_a_dict_or_one_made_already(captures: Path, tmp_path: Path) -> None:
    tables = {"proxy": [{"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"}]}
    traffic = analyzer.read(captures, topology=tables)
    assert "PROX01" in traffic.flows.proxy_name.tolist()
    made = topology_of(tables)
    assert isinstance(made, analyzer.Topology)
    assert analyzer.read(captures, topology=made).verdict.to_dict() == traffic.verdict.to_dict()
    assert analyzer.read(traffic.flows, topology=made).flows.proxy_name.tolist() == traffic.flows.proxy_name.tolist()
    with pytest.raises(analyzer.Unusable, match="topology again"):
        traffic.report(tmp_path / "x.ipynb")
    (tmp_path / "study.toml").write_text('[[test]]\ntitle = "t"\ncaptures = ["a.pcap"]\nconfigured = ["winhttp"]\n', encoding="utf-8")
    (test,) = analyzer.study(tmp_path / "study.toml", topology=tables).tests
    assert "PROX01" in [row["winner_name"] for row in test.verdict.to_dict()["sources"][0]["services"]]
