"""Rows on disk: what is written says its form, what is older is read, what is newer or no flow table is refused with one line."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import Unusable
from analyzer.row_files import FORM, FORM_COLUMN, as_type, read_rows, write_rows
from analyzer.tables import FLOW_SCHEMA
from tests.conftest import ROOT
from tests.fleet.fleets import BOTH, rows_of

OLD = ROOT / "tests" / "fleet" / "rows-form-1.parquet"
"""The rows of captures/T2-winhttp-wininet.pcapng as the first edition wrote them."""


def test_what_was_written_is_read_and_every_row_says_its_form(tmp_path: Path) -> None:
    rows = rows_of(BOTH)
    write_rows(rows, tmp_path / "one.parquet")
    found = read_rows(tmp_path / "one.parquet")
    assert (found.table.equals(rows), found.form, found.judged) == (True, FORM, True)
    assert pq.read_table(tmp_path / "one.parquet")[FORM_COLUMN].unique().to_pylist() == [FORM]
    few = read_rows(tmp_path / "one.parquet", ["host", "requests"]).table
    assert few.equals(rows.select(["host", "requests"]))


def test_rows_of_the_first_edition_are_read_what_they_lack_is_null() -> None:
    found = read_rows(OLD)
    assert (found.form, found.judged) == (1, False)
    assert found.table.schema.equals(FLOW_SCHEMA)
    now = rows_of(BOTH)
    assert found.table["id"].to_pylist() == now["id"].to_pylist()
    assert found.table["direct_outcome"].null_count == found.table.num_rows == 46
    hosts = [[request["host"] for request in one] for one in now["requests"].to_pylist()]
    assert [[request["host"] for request in one] for one in found.table["requests"].to_pylist()] == hosts


def test_a_newer_form_is_refused(tmp_path: Path) -> None:
    rows = rows_of(BOTH)
    form = pa.array([FORM + 1] * rows.num_rows, pa.int32())
    pq.write_table(rows.append_column(FORM_COLUMN, form), tmp_path / "new.parquet")
    with pytest.raises(Unusable, match=f"form {FORM + 1}.*update whichproxy"):
        read_rows(tmp_path / "new.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet at all", None])
def test_what_is_no_flow_table_is_told_with_its_path(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.parquet"
    if content is None:
        pq.write_table(pa.table({"a": [1]}), path)
    else:
        path.write_bytes(content)
    with pytest.raises(Unusable) as caught:
        read_rows(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_lists_and_structs_keep_what_is_missing_and_where_they_begin() -> None:
    old = pa.list_(pa.struct([("b", pa.string()), ("gone", pa.int8())]))
    new = pa.list_(pa.struct([("a", pa.int64()), ("b", pa.string())]))
    values = pa.array([[{"b": "x"}], None, [], [{"b": "y"}, None]], old)
    column = as_type(pa.table({"c": values.slice(1)}), pa.field("c", new))
    assert column.to_pylist() == [None, [], [{"a": None, "b": "y"}, None]]
