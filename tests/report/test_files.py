"""The suffix says how a report is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.report.files import check_report_path, write_report
from tests.report.verdicts import fifth_test


def test_markdown_and_json(tmp_path: Path) -> None:
    for name in ("a.md", "b.JSON"):
        check_report_path(tmp_path / name)
        write_report(tmp_path / name, fifth_test())
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("# Which proxy won")
    assert json.loads((tmp_path / "b.JSON").read_text(encoding="utf-8")) == fifth_test()


@pytest.mark.parametrize(
    ("name", "what"), [("a.html", "HTML report yet"), ("a.ipynb", "notebook yet"), ("a.pdf", r"as \.pdf"), ("a", "without")]
)
def test_other_suffixes_are_refused(name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=what) as refused:
        check_report_path(tmp_path / name)
    assert refused.value.remedy == "use .md or .json"
