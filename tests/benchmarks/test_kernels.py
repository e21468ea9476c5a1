"""The stages' benchmarks: both sides give the same answer, and a wrong one is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.build_capture import build
from tests.benchmarks.kernels import contests
from tests.benchmarks.run import Bench, bench_kernels


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DIR", str(tmp_path_factory.mktemp("bench")))
        return build("sample").capture


def test_each_stage_and_its_peer_give_one_answer(small: Path) -> None:
    for contest in contests(small):
        (_, ours), (_, theirs) = contest.ours(), contest.theirs()
        assert ours == theirs, contest.stage
        assert ours, contest.stage


def test_a_wrong_answer_is_told(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = contests(small)[0]
    monkeypatch.setattr("tests.benchmarks.run.build", lambda name: type("Built", (), {"capture": small}))
    monkeypatch.setattr("tests.benchmarks.run.contests", lambda capture: [found._replace(theirs=lambda: (0.1, (0, 0)))])
    bench = Bench(1)
    bench_kernels(bench)
    assert bench.wrong == ["frames: dpkt gives another answer"]
