"""The report as an HTML fragment, for a notebook's output cell: no script, no style sheet, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.report.causes import Finding
from analyzer.report.model import MOST_ANSWERS, Group, Report
from analyzer.report.sources import Cell, Source
from analyzer.report.study_model import StudyReport
from analyzer.text.inert import html
from analyzer.text.labels import byte_size, plane_order, some
from analyzer.text.words import counted

FLOWS_NAMED = 3
MOST_GROUPS = 6
MOST_TO_DO = 3
MOST_ROWS = 50
"""Limits of a notebook cell; the report as .html or .json has everything."""

MOST_SHOWN = 14
"""Rows up to which a table is unfolded: with the answers above it, about a screen."""

LEFT = ' style="text-align:left;vertical-align:top;white-space:normal"'
"""Notebooks right-align and centre table cells unless each cell has its own style."""


def to_html_fragment(report: Report) -> str:
    """Answers, a table of services × proxies per source, origin legs, and findings; every captured string escaped."""
    return "".join(("<div>", *_parts(report), "</div>"))


def study_to_html_fragment(study: StudyReport) -> str:
    """The conclusion and a table of tests: the winner of each plane, live response, and whether the expectations were met."""
    columns = ["Test", *(html(plane) for plane in study.planes), "Live response", "Held"]
    rows = [
        [f"{t.number}. {html(t.title)}", *(html(plane.text) for plane in t.planes), html(t.live_response), html(t.held)]
        for t in study.tests
    ]
    return f"<div><p><strong>{html(study.conclusion)}</strong></p>{_table(html(study.title), columns, rows)}</div>"


def _parts(report: Report) -> Iterator[str]:
    """About a screen: the answers, what to do, and one table; the rest is folded."""
    for answer in report.answers:
        yield f"<p><strong>{html(answer)}</strong></p>"
    if report.rest(MOST_ANSWERS):
        yield f"<p>… and {report.rest(MOST_ANSWERS)}</p>"
    if report.summary:
        yield f"<p>{html(report.summary)}</p>"
    harmful = report.to_do()
    if harmful:
        order = ["First, ", *("then, " for _ in harmful[1:])] if len(harmful) > 1 else [""]
        lines = [f"{place}{_cause(finding)}" for place, finding in zip(order, harmful[:MOST_TO_DO], strict=False)]
        yield f"<ul>{''.join(f'<li>{one}</li>' for one in lines)}</ul>"
    shown = [source for source in report.sources if source.services or source.planes]
    if len(report.groups) == 1 and len(shown) == 1 and len(list(shown[0].rows())) <= MOST_SHOWN:
        yield from _source(shown[0])
    else:
        if len(report.groups) > 1:
            yield _groups(report.first(MOST_GROUPS))
        for source in shown[:MOST_GROUPS]:
            yield _folded(html(source.label), _source(source))
    if report.legs:
        rows = [[html(leg.statement), html(leg.times), html(leg.bytes), _flows((*leg.flows, *leg.origin_flows))] for leg in report.legs]
        columns = ["What came out", "Times (medians)", "Bytes", "Flows"]
        yield _folded("Behind the proxies", [_table("Behind the proxies", columns, rows[:MOST_ROWS])])
    if report.findings:
        rows = [
            [html(f.severity), html(f.code), html(f.about), html(f.text), html(f.advice or ""), _flows(f.flows)]
            for cause in report.findings[:MOST_ROWS]
            for f in (cause, *cause.led_to)
        ]
        columns = ["Severity", "Code", "About", "What", "What to do", "Flows"]
        yield _folded(counted(len(report.findings), "finding"), [_table("Findings", columns, rows)])
    yield f"<p>{html(report.made_by)}</p>"


def _cause(finding: Finding) -> str:
    more = f" ({finding.more})" if finding.alike else ""
    led_to = "".join(f"<br>Therefore: {html(one.text)}{_advice(one)}" for one in finding.led_to)
    return f"{html(finding.severity)}: {html(finding.text)}{more}{_advice(finding)}{led_to}"


def _advice(finding: Finding) -> str:
    return f"<br>→ {html(finding.advice)}" if finding.advice else ""


def _folded(summary: str, parts: Iterable[str]) -> str:
    """Parts in a folded block with this summary line."""
    return f"<details><summary>{summary}</summary>{''.join(parts)}</details>"


def _groups(groups: Sequence[Group]) -> str:
    planes = sorted({answer.plane for group in groups for answer in group.planes}, key=plane_order)
    rows = []
    for group in groups:
        said = {answer.plane: answer.text for answer in group.planes}
        who = group.named[0] if group.n == 1 else counted(group.n, "source")
        rows.append([html(who), *(html(said.get(plane, "")) for plane in planes)])
    return _table("Answers", ["Sources", *map(html, planes)], rows)


def _source(source: Source) -> Iterator[str]:
    proxies = [html(p.short) + (f"<br>{html(p.method_name or '')}" if p.method else "") for p in source.proxies]
    rows = []
    for row in source.rows():
        name = f"<strong>{html(row.label)}</strong>" if row.is_plane else html(row.label)
        rows.append([name, *(_cell(c) for c in row.cells), html(row.sure), html(row.outcome)])
    yield _table(html(source.label), ["Service", *proxies, "Sure", "Outcome"], rows)
    doubts = [f"<strong>{html(row.label)}</strong>: {html(row.reason)}" for row in source.rows() if row.reason]
    if doubts:
        yield _folded("Why", [f"<ul>{''.join(f'<li>{one}</li>' for one in doubts)}</ul>"])
    if source.processes:
        yield _folded("Processes, as the capture names them", [f"<ul>{''.join(f'<li>{html(one)}</li>' for one in source.processes)}</ul>"])
    said = [*(p.sentence for p in source.precedence), *source.talk]
    if said:
        yield _folded("Precedence and how it talks", [f"<ul>{''.join(f'<li>{html(sentence)}</li>' for sentence in said)}</ul>"])


def _cell(part: Cell | None) -> str:
    if part is None:
        return ""
    failed = f", {part.failed:,} failed" if part.failed else ""
    text = f"{part.carried:,} ({byte_size(part.bytes)}){failed}"
    return f"<strong>▶ {text}</strong>" if part.won else text


def _flows(flows: Sequence[str]) -> str:
    return html(some(flows, FLOWS_NAMED))


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells."""
    head = "".join(f'<th scope="col"{LEFT}>{c}</th>' for c in columns)
    body = "".join(f"<tr>{''.join(f'<td{LEFT}>{c}</td>' for c in cells)}</tr>" for cells in rows)
    named = f'<caption style="text-align:left">{caption}</caption>'
    return f'<table style="margin-left:0">{named}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
