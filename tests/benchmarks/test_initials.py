"""The benchmark of QUIC's Initials measures what its name promises, and reports missing hosts."""

from __future__ import annotations

from pathlib import Path

import analyzer
from tests.benchmarks.initials import check, write


def test_every_host_is_named(tmp_path: Path) -> None:
    hosts = write(tmp_path / "a.pcap", 30)
    named = analyzer.read(tmp_path / "a.pcap").flows["host"]
    assert len(set(hosts)) == 30 and check(named, hosts) == []
    assert check(named, [*hosts, "other.example"]) == ["1 of 31 hosts aren't named, such as other.example"]
