"""A report on stdout: plain where it is piped, as wide as COLUMNS says, in colour on a terminal."""

from __future__ import annotations

import pytest
from rich.text import Text

from analyzer.cli.show import show
from analyzer.text.inert import UNWRAPPED


@pytest.mark.parametrize(("columns", "width"), [("100", 100), ("0", UNWRAPPED), ("", UNWRAPPED), ("wide", UNWRAPPED)])
def test_piped_it_is_plain_and_as_wide_as_asked(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    show(Text("in colour", "red"), lambda given: f"{given}\n")
    assert capsys.readouterr().out == f"{width}\n"


def test_on_a_terminal_it_is_in_colour(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show(Text("in colour", "red"), lambda given: "plain\n")
    assert capsys.readouterr().out == "\x1b[31min colour\x1b[0m\n"
