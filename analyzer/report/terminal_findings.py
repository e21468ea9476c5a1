"""Findings on a terminal: each cause, its consequences, what to do, and what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from analyzer.report.causes import SEVERITIES, Finding, Setting
from analyzer.text.inert import inert
from analyzer.text.labels import some

SEVERITY_STYLE = {"problem": "bold red", "warning": "yellow", "info": "cyan"}
FLOWS_NAMED = 3
AS_ABOVE = "what to change: as above"


def findings_block(findings: Sequence[Finding], verbose: bool) -> Iterator[RenderableType]:
    """The lines of every cause; a harmless one is brief, unless verbose."""
    if not findings:
        return
    yield Text()
    yield Text("Findings", "bold underline")
    before = False
    said: set[tuple[Setting, ...]] = set()
    for finding in findings:
        whole = verbose or finding.severity in SEVERITIES[:2]
        if before:
            yield Text()
        before = whole
        yield _finding_head(finding)
        yield indented(Text(inert(f"{finding.text}; {finding.more}" if finding.alike else finding.text)))
        if whole:
            yield from _to_change(finding, said, verbose)
        for one in finding.led_to:
            yield indented(Text.assemble(("therefore ", "dim"), (inert(one.code), "bold"), f": {inert(one.text)}"))
            if whole:
                yield from _to_change(one, said, verbose)
        if whole:
            yield from _when_and_flows(finding)


def _to_change(finding: Finding, said: set[tuple[Setting, ...]], verbose: bool) -> Iterator[RenderableType]:
    """What to do, and the settings, unless they were listed above."""
    if finding.advice:
        yield indented(Text.assemble(("→ ", "green"), inert(finding.advice)))
    if finding.settings in said:
        yield indented(Text(AS_ABOVE, "dim"), 4)
    else:
        yield from _settings(finding, verbose)
    said |= {finding.settings} if finding.settings else set()


def _settings(finding: Finding, verbose: bool) -> Iterator[RenderableType]:
    """What to change, a line each with the source page; if verbose, also where, why, and what must hold afterwards."""
    for setting in finding.settings:
        yield indented(Text.assemble((f"{inert(setting.name)} ({inert(setting.whose)}): ", "bold"), inert(setting.change)), 4)
        if verbose:
            yield indented(Text(inert(setting.where)), 6)
            yield indented(Text(inert(setting.why)), 6)
        yield indented(Text(inert(f"{setting.source} ({setting.date})"), "dim"), 6)
    if finding.expect and verbose:
        yield indented(Text("what must hold afterwards, for --expect:", "dim"), 4)
        yield from (indented(Text(inert(line)), 6) for line in finding.expect.splitlines())


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
        line.append_text(flows_named(finding.flows))
    if line:
        yield indented(line)


def flows_named(flows: Iterable[str]) -> Text:
    named = [inert(f) for f in flows]
    return Text(f"{'flow' if len(named) == 1 else 'flows'} {some(named, FLOWS_NAMED)}", "dim")


def indented(content: RenderableType, by: int = 2) -> Padding:
    return Padding(content, (0, 0, 0, by), expand=False)
