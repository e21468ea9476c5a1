"""The report's main table on a terminal: services × proxies, planes in bold above their services, the winner marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.report.grid import cell, fitted, grid, width_of
from analyzer.report.sources import OUTCOME_NAMES, Cell, Row, Source
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import ProxyLabel, byte_size, shortest_unique

WON = "▶"
FAILED = "✗"
LEGEND = f"{WON} won · numbers are requests carried · {FAILED} failed"

NAME_ROOM = 36
LEAST_NAME_ROOM = 20
PROXY_ROOM = 15


def matrix(source: Source, width: int) -> Table:
    """One row per plane and service; a column per proxy where they fit, else one for the winner and one for the others.

    On a narrow screen, shares and bytes are dropped first, then the beginnings of addresses (the answer has them in full), then the middles
    of services' names, and last the outcomes: failures are also listed below the table.
    """
    if width >= UNWRAPPED:
        return _by_columns(source, None, {}, shares=True, outcome=True)
    brief = shortest_unique([proxy.proxy for proxy in source.proxies if not proxy.name])
    whole = [(True, {}, NAME_ROOM), (False, {}, NAME_ROOM), (False, brief, NAME_ROOM)]
    narrow = [(False, short, room) for room in (30, 26, 22) for short in ({}, brief)]
    ways = [*((*way, True) for way in (*whole, *narrow)), (False, {}, NAME_ROOM, False), (False, brief, NAME_ROOM, False)]
    for shares, short, room, outcome in ways:
        made = _by_columns(source, room, short, shares=shares, outcome=outcome)
        if width_of(made) <= width:
            return made
    for room in range(NAME_ROOM, LEAST_NAME_ROOM, -1):
        for outcome in (True, False):
            made = _by_winner(source, room, width, outcome=outcome)
            if width_of(made) <= width:
                return made
    return _by_winner(source, LEAST_NAME_ROOM, width, outcome=False)


def notes(source: Source, verbose: bool = False) -> Iterator[RenderableType]:
    """The legend, then a line for each row that isn't certain, doesn't work or changed, with the reason.

    Unless verbose, a service with the same result as its plane gets no line of its own.
    """
    if source.proxies:
        yield Text(LEGEND, "dim")
    for row in source.rows():
        if row.reason and row.doubtful and (verbose or not source.same_as_plane(row)):
            what = ", ".join(filter(None, [row.sure, row.outcome, f"before: {row.before}" if row.before else ""]))
            line = Text.assemble((inert(row.label), "bold"), f" ({inert(what)}): {inert(row.reason)}")
            yield Padding(line, (0, 0, 0, 2), expand=False)


def _by_columns(source: Source, room: int | None, brief: Mapping[str, str], *, shares: bool, outcome: bool) -> Table:
    """room: maximum width of a name; None: no limit. brief: short forms of addresses."""
    above = "\n" if source.proxies else ""
    headings = [_heading(proxy, room and PROXY_ROOM, brief) for proxy in source.proxies]
    made = grid(f"{above}Service", *headings, f"{above}Sure", *[f"{above}Outcome"][:outcome])
    for row in source.rows():
        cells = [_cell(c, shares, row) for c in row.cells]
        made.add_row(_name(row, room), *cells, _sure_cell(row), *[_outcome_cell(row)][:outcome])
    return made


def _by_winner(source: Source, room: int, width: int, *, outcome: bool) -> Table:
    rows = list(source.rows())
    others = [", ".join(f"{c.proxy.short} {_counts(c)}" for c in row.cells if c and not c.won) for row in rows]
    columns = ["Service", "Winner", "Requests", *["Others"][: any(others)], "Sure", *["Outcome"][:outcome]]
    made = grid(*columns)
    for column in made.columns:
        column.no_wrap = column.header != Text("Others") and width >= sum(map(len, columns)) + room
    for row, rest in zip(rows, others, strict=True):
        winner = next((c for c in row.cells if c and c.won), None)
        made.add_row(
            _name(row, room),
            cell(f"{WON} {row.winner}", max(LEAST_NAME_ROOM, width // 4) + 2, "bold green") if row.winner else Text("none", "red"),
            Text(_counts(winner) if winner else ""),
            *[cell(rest)][: any(others)],
            _sure_cell(row),
            *[_outcome_cell(row)][:outcome],
        )
    return made


def _name(row: Row, room: int | None) -> Text:
    indent = "" if row.is_plane or row.plane is None else "  "
    return Text(indent + fitted(row.label, room and room - len(indent)), _style(row), overflow="fold")


def _style(row: Row) -> str:
    return "bold" if row.is_plane else ""


def _heading(proxy: ProxyLabel, room: int | None, brief: Mapping[str, str]) -> Text:
    """Two lines: name over method; for a proxy without a name, address over port."""
    if proxy.name:
        return Text(f"{fitted(proxy.name, room)}\n{fitted(proxy.method_name, room)}")
    address, _, port = proxy.proxy.rpartition(":")
    if proxy.proxy in brief:
        address = brief[proxy.proxy].removesuffix(f":{port}")
    return Text(f"{fitted(address, room)}\n:{fitted(port, room)}")


def _counts(part: Cell) -> str:
    return f"{part.carried:,}" + (f" {FAILED}{part.failed:,}" if part.failed else "")


def _cell(part: Cell | None, shares: bool, row: Row) -> Text:
    if part is None:
        return Text("  ·", "dim")
    extra = f" · {part.percent}% · {byte_size(part.bytes)}" if shares and part.percent is not None else ""
    colour = "green" if part.won else "red" if part.failed and not part.carried else ""
    return Text(f"{WON if part.won else ' '} {_counts(part)}{extra}", f"{_style(row)} {colour}".strip())


def _sure_cell(row: Row) -> Text:
    style = {"certain": "green", "likely": "yellow"}.get(row.confidence or "", "red") if row.winner else "red"
    return Text(inert(row.sure), style)


def _outcome_cell(row: Row) -> Text:
    return Text(inert(row.outcome), "green" if row.outcome == OUTCOME_NAMES["works"] else "red")
