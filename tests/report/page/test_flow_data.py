"""The flow table as the page's script gets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analyzer.report.page.flow_data import KEPT_OF_MANY, flow_data, script_safe
from analyzer.report.rows import json_lines
from analyzer.text.inert import inert
from analyzer.text.times import shown_in, zone_of
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
    code = row if column["codes"] is None else column["codes"][row]
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


def columns_of(text: str) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in json.loads(text)["columns"]}


def test_what_proves_something_comes_first_where_there_is_no_room() -> None:
    flows = scenes.fifty_thousand().flows
    ids = flows.column("id").to_pylist()
    proof = ids[100:200] + ids[49_000:49_100]
    whole = flow_data(flows, {})
    assert (whole.left_out, whole.brief) == (0, False)
    some = flow_data(flows, {"proof": proof}, 200_000, {ids[-1]})
    assert len(some.text) <= 200_000 and some.brief
    kept = columns_of(some.text)["id"]["texts"]
    assert len(kept) == 50_000 - some.left_out > 1000 and {*proof, ids[-1]} <= set(kept)
    assert kept == [flow for flow in ids if flow in set(kept)], "in the table's order"
    assert {"first_seen", "host", "proxy", "first_frame", "client_port"} <= set(columns_of(some.text)) <= KEPT_OF_MANY


def test_columns_go_before_flows_do() -> None:
    flows = scenes.fifty_thousand().flows.slice(0, 4000)
    brief = flow_data(flows, {}, len(flow_data(flows, {}).text) * 4 // 5)
    assert brief.brief and brief.left_out == 0


def test_a_set_without_room_says_how_many_are_elsewhere() -> None:
    flows = scenes.fifty_thousand().flows
    ids = flows.column("id").to_pylist()
    document = json.loads(flow_data(flows, {"all": ids, "first": ids[:10]}, 300_000, ids[:10]).text)
    assert document["more"] == {"all": 50_000 - document["rows"]} and len(document["sets"]["all"]) == document["rows"]
    assert document["sets"]["first"] == list(range(10))


def test_no_room_at_all() -> None:
    nothing = flow_data(scenes.fifty_thousand().flows, {}, 100)
    assert nothing.left_out == 50_000 and json.loads(nothing.text)["rows"] == 0


def test_the_zone_is_named_with_its_offsets() -> None:
    flows = scenes.article().flows
    assert json.loads(flow_data(flows, {}).text)["zone"] == {"name": "UTC", "offsets": [[1_714_564_800, 0]]}
    with shown_in(zone_of("Europe/Berlin"), "Europe/Berlin"):
        assert json.loads(flow_data(flows, {}).text)["zone"] == {"name": "Europe/Berlin", "offsets": [[1_714_564_800, 7200]]}


def test_an_empty_table() -> None:
    assert json.loads(flow_data(scenes.empty().flows, {})[0])["rows"] == 0
