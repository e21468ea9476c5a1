"""Study files that can't be read at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.studies.plan import load_plan
from tests.studies.laboratory import CATALOGUE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe[", "not UTF-8 text at byte 0; save the study as UTF-8"),
        (b"test = [", "not valid TOML: .*; a study is a list of"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_study_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(Unusable, match=said):
        load_plan(path, CATALOGUE)
