"""The report on a terminal: the answer first, then what it rests on, what is odd, and what was read.

On a screen long names are shortened in the middle to fit; piped, nothing is shortened and nothing is wrapped.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.report.causes import SEVERITIES, Finding
from analyzer.report.grid import cell, grid
from analyzer.report.matrix import matrix, notes
from analyzer.report.model import MOST_ANSWERS, Capture, Direct, Group, Leg, PlaneAnswer, Proxy, Report
from analyzer.report.pac import Pac
from analyzer.report.sources import Source
from analyzer.text.inert import UNWRAPPED, inert
from analyzer.text.labels import plane_order, some
from analyzer.text.times import zone_name
from analyzer.text.words import counted

SEVERITY_STYLE = {"problem": "bold red", "warning": "yellow", "info": "cyan"}
FLOWS_NAMED = 3

MOST_GROUPS = 6
MOST_ROWS = 25
"""A screen is for reading: what a large gateway has beyond these is counted, and is whole in the files."""

ROOM_FOR_KINDS = 100
ROOM_FOR_SHA256 = 140


MOST_TO_DO = 3
TO_DO_LINES = 2
"""Lines of a screen that a cause, and what to do about it, take above the table; below it they stand whole."""


@dataclass(frozen=True)
class TerminalReport:
    """A Report that rich can print at any width. verbose: with flows, reasons, how clients talk, and every piece of advice."""

    report: Report
    verbose: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width = options.max_width
        report, verbose = self.report, self.verbose
        yield from _answers(report)
        if report.summary:
            yield Text(report.summary, "dim")
        yield from _to_do(report, width)
        if len(report.groups) > 1:
            yield from _section("Answers", _groups(report.groups[:MOST_ROWS], width))
            yield from _left_out(len(report.groups) - MOST_ROWS, "answer")
        for group in report.first(MOST_GROUPS):
            for source in group.sources:
                yield from _source(source, width, verbose)
            yield from _like_it(group)
        if report.proxies:
            yield from _section("Proxies", _proxies(report.proxies[:MOST_ROWS], width))
            yield from _left_out(len(report.proxies) - MOST_ROWS, "proxy", "proxies")
            yield from (Text(inert(sentence), "dim") for sentence in report.shared())
        yield from _legs(report.legs, verbose)
        tables = ("Direct, answered", report.direct_allowed), ("Direct, blocked", report.direct_blocked)
        for title, entries in (*tables, ("Direct, outcome not visible", report.direct_unknown)):
            if entries:
                yield from _section(title, _direct(entries[:MOST_ROWS], width))
                yield from _left_out(len(entries) - MOST_ROWS, "destination")
        yield from _pac(report.pac, width, verbose)
        told = report.findings if verbose else report.causes()
        yield from _findings(told[:MOST_ROWS], verbose)
        yield from _left_out(len(told) - MOST_ROWS, "finding")
        yield from _captures(report.captures[:MOST_ROWS], width)
        yield from _left_out(len(report.captures) - MOST_ROWS, "capture")
        yield Text()
        yield Text(inert(report.made_by), "dim")
        if not verbose and report.sources:
            yield Text("-v shows flows, reasons and how clients talk; -o report.html has pictures and every flow", "dim")


def plain_text(report: Report, width: int = UNWRAPPED, verbose: bool = False) -> str:
    """The same content without colour, for a pipe or a file; lines end without spaces."""
    sink = io.StringIO()
    console = Console(file=sink, width=width, color_system=None, force_terminal=False, highlight=False)
    console.print(TerminalReport(report, verbose), end="")
    return "\n".join(line.rstrip() for line in sink.getvalue().splitlines()) + "\n"


def _room(width: int, least: int, part: int) -> int | None:
    """How many characters a name may take: a part of the screen; None where there is no screen."""
    return None if width >= UNWRAPPED else max(least, width // part)


def _answers(report: Report) -> Iterator[Text]:
    """A sentence per group."""
    if not report.groups:
        yield from (Text(inert(answer), "bold") for answer in report.answers)
    for group in report.first(MOST_ANSWERS):
        yield Text.assemble((f"{inert(group.who)}: ", "bold"), inert(group.answer))
    yield from _rest(report.rest(MOST_ANSWERS))


def _to_do(report: Report, width: int) -> Iterator[RenderableType]:
    """What harms, each cause in a few lines; none where nothing does."""
    harmful = report.to_do()
    if not harmful:
        return
    yield Text()
    yield Text("What to do", "bold underline")
    for finding in harmful[:MOST_TO_DO]:
        style = SEVERITY_STYLE.get(finding.severity, "")
        more = f" ({finding.more})" if finding.alike else ""
        room = len(finding.severity) + 2 + len(more)
        yield Text.assemble((inert(finding.severity), style), "  ", _brief(finding.text, width, room), more)
        if finding.advice:
            yield _indented(Text.assemble(("→ ", "green"), _brief(finding.advice, width, 4)))
    left = len(harmful) - MOST_TO_DO
    if left > 0:
        yield Text(f"… and {left:,} more below", "dim")


def _brief(text: str, width: int, used: int) -> str:
    """As much of the text as its lines hold; whole where there is no screen."""
    shown = inert(text)
    room = TO_DO_LINES * width - used - width // 8  # what wrapping wastes
    return shown if width >= UNWRAPPED or len(shown) <= room else f"{shown[: max(room, 20) - 1].rstrip()}…"


def _groups(groups: Sequence[Group], width: int) -> Table:
    """Groups and their planes: who carries each, and what is wrong with it."""
    planes = sorted({answer.plane for group in groups for answer in group.planes}, key=plane_order)
    made = grid("Sources", *map(inert, planes))
    room = _room(width, 16, 4)
    for group in groups:
        answers = {answer.plane: answer for answer in group.planes}
        who = cell(group.named[0], room, "bold") if group.n == 1 else Text(counted(group.n, "source"), "bold")
        made.add_row(who, *(_plane_cell(answers.get(plane)) for plane in planes))
    return made


def _plane_cell(answer: PlaneAnswer | None) -> Text:
    return Text("·", "dim") if answer is None else cell(answer.text, None, "green" if answer.fine else "red")


def _like_it(group: Group) -> Iterator[RenderableType]:
    """Who else has the answer of the source above."""
    others = group.n - len(group.sources)
    if others:
        yield Text(f"The same of {counted(others, 'other source')} of {inert(group.names(8))}", "dim")


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
            yield _indented(Text(inert(sentence)))
    if source.precedence and verbose:
        yield Text()
        yield Text("Precedence", "bold")
        for statement in source.precedence:
            yield _indented(Text(inert(statement.sentence)))
            yield _indented(_flows(statement.evidence), 4)
    if source.talk and verbose:
        yield Text()
        yield Text("How it talks", "bold")
        for sentence in source.talk:
            yield _indented(Text(inert(sentence)))


def _legs(legs: Sequence[Leg], verbose: bool) -> Iterator[RenderableType]:
    if not legs:
        return
    yield Text()
    yield Text("Behind the proxies", "bold underline")
    for leg in legs[:MOST_ROWS]:
        style = {"other": "bold red", "same": "green"}.get(leg.hello or "", "")
        yield _indented(Text(inert(leg.statement), style))
        if verbose:
            yield _indented(Text(f"{leg.times}; {leg.bytes}" if leg.times else leg.bytes, "dim"), 4)
            yield _indented(Text.assemble(_flows(leg.flows), (", behind the proxy ", "dim"), _flows(leg.origin_flows)), 4)
    yield from _left_out(len(legs) - MOST_ROWS, "statement")


def _proxies(proxies: Sequence[Proxy], width: int) -> Table:
    kinds = width >= ROOM_FOR_KINDS
    inspection = any(p.inspected is not None for p in proxies)
    columns = ["Proxy", "Name", "Method", *["Asked by"][:kinds], "Sources", "Requests", "Failed", *["Inspected"][:inspection]]
    made = grid(*columns, right=("Sources", "Requests", "Failed"))
    for proxy in proxies:
        row = [
            cell(proxy.label.proxy, _room(width, 21, 4)),
            cell(proxy.label.name, _room(width, 12, 7)),
            cell(proxy.label.method_name),
            *[cell(", ".join(proxy.kinds), _room(width, 26, 5))][:kinds],
            Text(f"{proxy.sources:,}"),
            Text(f"{proxy.requests:,}"),
            Text(f"{proxy.failed:,}", "red" if proxy.failed else ""),
            *[_inspected(proxy.inspected)][:inspection],
        ]
        made.add_row(*row)
    return made


def _inspected(inspected: bool | None) -> Text:
    if inspected is None:
        return Text("not shown", "dim")
    return Text("yes", "bold red") if inspected else Text("no", "green")


def _direct(entries: Sequence[Direct], width: int) -> Table:
    made = grid("Source", "Server", "Host", "Service", "State", "Flows", right=("Flows",))
    for entry in entries:
        made.add_row(
            cell(entry.source, _room(width, 26, 5)),
            cell(entry.server, _room(width, 21, 5)),
            cell(entry.host, _room(width, 60, 2)),
            cell(entry.service, _room(width, 16, 6)),
            cell(entry.state),
            f"{len(entry.flows):,}",
        )
    return made


def _pac(rows: Sequence[Pac], width: int, verbose: bool) -> Iterator[RenderableType]:
    """What PAC files return beside what was done; what wasn't asked for is counted unless more is wanted."""
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


def _findings(findings: Sequence[Finding], verbose: bool) -> Iterator[RenderableType]:
    """Each cause; what harms nobody in few words unless asked for."""
    if not findings:
        return
    yield Text()
    yield Text("Findings", "bold underline")
    before = False
    for finding in findings:
        whole = verbose or finding.severity in SEVERITIES[:2]
        if before:
            yield Text()
        before = whole
        yield _finding_head(finding)
        yield _indented(Text(inert(f"{finding.text}; {finding.more}" if finding.alike else finding.text)))
        if finding.advice and whole:
            yield _indented(Text.assemble(("→ ", "green"), inert(finding.advice)))
        if whole:
            yield from _settings(finding, verbose)
            yield from _when_and_flows(finding)


def _settings(finding: Finding, verbose: bool) -> Iterator[RenderableType]:
    """What to change, a line each with the page that says so; asked for, also where, why, and what must hold afterwards."""
    for setting in finding.settings:
        yield _indented(Text.assemble((f"{inert(setting.name)} ({inert(setting.whose)}): ", "bold"), inert(setting.change)), 4)
        if verbose:
            yield _indented(Text(inert(setting.where)), 6)
            yield _indented(Text(inert(setting.why)), 6)
        yield _indented(Text(inert(f"{setting.source} ({setting.date})"), "dim"), 6)
    if finding.expect and verbose:
        yield _indented(Text("what must hold afterwards, for --expect:", "dim"), 4)
        yield from (_indented(Text(inert(line)), 6) for line in finding.expect.splitlines())


def _finding_head(finding: Finding) -> Text:
    head = Text.assemble((inert(finding.severity), SEVERITY_STYLE.get(finding.severity, "")), (f"  {inert(finding.code)}", "bold"))
    if finding.confidence and finding.confidence != "certain":
        head.append(f" ({inert(finding.confidence)})")
    if finding.about:
        head.append(f"  {inert(finding.about)}", "dim")
    return head


def _when_and_flows(finding: Finding) -> Iterator[RenderableType]:
    line = Text(inert(finding.when), "dim")
    if finding.flows:
        line.append(" · " if finding.when else "")
        line.append_text(_flows(finding.flows))
    if line:
        yield _indented(line)


def _captures(captures: Sequence[Capture], width: int) -> Iterator[RenderableType]:
    if captures:
        sha256 = width >= ROOM_FOR_SHA256
        made = grid("Capture", "Packets", f"Seen ({zone_name()})", *["SHA-256"][:sha256], right=("Packets",))
        for capture in captures:
            row = [cell(capture.path, _room(width, 30, 3)), Text(f"{capture.packets:,}"), cell(capture.when)]
            made.add_row(*row, *[cell(capture.sha256)][:sha256])
        yield from _section("Read", made)


def _flows(flows: Iterable[str]) -> Text:
    named = [inert(f) for f in flows]
    return Text(f"{'flow' if len(named) == 1 else 'flows'} {some(named, FLOWS_NAMED)}", "dim")


def _indented(content: RenderableType, by: int = 2) -> Padding:
    return Padding(content, (0, 0, 0, by), expand=False)
