"""The common style of all tables on a terminal, and the only function that puts captured text into a cell."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from analyzer.text.inert import UNWRAPPED, inert, shorten

GAP = 2
"""Columns between two cells."""

LEAST_NAME = 12
"""The least number of characters kept of a name, however narrow the screen."""


def fitted(text: str | None, room: int | None) -> str:
    """The inert text, shortened in the middle to `room` characters; in full where room is None."""
    shown = inert(text or "")
    return shown if room is None else shorten(shown, room)


def cell(text: str | None, room: int | None = None, style: str = "") -> Text:
    """Captured text as a table cell: rich.Text, so that nothing in it is read as markup."""
    return Text(fitted(text, room), style, overflow="fold")


def grid(*columns: str | Text, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in `right` hold numbers."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        heading = Text(column) if isinstance(column, str) else column
        made.add_column(heading, justify="right" if column in right else "left", overflow="fold")
    return made


def filled(columns: Sequence[str], rows: Iterable[Sequence[Text]], width: int, right: Sequence[str] = (), name: str = "") -> Table:
    """A table of these rows without its empty columns.

    name   the column whose texts are shortened in the middle to the remaining width; "": none
    """
    every = list(rows)
    kept = [at for at in range(len(columns)) if at == 0 or any(row[at].plain for row in every)]
    if name in columns and width < UNWRAPPED:
        at = columns.index(name)
        others = [max(len(columns[k]), *(row[k].cell_len for row in every)) + GAP for k in kept if k != at] if every else []
        room = max(LEAST_NAME, width - sum(others))
        every = [
            [Text(shorten(text.plain, room), text.style, overflow="fold") if k == at else text for k, text in enumerate(row)]
            for row in every
        ]
    made = grid(*(columns[at] for at in kept), right=right)
    for row in every:
        made.add_row(*(row[at] for at in kept))
    return made


@cache
def _paper() -> Console:
    return Console(file=io.StringIO(), width=UNWRAPPED, color_system=None)


def width_of(content: RenderableType) -> int:
    """Width of the content without wrapping."""
    return Measurement.get(_paper(), _paper().options, content).maximum
