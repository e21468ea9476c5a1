"""The process that reads for a benchmark reads."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq

from tests.benchmarks.measure import Reader
from tests.conftest import ROOT

T1 = ROOT / "captures" / "T1-winhttp.pcapng"


def test_a_reader_gives_seconds_and_the_table(tmp_path: Path) -> None:
    reader = Reader(sorted(os.sched_getaffinity(0))[:1])
    kept = tmp_path / "table.parquet"
    assert reader.read(T1, kept) > 0 and reader.read(T1) > 0
    reader.close()
    assert pq.read_table(kept).num_rows > 10
