"""The heart of the report on a terminal: services × proxies, planes in bold above their services, the winner marked."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.report.grid import cell, fitted, grid
from analyzer.report.sources import OUTCOME_NAMES, Cell, Row, Source
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import ProxyLabel, byte_size

WON = "▶"
FAILED = "✗"
LEGEND = f"{WON} won · numbers are requests carried · {FAILED} failed"

WIDE = 120
"""From this many columns on, cells hold shares and bytes too."""

ROOM_FOR_OUTCOME = 100
"""From this many columns on, what came of each row has a column of its own; below, what doesn't work is listed under the table."""

NAME_ROOM = 36
PROXY_ROOM = 15
SURE_ROOM = 8
GUTTER = 2


def matrix(source: Source, width: int) -> Table:
    """One row per plane and service; a column per proxy where they fit, else one for the winner and one for the others."""
    names = max((len(inert(row.label)) + GUTTER for row in source.rows()), default=0)
    needed = min(names, NAME_ROOM) + GUTTER + SURE_ROOM + sum(_column_room(p, width) + GUTTER for p in source.proxies)
    return _by_columns(source, width) if needed <= width else _by_winner(source, width)


def notes(source: Source, verbose: bool = False) -> Iterator[RenderableType]:
    """The legend, then a line for each row that isn't certain, doesn't work or changed: what is so, and why.

    A service for which the same holds as for its plane has no row of its own, unless verbose.
    """
    if source.proxies:
        yield Text(LEGEND, "dim")
    for row in source.rows():
        if row.reason and row.doubtful and (verbose or not source.said_by_its_plane(row)):
            what = ", ".join(filter(None, [row.sure, row.outcome, f"before: {row.before}" if row.before else ""]))
            line = Text.assemble((inert(row.label), "bold"), f" ({inert(what)}): {inert(row.reason)}")
            yield Padding(line, (0, 0, 0, 2), expand=False)


def _by_columns(source: Source, width: int) -> Table:
    room = None if width >= UNWRAPPED else NAME_ROOM
    outcome = width >= ROOM_FOR_OUTCOME
    made = grid("\nService", *(_heading(p, room and PROXY_ROOM) for p in source.proxies), "\nSure", *["\nOutcome"][:outcome])
    for row in source.rows():
        cells = [_cell(c, width >= WIDE, row) for c in row.cells]
        made.add_row(_name(row, room), *cells, _sure_cell(row), *[_outcome_cell(row)][:outcome])
    return made


def _by_winner(source: Source, width: int) -> Table:
    room = max(20, width // 4)
    made = grid("Service", "Winner", "Requests", "Others", "Sure")
    for row in source.rows():
        winner = next((c for c in row.cells if c and c.won), None)
        others = ", ".join(f"{c.proxy.short} {_counts(c)}" for c in row.cells if c and not c.won)
        made.add_row(
            _name(row, room),
            cell(f"{WON} {row.winner}", room + 2, "bold green") if row.winner else Text("none", "red"),
            Text(_counts(winner) if winner else ""),
            cell(others),
            _sure_cell(row),
        )
    return made


def _name(row: Row, room: int | None) -> Text:
    indent = "" if row.is_plane or row.plane is None else "  "
    return Text(indent + fitted(row.label, room and room - len(indent)), _style(row), overflow="fold")


def _style(row: Row) -> str:
    return "bold" if row.is_plane else ""


def _column_room(proxy: ProxyLabel, width: int) -> int:
    return max(min(len(proxy.short), PROXY_ROOM), 24 if width >= WIDE else 9)


def _heading(proxy: ProxyLabel, room: int | None) -> Text:
    """Two lines: name over method; an unnamed proxy's address over its port."""
    if proxy.name:
        return Text(f"{fitted(proxy.name, room)}\n{fitted(proxy.method_name, room)}")
    address, _, port = proxy.proxy.rpartition(":")
    return Text(f"{fitted(address, room)}\n:{fitted(port, room)}")


def _counts(part: Cell) -> str:
    return f"{part.carried:,}" + (f" {FAILED}{part.failed:,}" if part.failed else "")


def _cell(part: Cell | None, wide: bool, row: Row) -> Text:
    if part is None:
        return Text("  ·", "dim")
    extra = f" · {part.percent}% · {byte_size(part.bytes)}" if wide and part.percent is not None else ""
    colour = "green" if part.won else "red" if part.failed and not part.carried else ""
    return Text(f"{WON if part.won else ' '} {_counts(part)}{extra}", f"{_style(row)} {colour}".strip())


def _sure_cell(row: Row) -> Text:
    style = {"certain": "green", "likely": "yellow"}.get(row.confidence or "", "red") if row.winner else "red"
    return Text(inert(row.sure), style)


def _outcome_cell(row: Row) -> Text:
    return Text(inert(row.outcome), "green" if row.outcome == OUTCOME_NAMES["works"] else "red")
