"""A study on a terminal: the results of all tests side by side, then each test with evidence and expectations."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.report.grid import cell, grid
from analyzer.report.study_model import StudyReport, TestRow, build_study
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.words import counted

HELD, UNHELD = "✓", "✗"
STATUS_STYLE = {"as documented": "green", "differs": "bold yellow", "not shown": "dim"}
LIVE_STYLE = {"success": "green", "timeout": "red", "none": "dim"}


@dataclass(frozen=True)
class TerminalStudy:
    """A study document that rich can print at any width."""

    document: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        study = build_study(self.document)
        yield Text(inert(study.title), "bold")
        yield Text(inert(study.conclusion), _held_style(study.held))
        yield Text()
        yield _summary(study)
        for test in study.tests:
            yield from _test(test)


def plain_study(document: Mapping[str, Any], width: int = UNWRAPPED) -> str:
    """The same content without colour, for a pipe or a file; lines have no trailing spaces."""
    sink = io.StringIO()
    Console(file=sink, width=width, color_system=None, force_terminal=False, highlight=False).print(TerminalStudy(document), end="")
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _held_style(held: bool | None) -> str:
    return {True: "green", False: "red", None: ""}[held]


def _summary(study: StudyReport) -> Table:
    """Tests × planes."""
    made = grid("", "Test", *(plane.capitalize() for plane in study.planes), "Live\nresponse", "Held", right=("",))
    for column in made.columns:
        column.no_wrap = column.header != Text("Test")  # only titles may wrap
    for test in study.tests:
        made.add_row(
            Text(str(test.number), "dim"),
            cell(test.title),
            *(cell(plane.text, None, "red" if plane.text == "none" else "") if plane.text else Text("·", "dim") for plane in test.planes),
            Text(test.live_response, LIVE_STYLE.get(test.live_response, "")),
            Text(test.held, _held_style(test.all_held)),
        )
    return made


def _test(test: TestRow) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble((f"{test.number}  ", "dim"), (inert(test.title), "bold underline"))
    yield _indented(Text(inert(test.setup), "dim"))
    yield _indented(Text(inert(test.conclusion)))
    for order in test.orders:
        if order.status != "not shown":
            status = (order.status, STATUS_STYLE.get(order.status, ""))
            number = (f"  {counted(len(order.flows), 'flow')}", "dim")
            yield _indented(Text.assemble(status, f"  {inert(order.plane)}: {inert(order.text)}", number))
    for kind, text, flows in test.notes:
        if kind in ("blocked", "client analyzer"):
            yield _indented(Text.assemble((kind, "cyan"), f"  {inert(text)}", (f"  {counted(len(flows), 'flow')}" if flows else "", "dim")))
    for line in test.expectations:
        mark, style = (HELD, "green") if line.held else (UNHELD, "red")
        yield _indented(Text.assemble((f"{mark} ", style), (inert(line.text), "" if line.held else "red")))


def _indented(content: RenderableType, by: int = 3) -> Padding:
    return Padding(content, (0, 0, 0, by), expand=False)
