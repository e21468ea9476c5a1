"""The study on a terminal, whole, at the widths people have."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from analyzer.report.study_terminal import TerminalStudy, plain_study
from tests.report.studies import article, hostile_study


@pytest.mark.parametrize("width", [80, 200])
def test_golden(width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"study-{width}.txt", plain_study(article(), width))


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    for document in (article(), hostile_study()):
        assert max(len(line) for line in plain_study(document, width).splitlines()) <= width


def test_colour_changes_no_letter() -> None:
    sink = StringIO()
    Console(file=sink, width=80, force_terminal=True, color_system="truecolor", highlight=False).print(TerminalStudy(article()))
    assert "\x1b[" in sink.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sink.getvalue())
    assert [line.rstrip() for line in plain.splitlines()] == plain_study(article(), 80).splitlines()


def test_hostile_strings_are_only_letters() -> None:
    text = plain_study(hostile_study())
    assert not set(text) & {"\x1b", "\u202e", "\r", "\u2066"} and "\\x1b[31m[red]" in text


def test_what_did_not_hold_is_marked() -> None:
    document = article()
    document["tests"][0]["expectations"][0] |= {"held": False, "text": "expected otherwise"}
    assert "✗ expected otherwise" in plain_study(document)
