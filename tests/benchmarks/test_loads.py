"""The captures of one kind of traffic have the number of flows that their writers return, and the right ones."""

from __future__ import annotations

from pathlib import Path

import analyzer
from tests.benchmarks import loads


def test_each_holds_what_it_says(tmp_path: Path) -> None:
    assert loads.dns(tmp_path / "dns.pcap", 250) == 3
    traffic = analyzer.read(tmp_path / "dns.pcap")
    assert len(traffic.flows) == 3 and len(traffic.lookups) == 250
    assert loads.short_flows(tmp_path / "short.pcap", 40) == 40
    flows = analyzer.read(tmp_path / "short.pcap").flows
    assert len(flows) == 40 and set(flows["request"]) == {"absolute"} and set(flows["state"]) == {"closed"}
    assert loads.many_files(tmp_path / "files", 7) == 70
    assert len(list((tmp_path / "files").iterdir())) == 7
    assert len(analyzer.read(tmp_path / "files").flows) == 70
