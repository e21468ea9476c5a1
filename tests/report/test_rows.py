"""JSON lines and CSV of the flow table, against the standard library's readers."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.report import rows
from analyzer.report.rows import csv_lines, json_lines
from analyzer.tables import FLOW_SCHEMA, TIME
from analyzer.text.inert import csv_cell
from analyzer.text.times import rfc3339, rfc3339_column
from tests.report.flow_rows import NOON_NS, flow, table
from tests.report.verdicts import HOSTILE

NULLS = dict.fromkeys(FLOW_SCHEMA.names) | {"id": "1"}


def objects(flows: pa.Table) -> list[dict[str, Any]]:
    return [json.loads(line) for line in b"".join(json_lines(flows)).splitlines()]


def cells(flows: pa.Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(csv_lines(flows)).decode("utf-8"))))


def expected(value: Any, kind: pa.DataType) -> Any:
    """The plain-Python twin: one value as json.loads would give it back."""
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        return rfc3339(value)
    if pa.types.is_list(kind):
        return [expected(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: expected(value.get(field.name), field.type) for field in kind}
    return value


TEXT = st.none() | st.text(max_size=12)
TIMES = st.none() | st.integers(0, 2**62)
REQUESTS = st.fixed_dictionaries(
    {"kind": TEXT, "host": TEXT, "port": st.none() | st.integers(0, 65535), "path": TEXT, "status": st.none(), "first_seen": TIMES}
)
ROWS = st.fixed_dictionaries(
    {
        "id": TEXT,
        "host": TEXT,
        "sni": TEXT,
        "captures": st.none() | st.lists(TEXT, max_size=3),
        "alpn": st.none() | st.lists(TEXT, max_size=3),
        "requests": st.none() | st.lists(st.none() | REQUESTS, max_size=3),
        "first_seen": TIMES,
        "bytes_out": st.none() | st.integers(0, 2**62),
        "ech": st.none() | st.booleans(),
    }
)


@settings(deadline=None)
@given(st.lists(ROWS, max_size=6), st.integers(0, 3))
def test_every_row_is_what_json_would_have_written(drawn: list[dict[str, Any]], skipped: int) -> None:
    made = [NULLS | row for row in drawn]
    wanted = [{field.name: expected(row[field.name], field.type) for field in FLOW_SCHEMA} for row in made]
    assert objects(table(*made).slice(skipped)) == wanted[skipped:]


@settings(deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_every_cell_is_safe_and_says_the_same(drawn: list[dict[str, Any]]) -> None:
    made = [NULLS | row for row in drawn]
    found = cells(table(*made))
    assert len(found) == len(made)
    for row, cell in zip(made, found, strict=True):
        assert cell["host"] == csv_cell(row["host"] or "")
        assert cell["first_seen"] == ("" if row["first_seen"] is None else rfc3339(row["first_seen"]))
        assert (json.loads(cell["alpn"]) if cell["alpn"] else None) == row["alpn"]
        assert cell["bytes_out"] == ("" if row["bytes_out"] is None else str(row["bytes_out"]))


def test_keys_are_the_tables_in_order_and_missing_is_null() -> None:
    (row,) = objects(table(NULLS))
    assert list(row) == FLOW_SCHEMA.names
    assert [name for name, value in row.items() if value is not None] == ["id"]


def test_times_have_nine_digits_and_z() -> None:
    (row,) = objects(table(flow(3)))
    assert row["first_seen"] == "2024-05-01T12:00:03.000000000Z"
    assert row["last_seen"] == "2024-05-01T12:00:03.500000001Z"
    assert row["requests"][0]["first_seen"] == "2024-05-01T12:00:03.000000000Z"
    assert rfc3339_column(pa.array([-1, None, NOON_NS], TIME)).to_pylist() == [
        "1969-12-31T23:59:59.999999999Z",
        None,
        "2024-05-01T12:00:00.000000000Z",
    ]


def test_hostile_text_is_inert_in_json_and_reads_back_whole() -> None:
    flows = table(flow(user_agent=HOSTILE, sni="a\x7f\x9b\u2028"))
    written = b"".join(json_lines(flows))
    assert set(written) <= set(range(0x20, 0x7F)) | {0x0A}
    assert objects(flows)[0]["user_agent"] == HOSTILE


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = cells(table(flow(user_agent=start, http_host=start)))
    assert row["user_agent"].startswith("'")
    assert row["http_host"].startswith("'")


def test_lists_in_csv_are_json_text() -> None:
    (row,) = cells(table(flow(alpn=["h2", 'x"y'], captures=["a.pcap", "b,c.pcap"])))
    assert json.loads(row["alpn"]) == ["h2", 'x"y']
    assert json.loads(row["captures"]) == ["a.pcap", "b,c.pcap"]
    assert json.loads(row["requests"])[0]["kind"] == "connect"


def test_an_empty_table_is_a_heading_or_nothing() -> None:
    assert b"".join(json_lines(table())) == b""
    assert b"".join(csv_lines(table())).decode() == ",".join(FLOW_SCHEMA.names) + "\n"


def test_more_rows_than_are_joined_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = table(*[flow(n) for n in range(7)])
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 3)
    assert [row["id"] for row in objects(flows)] == flows.column("id").to_pylist()
    assert [row["id"] for row in cells(flows)] == flows.column("id").to_pylist()
