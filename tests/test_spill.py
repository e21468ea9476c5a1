"""Tables come back from the file as they were, whatever they hold, and stay in memory where nothing can be written."""

from __future__ import annotations

import errno
import io
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer import spill
from analyzer.pipeline import OF_ROUTES, OF_SERVICES
from analyzer.reading import read
from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from analyzer.services.tag import tag_flows
from analyzer.spill import Spill, filled_by_ranges, with_columns_spilled
from tests.build import messy_capture
from tests.conftest import ROOT
from tests.pieces import Whole

CATALOGUE = load_catalogue()
FLOWS = Whole(messy_capture(5)).named().flows
TABLES = [
    FLOWS,
    FLOWS[2:5],
    FLOWS[:0],
    pa.table({"nothing": pa.nulls(3, pa.string()), "lists": pa.array([[], None, ["a", None]], pa.list_(pa.string()))}),
    pa.table({"nothing": pa.nulls(3, pa.list_(pa.string())), "times": pa.nulls(3, pa.timestamp("ns", "UTC"))}),
    pa.table({"chunks": pa.chunked_array([[1, None], [], [3]], pa.int32())}),
    pa.table({}),
]


@pytest.mark.parametrize("most", [None, 0, FLOWS.nbytes, 1 << 30])
def test_tables_come_back_as_they_were(most: int | None) -> None:
    kept = Spill(most)
    assert [kept.put(table) for table in TABLES] == list(range(len(TABLES)))
    found = kept.tables()
    assert kept.in_file == (most is not None and most < 1 << 30)
    for table, again in zip(TABLES, found, strict=True):
        again.validate(full=True)
        assert again.equals(table, check_metadata=True)


def test_what_lies_in_a_file_takes_no_memory_of_arrow() -> None:
    table = pa.table({"a": pa.array([f"text {i}" for i in range(10_000)])})
    before = pa.total_allocated_bytes()
    kept = Spill(0)
    kept.put(table)
    (again,) = kept.tables()
    assert pa.total_allocated_bytes() - before < 10_000 < table.nbytes
    del table
    assert again["a"][9_999].as_py() == "text 9999"


def test_threads_put_tables_side_by_side() -> None:
    tables = [pa.table({"n": pa.array(range(i, i + 1_000))}) for i in range(40)]
    kept = Spill(20_000)
    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(kept.put, tables))
    found = kept.tables()
    assert sorted(numbers) == list(range(40)) and kept.in_file
    assert all(found[number].equals(table) for number, table in zip(numbers, tables, strict=True))


class Full(io.BytesIO):
    """A file on a disk that is full after so many bytes."""

    room = 0

    def write(self, data: Any) -> int:
        if self.tell() + len(memoryview(data).cast("B")) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_no_folder_to_write_to_means_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spill, "folder", lambda: tmp_path / "none")
    kept = Spill(0)
    for table in TABLES:
        kept.put(table)
    assert not kept.in_file
    assert all(again.equals(table) for table, again in zip(TABLES, kept.tables(), strict=True))


def test_a_disk_that_becomes_full_takes_what_went_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was half written is cut off; later tables don't try again."""
    written = spill.write

    def write(table: pa.Table, file: Any) -> Any:
        if file.tell() > 3_000:
            full = Full(b"x" * 3_000)
            full.seek(0, io.SEEK_END)
            full.room = 3_500
            with pytest.raises(OSError, match="No space"):
                written(table, full)
            assert len(full.getvalue()) == 3_000
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(table, file)

    monkeypatch.setattr(spill, "write", write)
    tables = [pa.table({"n": pa.array(range(i, i + 100))}) for i in range(9)]
    kept = Spill(0)
    for table in tables:
        kept.put(table)
    assert kept.in_file
    assert all(again.equals(table) for table, again in zip(tables, kept.tables(), strict=True))


def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    kept = Spill(0)
    kept.put(FLOWS)
    assert kept.in_file and not list(tmp_path.iterdir())
    assert kept.tables()[0].equals(FLOWS)


def test_large_files_go_where_the_user_says_else_to_a_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(spill, "ON_DISK", tmp_path)
    assert spill.folder() == tmp_path
    monkeypatch.setattr(spill, "ON_DISK", tmp_path / "none")
    assert spill.folder() is None
    monkeypatch.setattr(spill, "ON_DISK", tmp_path)
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert spill.folder() is None


@pytest.mark.parametrize("names", [OF_ROUTES, OF_SERVICES])
def test_columns_of_a_large_table_go_to_a_file(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_columns_spilled(FLOWS, names) is FLOWS
    monkeypatch.setattr(spill, "MAX_MEMORY_BYTES", 0)
    found = with_columns_spilled(FLOWS, names)
    assert found.equals(FLOWS, check_metadata=True) and all(column.num_chunks == 1 for column in found.columns)


@pytest.mark.parametrize("rows", [1, 3, 1_000])
def test_rows_of_a_large_table_are_worked_on_some_at_a_time(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = ROOT / "captures" / "T5-all-three.pcapng"
    flows = read([str(capture)], topology=Topology(), catalogue=CATALOGUE, digests=False).flows
    routed = route_flows(flows, Topology())
    tagged = tag_flows(routed, CATALOGUE)
    monkeypatch.setattr(spill, "MAX_MEMORY_BYTES", 0)
    monkeypatch.setattr(spill, "ROWS_AT_ONCE", rows)
    seen: list[int] = []

    def fill(some: pa.Table) -> pa.Table:
        seen.append(len(some))
        return tag_flows(some, CATALOGUE)

    found = filled_by_ranges(routed, OF_SERVICES, fill)
    assert found.equals(tagged, check_metadata=True) and all(column.num_chunks == 1 for column in found.columns)
    assert max(seen) == min(rows, len(flows)) and sum(seen) == len(flows)
    assert len(found["requests"].combine_chunks().flatten()) > 0
