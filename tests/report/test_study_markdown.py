"""The study as Markdown: everything is there, and captured text stays text."""

from __future__ import annotations

import itertools

from analyzer.report.study_markdown import study_markdown
from tests.report.studies import article, hostile_study


def test_each_test_has_its_parts_in_order() -> None:
    text = study_markdown(article())
    assert text.startswith("# Which proxy wins for Microsoft Defender for Endpoint\n")
    for part in text.split("\n## ")[1:]:
        heads = [line for line in part.splitlines() if line.startswith("### ")]
        assert heads == ["### Over time", "### Live response", "### Documented order and what was seen", "### Evidence"]
    assert "| sensor | as documented | static over WinHTTP and WinINET |" in text
    assert "backlog-flush" in text and text.count("\n# ") == 0


def test_tables_keep_their_columns() -> None:
    for document in (article(), hostile_study()):
        lines = study_markdown(document).split("\n")
        for head, rule in itertools.pairwise(lines):
            if rule.startswith("| ---"):
                assert head.count(" | ") == rule.count(" | ")


def test_hostile_strings_stay_text() -> None:
    text = study_markdown(hostile_study())
    assert "<script" not in text and "\x1b" not in text and "[l](http" not in text
