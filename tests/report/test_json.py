"""The report as JSON."""

from __future__ import annotations

import json

import pytest

from analyzer.report.json import to_json
from tests.report.verdicts import fifth_test, hostile


@pytest.mark.parametrize("verdict", [fifth_test(), hostile()], ids=["fifth", "hostile"])
def test_it_reads_back_as_the_same_document_in_the_same_order(verdict: dict[str, object]) -> None:
    text = to_json(verdict)
    assert json.loads(text) == verdict
    assert list(json.loads(text)) == list(verdict)
    assert to_json(json.loads(text)) == text


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
