"""Study files that can't be read at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.studies.file import load_plan
from tests.studies.laboratory import CATALOGUE


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"test = [")
    with pytest.raises(Unusable, match=r"not valid TOML: .*; a study is a list of"):
        load_plan(path, CATALOGUE)
