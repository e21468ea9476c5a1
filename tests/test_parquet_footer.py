"""Footers of one-column files put together to one: the file is that which one thread writes, to pyarrow and to others who read it."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer import parquet
from analyzer.parquet_footer import (
    BINARY,
    CHUNK,
    CHUNK_OFFSETS,
    COLUMNS,
    DOUBLE,
    GROUPS,
    LIST,
    OFFSETS,
    STRUCT,
    TRUE,
    Reader,
    Struct,
    encoded,
    split,
)

T = pa.timestamp("ns", "UTC")
ROWS = 1_100_000  # pyarrow begins a row group after 1,048,576


def table(n: int) -> pa.Table:
    """A table with a column of each kind, of which the longest isn't the first."""
    pairs = pa.struct([("kind", pa.string()), ("at", T), ("tags", pa.list_(pa.string()))])
    requests = [[{"kind": "connect", "at": 2**62, "tags": ["a", "b"]}, {"kind": None, "at": None, "tags": []}], None, []]
    columns = {
        "host": pa.array([f"h{i % 7}.example" if i % 5 else None for i in range(n)]),
        "none": pa.nulls(n, pa.string()),
        "requests": pa.array([requests[i % 3] for i in range(n)], pa.list_(pairs)),
        "first_seen": pa.array([i * 1_000_003 for i in range(n)], T),
        "ech": pa.array([None, True, False] * n, pa.bool_()).slice(0, n),
        "id": pa.array([f"{i * 2654435761 % 2**64:016x}" for i in range(n)]),
    }
    made = pa.table(columns)
    return made.cast(pa.schema([field.with_metadata({"meaning": f"of {field.name}"}) for field in made.schema]))


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MIN_ROWS_TO_SHARE", 1)


def as_file(path: Path, rows: pa.Table, workers: int) -> Path:
    path.write_bytes(b"".join(parquet.parquet(rows, workers)))
    return path


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("rows", [table(3_000), table(1), table(3_000).slice(7, 100), pa.concat_tables([table(20), table(30)])])
def test_a_file_by_several_threads_is_that_of_one(rows: pa.Table, tmp_path: Path) -> None:
    one, several = (as_file(tmp_path / f"{n}.parquet", rows, n) for n in (1, 3))
    assert pq.read_table(several).equals(pq.read_table(one), check_metadata=True) and pq.read_table(several).to_pylist() == rows.to_pylist()
    assert pq.read_metadata(several).to_dict() == pq.read_metadata(one).to_dict()  # where each page begins, and what is known of it
    assert several.read_bytes() == one.read_bytes()


@pytest.mark.usefixtures("shared")
def test_row_groups_stay_what_they_are(tmp_path: Path) -> None:
    numbers = pa.array(np.arange(ROWS, dtype=np.int32) // 1000)
    rows = pa.table({"a": numbers, "host": pa.nulls(ROWS, pa.string()), "b": numbers})
    one, several = (as_file(tmp_path / f"{n}.parquet", rows, n) for n in (1, 2))
    metadata = pq.read_metadata(several)
    assert (metadata.num_row_groups, metadata.num_rows) == (2, ROWS)
    assert pq.ParquetFile(several).read_row_group(1, ["b"])["b"][-1].as_py() == (ROWS - 1) // 1000
    assert pq.read_table(several).equals(pq.read_table(one))


@pytest.mark.usefixtures("shared")
def test_indexes_and_filters_of_a_column_are_found_where_they_lie_now(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = parquet.how_written
    more = {"write_page_index": True, "write_statistics": True, "bloom_filter_options": {"id": {"ndv": 100}}}
    monkeypatch.setattr(parquet, "how_written", lambda schema: usual(schema) | (more if schema.names == ["id"] else {}))
    rows = table(2_000)
    alone = parquet.written(rows.select(["id"]), store_schema=False)
    whole = memoryview(b"".join(parquet.parquet(rows, 2)))
    before, after = (offsets(split(file)[1]) for file in (alone, whole))
    assert {(CHUNK, 14), (4,), (6,)} <= set(before) <= set(after)
    assert [alone[before[at] :][:16] for at in before] == [whole[after[at] :][:16] for at in before]
    assert pq.read_table(pa.BufferReader(whole)).equals(rows)


def offsets(footer: Struct) -> dict[tuple[int, ...], int]:
    """Where what belongs to the last column begins, by the fields that say so."""
    column = footer[GROUPS][1][1][0][COLUMNS][1][1][-1]
    found = {(field,): column[field][1] for field in CHUNK_OFFSETS if field in column}
    found |= {(CHUNK, field): column[CHUNK][1][field][1] for field in OFFSETS if field in column[CHUNK][1]}
    return {at: offset for at, offset in found.items() if offset}


@pytest.mark.usefixtures("shared")
def test_others_read_what_pyarrow_reads(tmp_path: Path) -> None:
    path = as_file(tmp_path / "t.parquet", table(2_000), 2)
    plain = pq.read_table(path).drop_columns(["requests"])
    relation = duckdb.sql(f"from '{path}'")
    assert relation is not None
    assert relation.to_arrow_table().drop_columns(["requests"]).cast(plain.schema).equals(plain)
    assert polars.read_parquet(path).drop("requests").to_dicts() == polars.from_arrow(plain).to_dicts()  # type: ignore[union-attr]
    (found,) = duckdb.execute(f"select count(*) from '{path}', unnest(requests) as t(r) where r.kind = 'connect'").fetchall()
    assert found == (667,)
    (seen,) = duckdb.execute(f"select max(first_seen) from '{path}' where host = 'h1.example'").fetchall()
    assert seen[0].astimezone(UTC) == datetime.fromtimestamp(1996 * 1_000_003 // 1000 / 1e6, UTC)


def test_small_tables_and_one_thread_have_one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    small = table(10)
    assert len(list(parquet.parquet(small))) == len(list(parquet.parquet(small.select([])))) == 1
    monkeypatch.setattr(parquet, "MIN_ROWS_TO_SHARE", 1)
    assert len(list(parquet.parquet(small, 1))) == len(list(parquet.parquet(small.select(["id"])))) == 1
    assert len(list(parquet.parquet(small))) == 2 + small.num_columns


def test_a_structure_comes_back_as_it_was() -> None:
    inner = {1: (6, -1), 2: (6, 2**63 - 1), 3: (5, -(2**31)), 40: (BINARY, b"x" * 200), 300: (TRUE, True), 301: (TRUE, False)}
    whole = {
        1: (LIST, (STRUCT, [inner, {}])),
        2: (LIST, (5, list(range(-20, 20)))),
        3: (LIST, (TRUE, [1, 2])),
        4: (DOUBLE, struct.pack("<d", 0.1)),
        5: (3, 200),
        6: (STRUCT, inner),
        7: (LIST, (BINARY, [])),
    }
    read = Reader(memoryview(encoded(whole))).struct()
    assert encoded(read) == encoded(whole) and read[2] == whole[2] and read[4] == whole[4] and read[6][1][300][1] is True
    with pytest.raises(ValueError, match="type 11"):
        Reader(memoryview(bytes([0x1B, 0]))).struct()


def test_pyarrows_footers_come_back_byte_for_byte() -> None:
    file = parquet.written(table(500))
    pages, footer = split(file)
    assert encoded(footer) == bytes(file[4 + len(pages) : -8])
