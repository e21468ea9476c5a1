"""The report on a terminal: the answer first, then the evidence, the findings, and the inputs.

On a screen long names are shortened in the middle to fit; in a pipe nothing is shortened or wrapped.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from analyzer.report.grid import cell, filled, grid, width_of
from analyzer.report.matrix import matrix, notes
from analyzer.report.model import BETWEEN, MOST_ANSWERS, Capture, Direct, Group, Leg, PlaneAnswer, Proxy, Report
from analyzer.report.pac import Pac
from analyzer.report.sources import Source
from analyzer.report.terminal_findings import SEVERITY_STYLE, findings_block, flows_named, indented
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import plane_order, some
from analyzer.text.times import zone_name
from analyzer.text.words import counted

MOST_GROUPS = 6
MOST_ROWS = 25
"""Limits for a screen: the rest of a large gateway is counted, and the files have all."""

ROOM_FOR_KINDS = 100
ROOM_FOR_SHA256 = 140


MOST_TO_DO = 3
FIRST, THEN = "first  ", "then   "
TO_DO_LINES = 2
"""Screen lines of a cause above the table; below it, it is shown in full."""

_IN_BRACKETS = re.compile(r" \([^()]*\.[^()]*\)")
"""Matches hosts and addresses in brackets."""


class TerminalReport(NamedTuple):
    """A Report that rich can print at any width. verbose: with flows, reasons, client stacks, and all advice."""

    report: Report
    verbose: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = options.max_width
        report, verbose = self.report, self.verbose
        yield from _answers(report)
        yield from (Text(line, "dim") for line in _filled(report.summary, width))
        yield from _to_do(report, width)
        if len(report.groups) > 1:
            yield from _section("Answers", _groups(report.groups[:MOST_ROWS], width))
            yield from _left_out(len(report.groups) - MOST_ROWS, "answer")
        for group in report.first(MOST_GROUPS):
            shown = group.sources if verbose else group.fullest
            for source in shown:
                yield from _source(source, width, verbose)
            yield from _like_it(group, len(shown))
        if report.proxies:
            yield from _section("Proxies", _proxies(report.proxies[:MOST_ROWS], width))
            yield from _left_out(len(report.proxies) - MOST_ROWS, "proxy", "proxies")
            yield from (Text(inert(sentence), "dim") for sentence in report.shared())
        yield from _legs(report.legs, verbose)
        tables = ("Direct, answered", report.direct_allowed), ("Direct, blocked", report.direct_blocked)
        for title, entries in (*tables, ("Direct, outcome not visible", report.direct_unknown)):
            if entries:
                yield from _section(title, _direct(entries[:MOST_ROWS], width, whose=report.n_sources > 1))
                yield from _left_out(len(entries) - MOST_ROWS, "destination")
        yield from _pac(report.pac, width, verbose)
        findings = report.findings if verbose else report.causes()
        yield from findings_block(findings[:MOST_ROWS], verbose)
        yield from _left_out(len(findings) - MOST_ROWS, "finding")
        yield from _captures(report.captures[:MOST_ROWS], width)
        yield from _left_out(len(report.captures) - MOST_ROWS, "capture")
        yield Text()
        yield Text(inert(report.made_by), "dim")
        if report.propose:
            yield Text(f"Names for the proxies, and what each is for: {report.propose}", "dim")
        if not verbose and report.sources:
            yield Text("-v: flows, reasons, how clients talk; -o report.html: pictures and every flow", "dim")


def plain_text(report: Report, width: int = UNWRAPPED, verbose: bool = False) -> str:
    """The same content without colour, for a pipe or a file; lines have no trailing spaces."""
    sink = io.StringIO()
    console = Console(file=sink, width=width, color_system=None, force_terminal=False, highlight=False)
    console.print(TerminalReport(report, verbose), end="")
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _room(width: int, least: int, part: int) -> int | None:
    """Maximum width of a name: a fraction of the screen; None where there is no screen."""
    return None if width >= UNWRAPPED else max(least, width // part)


def _answers(report: Report) -> Iterator[Text]:
    """A sentence per group."""
    if not report.groups:
        yield from (Text(inert(answer), "bold") for answer in report.answers)
    for group in report.first(MOST_ANSWERS):
        yield Text.assemble((f"{inert(group.who)}: ", "bold"), inert(group.answer))
    yield from _rest(report.rest(MOST_ANSWERS))


def _to_do(report: Report, width: int) -> Iterator[RenderableType]:
    """The causes of harm, a few lines each."""
    harmful = report.to_do()
    if not harmful:
        return
    yield Text()
    yield Text("What to do", "bold underline")
    for place, finding in enumerate(harmful[:MOST_TO_DO]):
        style = SEVERITY_STYLE.get(finding.severity, "")
        more = f" ({finding.more})" if finding.alike else ""
        order = "" if len(harmful) == 1 else THEN if place else FIRST
        room = len(order) + len(finding.severity) + 2
        yield Text.assemble((order, "bold"), (inert(finding.severity), style), "  ", _brief(finding.text, width, room), more)
        for one in finding.led_to[:1]:
            yield indented(Text.assemble("therefore ", _brief(one.text, width, len("therefore ") + 2)))
        if finding.advice:
            yield indented(Text.assemble(("→ ", "green"), inert(finding.advice)))
    left = len(harmful) - MOST_TO_DO
    if left > 0:
        yield Text(f"… and {left:,} more below", "dim")


def _brief(text: str, width: int, used: int) -> str:
    """The part of the text that fits its lines, without hosts in brackets where it is too long; in full where there is no screen."""
    shown = inert(text)
    room = max(TO_DO_LINES * width - used - width // 8, 20)  # an eighth is lost by wrapping
    if width >= UNWRAPPED or len(shown) <= room:
        return shown
    shown = _IN_BRACKETS.sub("", shown)
    if len(shown) <= room:
        return shown
    part = shown[:room]
    end = max(part.rfind("; "), part.rfind(" ("))  # the end of a clause, unless that is too early
    return f"{(part[:end] if end > room // 2 else part.rpartition(' ')[0]).rstrip(' ,;:')} …"


def _filled(text: str, width: int) -> Iterator[str]:
    """The text in lines that break between its parts."""
    line = ""
    for part in filter(None, text.split(BETWEEN)):
        longer = f"{line}{BETWEEN}{part}" if line else part
        if line and len(longer) > width:
            yield line
            longer = part
        line = longer
    if line:
        yield line


def _groups(groups: Sequence[Group], width: int) -> Table:
    """Groups and their planes: the proxy of each, and its failures."""
    whole = _groups_table(groups, width, brief=False)
    return whole if width_of(whole) <= width else _groups_table(groups, width, brief=True)


def _groups_table(groups: Sequence[Group], width: int, *, brief: bool) -> Table:
    planes = sorted({answer.plane for group in groups for answer in group.planes}, key=plane_order)
    made = grid("Sources", *map(inert, planes))
    room = _room(width, 16, 4)
    for group in groups:
        answers = {answer.plane: answer for answer in group.planes}
        who = cell(group.named[0], room, "bold") if group.n == 1 else Text(counted(group.n, "source"), "bold")
        made.add_row(who, *(_plane_cell(answers.get(plane), brief=brief) for plane in planes))
    return made


def _plane_cell(answer: PlaneAnswer | None, *, brief: bool) -> Text:
    if answer is None:
        return Text("·", "dim")
    return cell(answer.brief if brief else answer.text, None, "green" if answer.fine else "red")


def _like_it(group: Group, shown: int) -> Iterator[RenderableType]:
    """The other sources with the answer of the sources above."""
    others = group.n - shown
    if others and any(source.services or source.planes for source in group.sources):
        yield Text(f"{counted(others, 'more source')} with this answer; all: {inert(group.names(8))}", "dim")


def _left_out(number: int, what: str, many: str | None = None) -> Iterator[Text]:
    if number > 0:
        yield Text(f"… and {counted(number, f'more {what}', many and f'more {many}')}: -o report.md and --json have all", "dim")


def _rest(what: str) -> Iterator[Text]:
    if what:
        yield Text(f"… and {what}: -o report.md and --json have all", "dim")


def _section(title: str, content: RenderableType) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, "bold underline")
    yield content


def _source(source: Source, width: int, verbose: bool) -> Iterator[RenderableType]:
    if source.services or source.planes:
        yield from _section(inert(source.label), matrix(source, width))
        yield from notes(source, verbose)
    if source.required:
        yield Text(inert(source.required_summary if verbose else source.required_counts))
    if source.device and (verbose or not source.device.startswith("Standard")):
        yield Text(inert(source.device))
    if source.processes:
        yield Text()
        yield Text("Processes, as the capture names them", "bold")
        for sentence in source.processes:
            yield indented(Text(inert(sentence)))
    if source.precedence and verbose:
        yield Text()
        yield Text("Precedence", "bold")
        for statement in source.precedence:
            yield indented(Text(inert(statement.sentence)))
            yield indented(flows_named(statement.evidence), 4)
    if source.talk and verbose:
        yield Text()
        yield Text("How it talks", "bold")
        for sentence in source.talk:
            yield indented(Text(inert(sentence)))


def _legs(legs: Sequence[Leg], verbose: bool) -> Iterator[RenderableType]:
    if not legs:
        return
    yield Text()
    yield Text("Behind the proxies", "bold underline")
    shown = [leg for leg in legs if verbose or leg.hello != "same"]
    for leg in shown[:MOST_ROWS]:
        style = {"other": "bold red", "same": "green"}.get(leg.hello or "", "")
        yield indented(Text(inert(leg.statement), style))
        if verbose:
            yield indented(Text(f"{leg.times}; {leg.bytes}" if leg.times else leg.bytes, "dim"), 4)
            yield indented(Text.assemble(flows_named(leg.flows), (", behind the proxy ", "dim"), flows_named(leg.origin_flows)), 4)
    yield from _left_out(len(shown) - MOST_ROWS, "statement")
    unopened = sum(len(leg.flows) for leg in legs) - sum(len(leg.flows) for leg in shown)
    if unopened:
        more = "more " if shown else ""
        yield Text(f"  {counted(unopened, f'{more}tunnel')} passed on without looking inside: -v lists them", "dim")


def _proxies(proxies: Sequence[Proxy], width: int) -> Table:
    kinds = width >= ROOM_FOR_KINDS
    columns = ["Proxy", "Name", "Method", *["Asked by"][:kinds], "Sources", "Requests", "Failed", "Inspected"]
    inspection = any(p.inspected is not None or p.likely for p in proxies)
    rows = [
        [
            cell(proxy.label.proxy, _room(width, 21, 4)),
            cell(proxy.label.name, _room(width, 12, 7)),
            cell(proxy.label.method_name),
            *[cell(", ".join(proxy.kinds), _room(width, 26, 5))][:kinds],
            Text(f"{proxy.sources:,}"),
            Text(f"{proxy.requests:,}"),
            Text(f"{proxy.failed:,}", "red" if proxy.failed else ""),
            _inspects(proxy) if inspection else Text(),
        ]
        for proxy in proxies
    ]
    return filled(columns, rows, width, right=("Sources", "Requests", "Failed"))


def _inspects(proxy: Proxy) -> Text:
    return Text(proxy.inspects, "bold red" if proxy.inspected else "red" if proxy.likely else "dim" if proxy.inspected is None else "green")


def _direct(entries: Sequence[Direct], width: int, *, whose: bool) -> Table:
    """whose: whether there are several sources, so that each row names its own."""
    rows = [
        [
            cell(entry.server, _room(width, 25, 4)),
            cell(entry.host),
            cell(entry.service, _room(width, 16, 5)),
            cell(entry.state),
            Text(f"{len(entry.flows):,}"),
            cell(entry.source if whose else "", _room(width, 16, 5)),
        ]
        for entry in entries
    ]
    return filled(("Server", "Host", "Service", "State", "Flows", "Source"), rows, width, right=("Flows",), name="Host")


def _pac(rows: Sequence[Pac], width: int, verbose: bool) -> Iterator[RenderableType]:
    """PAC files' results compared with the traffic; hosts that weren't requested are only counted, unless verbose."""
    if not rows:
        return
    shown = [row for row in rows if verbose or row.state != "not asked"][:MOST_ROWS]
    made = grid("Host", "PAC file returns", "Asked", "", "Source")
    for row in shown:
        style = {"differs": "bold red", "as configured": "green"}.get(row.state, "dim")
        state = Text(row.state or "unknown", style)
        made.add_row(
            cell(row.host, _room(width, 60, 3)),
            cell(row.returns, _room(width, 60, 3)),
            cell(row.asked, _room(width, 40, 5)),
            state,
            cell(row.who, _room(width, 26, 6)),
        )
    files = list(dict.fromkeys(inert(row.file) for row in rows))
    yield from _section(f"PAC file {some(files, 3)}", made)
    left = len({row.host for row in rows} - {row.host for row in shown})
    if left:
        yield Text(f"… and {counted(left, 'host')} that {'was' if left == 1 else 'were'} not asked for: -v shows them", "dim")


def _captures(captures: Sequence[Capture], width: int) -> Iterator[RenderableType]:
    if captures:
        sha256 = width >= ROOM_FOR_SHA256
        columns = ("Capture", "Packets", f"Seen ({zone_name()})", "SHA-256")
        rows = [[cell(c.path), Text(f"{c.packets:,}"), cell(c.when), cell(c.sha256 if sha256 else "")] for c in captures]
        yield from _section("Read", filled(columns, rows, width, right=("Packets",), name="Capture"))
