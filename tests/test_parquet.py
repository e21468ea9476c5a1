"""Flow tables as Parquet: every column has the encoding that suits it, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.parquet import UNIQUE, WITH_STATISTICS, how_written
from analyzer.tables import FLOW_SCHEMA

T = pa.timestamp("ns", "UTC")


def test_each_column_has_the_encoding_that_suits_it(tmp_path: Path) -> None:
    active = pa.list_(pa.struct([("start", T), ("bytes_out", pa.int64())]))
    texts = pa.string()
    schema = pa.schema([("id", texts), ("host", texts), ("first_seen", T), ("captures", pa.list_(texts)), ("active", active)])
    rows = [
        {"id": "a", "host": "x.example", "first_seen": 1, "captures": ["one"], "active": [{"start": 1, "bytes_out": 2}]},
        {"id": "b", "host": "x.example", "first_seen": 2, "captures": [], "active": None},
    ]
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, tmp_path / "t.parquet", **how_written(schema))
    assert pq.read_table(tmp_path / "t.parquet").equals(table)
    group = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    held = [one.path_in_schema for one in columns if "RLE_DICTIONARY" in one.encodings]
    assert held == ["host", "captures.list.element", "active.list.element.bytes_out"]
    apart = [one.path_in_schema for one in columns if "DELTA_BINARY_PACKED" in one.encodings]
    assert apart == ["first_seen", "active.list.element.start"]
    assert [one.path_in_schema for one in columns if one.statistics is not None] == ["host", "first_seen"]
    assert {one.compression for one in columns} == {"ZSTD"}


def test_every_path_is_one_of_the_file(tmp_path: Path) -> None:
    how = how_written(FLOW_SCHEMA)
    pq.write_table(FLOW_SCHEMA.empty_table(), tmp_path / "t.parquet", **how)
    schema = pq.read_metadata(tmp_path / "t.parquet").schema
    paths = {schema.column(i).path for i in range(len(schema))}
    named = {*how["use_dictionary"], *how["column_encoding"], *how["write_statistics"]}
    assert named < paths and {*UNIQUE, *WITH_STATISTICS} < set(FLOW_SCHEMA.names)


def test_a_table_of_any_columns_can_be_written(tmp_path: Path) -> None:
    for names in ([], ["id"], ["state"], ["last_in"]):
        schema = pa.schema([FLOW_SCHEMA.field(name) for name in names])
        pq.write_table(schema.empty_table(), tmp_path / "t.parquet", **how_written(schema))
        assert pq.read_table(tmp_path / "t.parquet").schema.equals(schema)
