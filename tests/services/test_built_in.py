"""The built-in catalogue, made ahead: the same rows as catalogue.toml's, and never those of another text."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from analyzer.services.built_in import FILE, built_in, write

ROWS = tomllib.loads(FILE.read_text(encoding="utf-8"))
SHA256 = hashlib.sha256(FILE.read_bytes()).hexdigest()


def test_what_is_made_ahead_has_the_same_rows(tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    write(made)
    assert built_in(made) == built_in(tmp_path / "absent.json") == built_in() == (ROWS, SHA256)
    kept = json.loads(made.read_text(encoding="utf-8"))
    kept["rows"]["as_of"] = "1999-01-01"
    made.write_text(json.dumps(kept), encoding="utf-8")
    assert built_in(made)[0]["as_of"] == "1999-01-01"  # it is what is read


@pytest.mark.parametrize("found", ["", "{", '{"crc32": 1, "sha256": "x", "rows": {}}'])
def test_what_is_damaged_or_of_another_text_is_left_alone(found: str, tmp_path: Path) -> None:
    made = tmp_path / "made.json"
    made.write_text(found, encoding="utf-8")
    assert built_in(made) == (ROWS, SHA256)
