"""The suffix says how a report is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.report.files import check_report_path, check_study_path, write_report
from analyzer.report.ipynb import Invocation
from tests.report import scenes
from tests.report.verdicts import fifth_test


def test_each_suffix_has_its_form(tmp_path: Path) -> None:
    scene = scenes.article()
    for name in ("a.md", "b.JSON", "c.html", "d.htm", "e.ipynb"):
        check_report_path(tmp_path / name)
        write_report(tmp_path / name, fifth_test(), scene.flows, Invocation(("a.pcapng",)))
    assert (tmp_path / "a.md").read_text(encoding="utf-8").startswith("# Which proxy won")
    assert json.loads((tmp_path / "b.JSON").read_text(encoding="utf-8")) == fifth_test()
    assert (tmp_path / "c.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "c.html").read_bytes() == (tmp_path / "d.htm").read_bytes()
    assert json.loads((tmp_path / "e.ipynb").read_text(encoding="utf-8"))["nbformat"] == 4


@pytest.mark.parametrize(("name", "what"), [("a.pdf", r"as \.pdf"), ("a", "without")])
def test_other_suffixes_are_refused(name: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=what) as refused:
        check_report_path(tmp_path / name)
    assert refused.value.remedy == "use .html, .md, .json or .ipynb"


def test_a_notebook_needs_names_to_read(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="have no name"):
        write_report(tmp_path / "a.ipynb", fifth_test(), scenes.article().flows)
    with pytest.raises(Unusable, match="standard input again"):
        check_report_path(tmp_path / "a.ipynb", ["-"])
    with pytest.raises(Unusable, match="a study isn't written as a notebook"):
        check_study_path(tmp_path / "a.ipynb")
