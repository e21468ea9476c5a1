"""The benchmark of translated flows makes the copies it counts, and reports a copy that isn't recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from tests.benchmarks import crowds
from tests.benchmarks.translated import apart, check, rows_of, translated


def test_every_side_of_a_translation_is_a_copy_and_flows_apart_are_none(tmp_path: Path) -> None:
    crowds.write(tmp_path / "a.pcap", 12, seconds=30)
    flows = rows_of(tmp_path / "a.pcap")
    assert flows.num_rows == 12
    for sides in (2, 5):
        routed = route_flows(translated(flows, sides), Topology())
        assert check(routed, sides) == []
        assert routed["same_as"].null_count == 12
        others = route_flows(apart(flows, sides), Topology())
        assert others.num_rows == 12 * sides == others["same_as"].null_count
    missed = check(others, 5)
    assert missed == ["48 of 60 flows on 5 sides aren't what they are copies of"]


@pytest.mark.parametrize("sides", [2, 5])
def test_sides_come_in_order_of_time(tmp_path: Path, sides: int) -> None:
    crowds.write(tmp_path / "a.pcap", 3, seconds=30)
    made = translated(rows_of(tmp_path / "a.pcap"), sides)
    times = made["first_seen"].to_pylist()
    assert times == sorted(times)
    assert len(set(made["client_ip"].to_pylist())) == 3 + sides - 1
