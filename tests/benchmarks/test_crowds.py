"""The benchmark of many sources measures what its name promises, and reports a wrong verdict."""

from __future__ import annotations

import json
from pathlib import Path

import analyzer
from analyzer.report.json import to_json
from tests.benchmarks.crowds import check, write


def test_every_tunnel_of_a_flood_is_named_and_the_forged_addresses_are_counted(tmp_path: Path) -> None:
    expected = write(tmp_path / "a.pcap", 40, 1_500, seconds=30)
    document = json.loads(to_json(analyzer.read(tmp_path / "a.pcap").verdict.to_dict()))
    assert len(expected) == 40 and check(document, expected, 1_500) == []
    (told,) = check(document, expected | {"10.99.0.1"}, 1_500)
    assert told.startswith("1 of 41 tunnels aren't named")
    document["sources"].append({"client_ip": "40.0.0.1", "services": []})
    assert check(document, expected, 1_500)[0].startswith("1 of 1500 strangers are listed")
