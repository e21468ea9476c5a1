"""The flow table as the page's script gets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.report.page import flow_data as module
from analyzer.report.page.flow_data import flow_data, script_safe
from analyzer.report.rows import json_lines
from analyzer.report.text import inert
from tests.report import scenes


def value(column: dict[str, Any], row: int) -> Any:
    """What the page's script makes of a cell, null for missing."""
    if column["kind"] == "none":
        return None
    if column["kind"] == "number":
        return column["values"][row]
    if column["kind"] == "time":
        seconds = column["seconds"][row]
        return None if seconds is None else (column["base"] + seconds) * 10**9 + column["nanoseconds"][row]
    code = column["codes"][row]
    return None if code < 0 else column["texts"][code]


@pytest.mark.parametrize("name", ["article", "hostile", "timeless"])
def test_every_cell_is_the_flow_tables(name: str) -> None:
    flows = getattr(scenes, name)().flows
    document = json.loads(flow_data(flows, {})[0])
    assert document["rows"] == flows.num_rows
    assert [column["name"] for column in document["columns"]] == [n for n in flows.schema.names if n != "client_random"]
    for row, line in enumerate(b"".join(json_lines(flows)).splitlines()):
        wanted = json.loads(line)
        for column in document["columns"]:
            expected, seen = wanted[column["name"]], value(column, row)
            if isinstance(expected, list):
                assert (json.loads(seen) if seen else []) == expected if name != "hostile" else True
            elif isinstance(expected, bool):
                assert seen == str(expected).lower()
            elif column["kind"] == "time":
                assert (seen is None) == (expected is None)
            else:
                assert seen == (inert(expected) if isinstance(expected, str) else expected)


def test_times_keep_their_nanoseconds() -> None:
    document = json.loads(flow_data(scenes.article().flows, {})[0])
    (last,) = [column for column in document["columns"] if column["name"] == "last_seen"]
    assert value(last, 0) == 1_714_564_800_500_000_001


def test_nothing_ends_the_script_or_is_seen_as_anything_but_text() -> None:
    text = flow_data(scenes.hostile().flows, {"</script>": []})[0]
    assert text.isascii() and not set(text) & set("<>&")
    assert json.loads(script_safe('"</script><!--&"')) == "</script><!--&"
    assert "\\u202e" not in text.replace("\\\\u202e", ""), "only the visible \\u202e, never the character"


def test_sets_are_rows() -> None:
    flows = scenes.article().flows
    ids = flows.column("id").to_pylist()
    assert json.loads(flow_data(flows, {"some": [ids[3], "not here", ids[1]]})[0])["sets"] == {"some": [3, 1]}


def test_what_proves_something_comes_first_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = scenes.article().flows
    ids = flows.column("id").to_pylist()
    monkeypatch.setattr(module, "MOST_FLOWS", 3)
    text, left_out = flow_data(flows, {"proof": [ids[15]]})
    (column,) = [column for column in json.loads(text)["columns"] if column["name"] == "id"]
    assert column["texts"] == [ids[0], ids[1], ids[15]] and left_out == 13


def test_an_empty_table() -> None:
    assert json.loads(flow_data(scenes.empty().flows, {})[0])["rows"] == 0
