"""The benchmarks' captures agree with their truth, as the slow twin reads them, and are the same wherever they are built."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.benchmarks.build_capture import PROXIES, Built, build
from tests.benchmarks.lengths import beginning_of
from tests.benchmarks.session import differences
from tests.reference import flows_of


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Built:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DIR", str(tmp_path_factory.mktemp("bench")))
        return build("sample")


def as_table(path: Path, names: list[str]) -> pa.Table:
    rows = flows_of(path)
    return pa.table({name: [row[name] for row in rows] for name in names})


def test_the_slow_twin_finds_the_truth(sample: Built) -> None:
    truth = pq.read_table(sample.truth)
    assert differences(as_table(sample.capture, truth.column_names), truth) == []


def test_a_wrong_answer_is_told_apart(sample: Built) -> None:
    truth = pq.read_table(sample.truth)
    answer = truth.set_column(truth.column_names.index("requests"), "requests", pa.array([[0] * n for n in truth["requests"].to_pylist()]))
    assert differences(answer, truth) == []
    snis = answer["sni"].to_pylist()
    wrong = next(n for n, sni in enumerate(snis) if sni)
    snis[wrong] = None
    assert differences(answer.set_column(answer.column_names.index("sni"), "sni", pa.array(snis)), truth)[0].startswith("sni: 1 flows")
    assert differences(answer.slice(1), truth) == [f"{truth.num_rows - 1} flows instead of {truth.num_rows}"]


def test_every_kind_of_flow_is_there(sample: Built) -> None:
    truth = pq.read_table(sample.truth)
    assert pc.sum(pc.equal(truth["request"], "connect")).as_py() == 200
    assert set(PROXIES.values()) <= set(truth["server_ip"].to_pylist())
    assert set(truth["request"].to_pylist()) == {"connect", "absolute", None}
    assert set(truth["state"].to_pylist()) == {"closed", "no-answer", "refused"}
    assert set(truth["requests"].to_pylist()) == {0, 1, 2}
    randoms = [value for value in truth["client_random"].to_pylist() if value]
    assert len(set(randoms)) == len(randoms)


def test_the_same_bytes_anywhere(sample: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    again = build("sample")
    assert again.capture != sample.capture
    assert again.capture.read_bytes() == sample.capture.read_bytes()


def test_half_is_cut_between_packets(sample: Built) -> None:
    whole, half = sample.capture.read_bytes(), beginning_of(sample, sample.capture.stat().st_size // 2).read_bytes()
    assert whole.startswith(half)
    assert len(whole) / 2 <= len(half) < len(whole) / 2 + 1600
    following = int.from_bytes(whole[len(half) + 8 : len(half) + 12], "little")
    assert 60 <= following <= 1514
