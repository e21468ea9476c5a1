"""Cells of captured text."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from analyzer.report.grid import cell, filled, fitted, grid, width_of


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


def test_columns_in_which_nothing_stands_are_left_out_and_a_long_name_gets_the_room_that_is_left() -> None:
    rows = [[Text("10.0.0.1"), Text(), Text("a-host-with-a-long-name.example"), Text("7")], [Text("10.0.0.2"), Text(), Text(), Text("12")]]
    made = filled(("Server", "Service", "Host", "Flows"), rows, 40, right=("Flows",), name="Host")
    assert [str(column.header) for column in made.columns] == ["Server", "Host", "Flows"] and width_of(made) == 40
    whole = filled(("Server", "Service", "Host", "Flows"), rows, 80, name="Host")
    assert "a-host-with-a-long-name.example" in [str(text) for text in whole.columns[1].cells]
