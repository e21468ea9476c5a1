"""Rows on disk as pandas, DuckDB and a proxy that is met late find them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from analyzer.engine import Limits
from analyzer.errors import Unusable
from analyzer.jobs import carry
from analyzer.jobs.analyst import Analyst
from analyzer.jobs.evidence import by_date, part_number, read_all, seen_in
from analyzer.jobs.run import begin
from analyzer.jobs.store import Store
from analyzer.tables import FLOW_SCHEMA
from tests.build import Conversation, pcap
from tests.cli.conftest import tunnel
from tests.engine import reading
from tests.jobs.rings import a_job, analyse_all, frames_as_ring, one_run, rows, write_rings
from tests.pieces import Whole, differences

DAY = 86_400 * 10**9


def later(frames: list[tuple[int, bytes]], by_ns: int) -> list[tuple[int, bytes]]:
    return [(ts + by_ns, data) for ts, data in frames]


def test_pandas_reads_it_as_it_is_by_gateway_and_date(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    one_run(job, [*tunnel().frames, *later(tunnel(number=1).frames, DAY)])
    frame = pd.read_parquet(job.results / "flows")
    assert frame["gateway"].tolist() == ["gw1", "gw1"]
    assert frame["date"].tolist() == ["2023-11-14", "2023-11-15"]
    assert frame["id"].is_unique and set(FLOW_SCHEMA.names) < set(frame.columns)


def test_a_row_that_goes_on_over_many_files_is_one_and_lies_where_it_began(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    frames = tunnel().frames
    frames = [*frames[:4], *later(frames[4:], DAY)]
    write_rings(job, Whole(pcap(frames, nanosecond=True)), 5)
    analyse_all(job)
    (path,) = (job.results / "flows").rglob("*.parquet")
    assert path.parent.name == "date=2023-11-14"
    assert rows(job).num_rows == 1 and len(rows(job)["captures"][0].as_py()) == 5


def test_a_proxy_that_is_met_late_changes_rows_that_were_written_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file's conversations leave memory at once; the first ones never got an answer from what turns out to be a proxy."""
    monkeypatch.setattr(carry.Counted.__init__, "__defaults__", (Limits(conversations=1, finished=0),))
    job = a_job(tmp_path)
    silent = [Conversation(client=("172.16.11.92", 40_000 + i), server=("172.16.12.10", 3128)).handshake().frames[:1] for i in range(4)]
    silent = [later(frames, i * 10**9) for i, frames in enumerate(silent)]
    begin(Store(job.results))
    for i, frames in enumerate([*silent, later(tunnel().frames, 60 * 10**9), later(tunnel(number=9).frames, 61 * 10**9)], 1):
        frames_as_ring(job, frames, i)
        analyse_all(job)
    everything = [str(path) for path in sorted(job.packets.iterdir())]
    expected = reading(*everything).flows
    assert expected["route"].to_pylist() == ["proxy"] * 6
    found = rows(job)
    assert sum(part_number(path) is not None for path in (job.results / "flows").rglob("*.parquet")) >= 4
    names = ["capture", "captures"]
    assert differences(expected.drop_columns(names), found.drop_columns(names)) == []


def test_rows_are_kept_when_what_they_go_on_from_is_lost(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    one_run(job, tunnel().frames)
    before = rows(job)
    store = Store(job.results)
    carried = store.state_file("carried")
    assert carried is not None
    carried.write_bytes(b"broken")
    (said,) = Analyst(job, Store(job.results)).warnings
    assert "begin anew, and their rows so far are kept" in said
    one_run(job, later(tunnel(number=1).frames, 10**9))
    assert rows(job).num_rows == 2 and rows(job).slice(0, 1).equals(before)


def test_small_things(tmp_path: Path) -> None:
    assert [part_number(Path(name)) for name in ("part-00000007-2.parquet", "open.parquet", "part-x.parquet")] == [7, None, None]
    table = pa.table({"captures": pa.array([["a", "b"], [], ["c"]], pa.list_(pa.string()))})
    assert seen_in(table, pa.array(["b", "c"])).to_pylist() == [True, False, True]
    assert list(by_date(FLOW_SCHEMA.empty_table())) == []
    with pytest.raises(Unusable, match="no rows yet"):
        read_all(tmp_path)
