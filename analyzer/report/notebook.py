"""The report as an HTML fragment, for a notebook's output cell: no script, no style sheet, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.report.model import Cell, Report, Source
from analyzer.report.study_model import StudyReport
from analyzer.report.text import html
from analyzer.text.labels import byte_size, some

FLOWS_NAMED = 3


def to_html_fragment(report: Report) -> str:
    """Answers, a table of services × proxies per source, what came out behind the proxies, and findings; every captured string escaped."""
    return "".join(("<div>", *_parts(report), "</div>"))


def study_to_html_fragment(study: StudyReport) -> str:
    """The conclusion and a table of tests: who won each plane, live response, and whether what was expected held."""
    columns = ["Test", *(html(plane) for plane in study.planes), "Live response", "Held"]
    rows = [
        [f"{t.number}. {html(t.title)}", *(html(plane.text) for plane in t.planes), html(t.live_response), html(t.held)]
        for t in study.tests
    ]
    return f"<div><p><strong>{html(study.conclusion)}</strong></p>{_table(html(study.title), columns, rows)}</div>"


def _parts(report: Report) -> Iterator[str]:
    for answer in report.answers:
        yield f"<p><strong>{html(answer)}</strong></p>"
    if report.summary:
        yield f"<p>{html(report.summary)}</p>"
    for source in report.sources:
        if source.services or source.planes:
            yield from _source(source)
    if report.legs:
        rows = [[html(leg.statement), html(leg.times), html(leg.bytes), _flows((*leg.flows, *leg.origin_flows))] for leg in report.legs]
        yield _table("Behind the proxies", ["What came out", "Times (medians)", "Bytes", "Flows"], rows)
    if report.findings:
        rows = [
            [html(f.severity), html(f.code), html(f.about), html(f.text), html(f.advice or ""), _flows(f.flows)] for f in report.findings
        ]
        yield _table("Findings", ["Severity", "Code", "About", "What", "What to do", "Flows"], rows)


def _source(source: Source) -> Iterator[str]:
    proxies = [html(p.short) + (f"<br>{html(p.method_name or '')}" if p.method else "") for p in source.proxies]
    rows = []
    for row in source.rows():
        name = f"<strong>{html(row.label)}</strong>" if row.is_plane else html(row.label)
        sure = html(row.confidence or "") if row.winner else "none won"
        rows.append([name, *(_cell(c) for c in row.cells), sure, html(row.reason or "")])
    yield _table(html(source.label), ["Service", *proxies, "Sure", "Why"], rows)
    said = [*(p.sentence for p in source.precedence), *source.talk]
    if said:
        yield f"<ul>{''.join(f'<li>{html(sentence)}</li>' for sentence in said)}</ul>"


def _cell(part: Cell | None) -> str:
    if part is None:
        return ""
    failed = f", {part.failed:,} failed" if part.failed else ""
    text = f"{part.carried:,} ({byte_size(part.bytes)}){failed}"
    return f"<strong>▶ {text}</strong>" if part.won else text


def _flows(flows: Sequence[str]) -> str:
    return html(some(flows, FLOWS_NAMED))


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{c}</th>' for c in columns)
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>" for cells in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
