"""The stages' benchmarks: both sides give the same answer, and a wrong one is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.capture.block import BLOCK_FRAMES
from tests.benchmarks.build_capture import build
from tests.benchmarks.kernels import Contest, contests
from tests.benchmarks.run import Bench, bench_kernels


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DIR", str(tmp_path_factory.mktemp("bench")))
        return build("sample").capture


@pytest.fixture(scope="module")
def all_contests(small: Path) -> list[Contest]:
    """Of a few blocks, and fewer for the twin: what both answer doesn't depend on how much it is."""
    return contests(small, 4 << 20, 256 << 10)


def test_each_stage_and_its_peer_give_one_answer(all_contests: list[Contest]) -> None:
    for contest in all_contests:
        (_, ours), (_, theirs) = contest.ours(), contest.theirs()
        assert ours == theirs, contest.stage
        assert ours, contest.stage
    frames, _ = all_contests[0].ours()[1]  # type: ignore[misc]
    assert frames > BLOCK_FRAMES


def test_a_wrong_answer_is_reported(small: Path, all_contests: list[Contest], monkeypatch: pytest.MonkeyPatch) -> None:
    found = all_contests[0]
    monkeypatch.setattr("tests.benchmarks.run.build", lambda name: type("Built", (), {"capture": small}))
    monkeypatch.setattr("tests.benchmarks.run.contests", lambda capture: [found._replace(theirs=lambda: (0.1, (0, 0)))])
    bench = Bench(1)
    bench_kernels(bench)
    assert bench.wrong == ["frames: dpkt gives another answer"]
