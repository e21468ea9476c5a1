"""Study files that can't be read at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.studies.plan import load_plan, read_toml
from tests.studies.laboratory import CATALOGUE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[", "not UTF-8 text at byte 0; save it as UTF-8"),
        (b"test = [", "not TOML: .*; mend it there"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_study_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(Unusable, match=said):
        load_plan(path, CATALOGUE)


@pytest.mark.parametrize("path", ["absent.toml", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't be read"):
        read_toml(f"{tmp_path}/{path}")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbftitle = 'x'")
    assert read_toml(path)[1] == {"title": "x"}
