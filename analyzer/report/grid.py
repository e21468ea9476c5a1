"""The look that every table on a terminal shares, and the one way captured text gets into a cell."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from analyzer.text.inert import inert, shorten


def fitted(text: str | None, room: int | None) -> str:
    """The text made inert, shortened in the middle to `room` characters; whole where room is None."""
    shown = inert(text or "")
    return shown if room is None else shorten(shown, room)


def cell(text: str | None, room: int | None = None, style: str = "") -> Text:
    """A stranger's text as a table cell: rich.Text, so nothing in it is read as markup."""
    return Text(fitted(text, room), style, overflow="fold")


def grid(*columns: str | Text, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in `right` hold numbers."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        heading = Text(column) if isinstance(column, str) else column
        made.add_column(heading, justify="right" if column in right else "left", overflow="fold")
    return made
