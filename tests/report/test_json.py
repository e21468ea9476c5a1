"""The report as JSON."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from analyzer.report.json import to_json
from tests.report.verdicts import fifth_test, hostile


@pytest.mark.parametrize("verdict", [fifth_test(), hostile()], ids=["fifth", "hostile"])
def test_it_reads_back_as_the_same_document_in_the_same_order(verdict: dict[str, object]) -> None:
    text = to_json(verdict)
    assert json.loads(text) == verdict
    assert list(json.loads(text)) == list(verdict)
    assert to_json(json.loads(text)) == text


def test_each_row_of_a_list_has_a_line_of_its_own() -> None:
    verdict = fifth_test()
    lines = to_json(verdict).splitlines()
    for name in ("sources", "findings", "proxies", "captures"):
        at = lines.index(f' "{name}": [') + 1
        rows = [json.loads(line.rstrip(",")) for line in lines[at : at + len(verdict[name])]]
        assert rows == verdict[name] and lines[at + len(rows)] in (" ]", " ],")
    at = lines.index(' "direct": {') + 1
    assert lines[at].startswith('  "allowed": [') and lines[-1] == "}"


@pytest.mark.parametrize("document", [{}, {"a": []}, {"a": {}}, {"a": {"b": [{}]}}, {"a": [{"b": [{"c": [1]}]}]}, {"a": [1, {"b": 2}]}])
def test_it_reads_back_whatever_its_shape(document: dict[str, object]) -> None:
    assert json.loads(to_json(document)) == document
    assert json.loads(to_json(MappingProxyType(document))) == document


def test_pairs_of_surrogates_are_characters_and_lone_ones_are_bytes() -> None:
    text = {"a": "\U0001f600", "b": "x\udcffy", "c": "\\ud800"}
    assert json.loads(to_json({"rows": [text]}))["rows"] == [{**text, "b": r"x\xffy"}]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_rows_have_in_common_is_written_as_what_is_only_equal(place: int) -> None:
    common = [{"service": "é", "through": []}, {"service": "b"}]
    keys = ["own", "also"]
    keys.insert(place, "common")
    rows = [{key: common if key == "common" else [n, key] for key in keys} for n in range(6)] + [{"common": [{"x": 1}]}, {"own": []}, {}]
    apart = json.loads(json.dumps(rows))
    assert apart == rows and apart[0]["common"] is not apart[1]["common"]
    assert to_json({"rows": rows}) == to_json({"rows": apart}) and json.loads(to_json({"rows": rows}))["rows"] == rows


def test_it_is_printable_ascii() -> None:
    text = to_json(hostile())
    assert set(text) <= {chr(c) for c in range(0x20, 0x7F)} | {"\n"}
    assert text.endswith("}\n")


def test_an_undecodable_file_name_is_shown_by_its_bytes() -> None:
    assert json.loads(to_json({"path": b"caf\xe9.pcap".decode("utf-8", "surrogateescape")})) == {"path": r"caf\xe9.pcap"}


def test_delete_is_escaped_too() -> None:
    assert "\x7f" not in to_json({"host": "a\x7fb"})


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        to_json({"share": float("nan")})
