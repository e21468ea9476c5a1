"""A fleet's history on a terminal: the answer, recent changes, then a line per gateway."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.report.fleet_model import FleetReport, Row, Winner, build_history
from analyzer.report.grid import cell, grid, width_of
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import byte_size
from analyzer.text.words import counted

MOST_FINDINGS: Final = 30
MOST_ROWS: Final = 200
"""Findings and gateways shown on a screen; the JSON has all."""

ROOM_FOR_GATEWAY: Final = 12

SEVERITY: Final = {"problem": "bold red", "warning": "yellow", "info": "dim"}


@dataclass(frozen=True)
class TerminalHistory:
    """A history document that rich can print at any width."""

    document: Mapping[str, Any]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        report = build_history(self.document)
        for number, answer in enumerate(report.answers):
            yield Text(inert(answer), "bold" if not number else "")
        yield Text()
        yield Text(inert(report.title), "bold underline")
        yield from _gateways(report, options.max_width)
        yield from _findings("Lately", report.recent)
        yield from _findings("Before", report.older)
        read = report.read
        yield Text()
        yield Text(
            f"{counted(read['files'], 'file')}, {byte_size(read['bytes'])}, {counted(read['rows'], 'row')},"
            f" {counted(read['days'], 'day')} of gateways; times are the packets'",
            "dim",
        )


def plain_history(document: Mapping[str, Any], width: int = UNWRAPPED) -> str:
    """The same content without colour, for a pipe or a file; lines have no trailing spaces."""
    sink = io.StringIO()
    Console(file=sink, width=width, color_system=None, force_terminal=False, highlight=False).print(TerminalHistory(document), end="")
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _gateways(report: FleetReport, width: int) -> Iterator[RenderableType]:
    made = _table(report, whole=True)
    yield made if width_of(made) <= width else _table(report, whole=False)
    if len(report.rows) > MOST_ROWS:
        yield Text(f"and {counted(len(report.rows) - MOST_ROWS, 'gateway')} more: -o FILE.html or --json has all", "dim")


def _table(report: FleetReport, *, whole: bool) -> Table:
    """whole: with times of day, the proxies' methods and years."""
    made = grid("Gateway", "Last seen", "Sources", *(plane.capitalize() for plane in report.planes), "New", right=("Sources", "New"))
    for column in (*made.columns[:3], made.columns[-1]):
        column.no_wrap = not whole  # on a narrow screen winners may wrap
    for row in report.rows[:MOST_ROWS]:
        made.add_row(
            cell(row.gateway, None if whole else ROOM_FOR_GATEWAY),
            Text(row.last_seen if whole else row.last_seen[:10], "bold red" if row.silent else ""),
            Text(f"{row.sources:,}"),
            *(_winners(row, plane, whole=whole) for plane in report.planes),
            Text(str(row.changed) if row.changed else "·", "yellow" if row.changed else "dim"),
        )
    return made


def _winners(row: Row, plane: str, *, whole: bool) -> Text:
    winners = row.planes.get(plane, ())
    if not winners:
        return Text("·", "dim")
    more = f" +{len(winners) - 1}" if len(winners) > 1 else ""
    name, *since = _winner(winners[0], whole=whole).split("\n")
    return Text("\n".join(map(inert, [name + more, *since])))


def _winner(winner: Winner, *, whole: bool) -> str:
    """`PROX03 (static) since 2026-10-06, works for 3 of 5`; on a narrow screen `PROX03, 3 of 5 work` over `since 10-06`."""
    bad = "" if winner.works == winner.sources else f", works for {winner.works:,} of {winner.sources:,}"
    if whole:
        return f"{winner.label}{f' since {winner.since}' if winner.since else ''}{bad}"
    some = "" if winner.works == winner.sources else f", {winner.works:,} of {winner.sources:,} work"
    return f"{winner.short}{some}{f'{chr(10)}since {winner.since[5:]}' if winner.since else ''}"


def _findings(title: str, findings: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    if not findings:
        return
    yield Text()
    yield Text(title, "bold underline")
    for one in findings[:MOST_FINDINGS]:
        mark = (f"{one['severity']:<8}", SEVERITY[one["severity"]])
        yield Padding(Text.assemble(mark, f" {one['code']}: {inert(one['text'])}"), (0, 0, 0, 1), expand=False)
    if len(findings) > MOST_FINDINGS:
        yield Text(f" and {counted(len(findings) - MOST_FINDINGS, 'finding')} more: -o FILE.html or --json has all", "dim")
