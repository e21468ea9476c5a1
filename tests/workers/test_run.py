"""However many workers read a folder, flows and verdict are those of one pass, in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.capture.inputs import open_inputs
from analyzer.pipeline import Reading, judge
from analyzer.reading import read
from analyzer.workers.executor import Here
from analyzer.workers.plan import runs_of
from analyzer.workers.run import between, join_parts, read_run, read_runs
from analyzer.workers.shared import read_shared_out
from tests.build import pcap
from tests.engine import knowledge
from tests.parts.rotated import files_of, talks
from tests.pieces import Whole, differences


def shared_out(paths: Sequence[Path], run_bytes: int, monkeypatch: pytest.MonkeyPatch) -> Reading:
    """As analyzer.read with workers, all in this process."""
    from contextlib import nullcontext

    executor = Here()
    executor.workers = 4
    monkeypatch.setattr("analyzer.workers.shared.executor_of", lambda *_: nullcontext(executor))
    found = open_inputs([str(path) for path in paths])
    reading = read_shared_out(found, *knowledge(), (None, None), 4, None, None, digests=True, run_bytes=run_bytes)
    assert reading is not None
    return reading


def same(one: Reading, other: Reading) -> None:
    assert differences(one.flows, other.flows) == []
    assert one.lookups is not None and one.lookups.equals(other.lookups)
    assert without_time(judge(one)) == without_time(judge(other))


def without_time(verdict: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in verdict.items() if key != "made_by"}


def single_pass(paths: Sequence[Path]) -> Reading:
    topology, catalogue = knowledge()
    return read([str(path) for path in paths], topology=topology, catalogue=catalogue)


def test_files_of_one_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files_of(talks(0, 30), 24, tmp_path, "ring")
    sources = open_inputs(list(map(str, paths))).sources
    runs = runs_of(sources, 2, run_bytes=1000)
    assert len(runs) == 4 and not any(run.again for run in runs)
    same(shared_out(paths, 1000, monkeypatch), single_pass(paths))


def test_three_gateways_side_by_side_and_a_proxy_known_from_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [path for gw in range(3) for path in files_of(talks(gw, 20, answered=gw == 1), 9 + gw, tmp_path / f"gw{gw}", "ring")]
    sources = open_inputs(list(map(str, paths))).sources
    assert any(run.again for run in runs_of(sources, 2, run_bytes=1000))
    reading = shared_out(paths, 1000, monkeypatch)
    same(reading, single_pass(paths))
    assert set(reading.flows["route"].to_pylist()) == {"proxy"}


def test_files_that_only_look_like_a_rotation_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two capture points' files under names that differ by a number: their ends aren't where the next one begins."""
    frames = talks(0, 20)
    paths = [tmp_path / f"point-{i}.pcap" for i in range(4)]
    for i, path in enumerate(paths):
        path.write_bytes(pcap(frames[i::4], nanosecond=True))
    same(shared_out(paths, 1000, monkeypatch), single_pass(paths))


def test_damage_and_digests_are_those_of_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [path for gw in range(2) for path in files_of(talks(gw, 12), 6, tmp_path / f"gw{gw}", "ring")]
    for path in paths[::3]:
        path.write_bytes(path.read_bytes()[:-5])
    reading, expected = shared_out(paths, 1000, monkeypatch), single_pass(paths)
    assert reading.captures == expected.captures
    assert any(one["damage"] for one in reading.captures)


def test_parts_of_workers_are_joined_and_come_in_the_order_that_was_asked(tmp_path: Path) -> None:
    paths = files_of(talks(0, 6), 4, tmp_path, "ring")
    sources = open_inputs([str(path) for path in reversed(paths)]).sources
    runs = runs_of(sources, 1, run_bytes=1000)
    whole = read_runs(runs, Here(), [source.name for source in sources])
    assert whole.names == tuple(str(path) for path in reversed(paths))
    assert join_parts([read_run(run) for run in runs])


def test_packets_of_a_moment_are_those_from_there_on_by_a_clock_that_never_goes_back() -> None:
    whole = Whole(pcap([(10, b"x" * 40), (30, b"x" * 40), (20, b"x" * 40), (40, b"x" * 40)], nanosecond=True))
    early = [block.frames["ts_ns"].tolist() for block in between(whole.frames(0, 4), 1, None, 25)]
    late = [block.frames["ts_ns"].tolist() for block in between(whole.frames(0, 4), 1, 25, None)]
    assert (early, late) == ([[10]], [[30, 20, 40]])
    assert np.concatenate([b.frames["ts_ns"] for b in between(whole.frames(0, 4), 1, None, None)]).tolist() == [10, 30, 20, 40]
