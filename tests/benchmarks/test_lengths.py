"""Other lengths of the benchmark capture have the capture's conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

import analyzer
from tests.benchmarks.build_capture import build
from tests.benchmarks.lengths import APART_S, beginning_of, repeated
from tests.benchmarks.write_frames import FILE_HEADER


def test_each_time_the_same_conversations_are_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    built = build("sample")
    once, twice = (analyzer.read(path).flows for path in (built.capture, repeated(built, 2)))
    assert len(twice) == 2 * len(once)
    assert sorted(twice["bytes_in"]) == sorted([*once["bytes_in"]] * 2)
    assert (twice["last_seen"].max() - once["last_seen"].max()).total_seconds() == APART_S
    part = beginning_of(built, 30_000)
    size = part.stat().st_size
    assert 30_000 <= size < 32_000 and built.capture.read_bytes()[:size] == part.read_bytes() and size > len(FILE_HEADER)
