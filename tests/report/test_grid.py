"""Cells of captured text."""

from __future__ import annotations

from rich.console import Console

from analyzer.report.grid import cell, fitted, grid


def test_fitted() -> None:
    assert fitted(None, 5) == ""
    assert fitted("abcdefghij", 5) == "ab…ij"
    assert fitted("abcdefghij", None) == "abcdefghij"
    assert fitted("\x1b", None) == r"\x1b"


def test_markup_in_a_cell_is_text() -> None:
    console = Console(width=60, file=None, color_system=None)
    made = grid("[b]Name[/b]", "Number", right=("Number",))
    made.add_row(cell("[red]x[/red] :smile:"), cell("1"))
    with console.capture() as capture:
        console.print(made)
    lines = capture.get().splitlines()
    assert lines[0].startswith("[b]Name[/b]")
    assert lines[2].startswith("[red]x[/red] :smile:") and lines[2].endswith("1")
