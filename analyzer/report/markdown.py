"""The report as Markdown (GitHub's dialect: tables), for tickets, wikis and mail. Nothing in it is shortened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analyzer.report.causes import Finding
from analyzer.report.model import MOST_ANSWERS, Direct, Leg, Report
from analyzer.report.sources import REQUIRED_STATES, Cell, Row, Source
from analyzer.text.inert import markdown
from analyzer.text.labels import byte_size, some
from analyzer.text.times import zone_name
from analyzer.text.words import counted

FLOWS_NAMED = 12
UNKNOWN = "unknown"


def to_markdown(report: Report) -> str:
    """The whole report; every captured string is escaped."""
    heading = f"# Which proxy won: {markdown(report.title)}" if report.title else "# Which proxy won"
    blocks = [heading, "\n".join(f"- {markdown(a)}" for a in report.answers)]
    if report.rest(MOST_ANSWERS):
        blocks.append(f"… and {report.rest(MOST_ANSWERS)}, below.")
    if report.summary:
        blocks.append(f"_{markdown(report.summary)}_")
    if report.propose:
        blocks.append(f"Names for the proxies, and what each is for: {markdown(report.propose)}")
    blocks += [*verdict_blocks(report), f"_{markdown(report.made_by)}._"]
    return "\n\n".join(blocks) + "\n"


def verdict_blocks(report: Report, level: int = 2) -> Iterator[str]:
    """Everything below the answers, with headings of depth `level`."""
    head = "#" * level
    for group in report.groups:
        if group.n > 1:
            yield f"{head} {markdown(group.who)}"
            yield markdown(group.answer)
        for source in group.sources:
            yield from _source(source, f"{head}#" if group.n > 1 else head)
        if group.n > len(group.sources):
            names = markdown(group.names(len(group.named)))
            yield f"Of {group.n:,} sources with this answer the one that was seen with most; all are: {names}."
    yield from _proxies(report, head)
    yield from _legs(report.legs, head)
    yield from _direct(f"{head} Direct, answered", report.direct_allowed)
    yield from _direct(f"{head} Direct, blocked", report.direct_blocked)
    yield from _direct(f"{head} Direct, outcome not visible", report.direct_unknown)
    yield from _pac(report, head)
    yield from _findings(report.findings, head)
    yield from _captures(report, head)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """A table of Markdown cells; the columns named in `right` hold numbers."""
    lines = [columns, ["---:" if c in right else "---" for c in columns], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _source(source: Source, head: str) -> Iterator[str]:
    if not source.proxies and not source.services and not source.planes:
        return
    yield f"{head} {markdown(source.label)}"
    proxies = [markdown(p.short + (f" ({p.method_name})" if p.method else "")) for p in source.proxies]
    rows = [
        [_name(r), *(_cell(c) for c in r.cells), _winner(r), markdown(r.confidence or ""), markdown(r.outcome), markdown(r.reason or "")]
        for r in source.rows()
    ]
    yield table(["Service", *proxies, "Winner", "Sure", "Outcome", "Why"], rows)
    yield "Numbers are requests carried, their share, and bytes; **bold** is the winner."
    if source.device:
        yield f"{markdown(source.device)}."
    if source.required:
        yield f"{head}# Required by Defender"
        yield markdown(source.required_summary)
        through = [[markdown(r.service), REQUIRED_STATES.get(r.state, r.state), markdown(", ".join(r.through))] for r in source.required]
        yield table(["Service", "State", "Through"], through)
    if source.processes:
        yield f"{head}# Processes, as the capture names them"
        yield "\n".join(f"- {markdown(sentence)}" for sentence in source.processes)
    if source.precedence:
        yield f"{head}# Precedence"
        yield "\n".join(f"- {markdown(p.sentence)}: {markdown(some(p.evidence, FLOWS_NAMED))}" for p in source.precedence)
    if source.talk:
        yield f"{head}# How it talks"
        yield "\n".join(f"- {markdown(sentence)}" for sentence in source.talk)


def _legs(legs: Sequence[Leg], head: str) -> Iterator[str]:
    if not legs:
        return
    yield f"{head} Behind the proxies"
    rows = [
        [
            markdown(leg.statement),
            markdown(leg.confidence),
            markdown(leg.times),
            markdown(leg.bytes),
            _flows(leg.flows),
            _flows(leg.origin_flows),
        ]
        for leg in legs
    ]
    yield table(["What", "Sure", "Times (medians)", "Bytes", "Before", "Behind"], rows)


def _name(row: Row) -> str:
    return f"**{markdown(row.label)}**" if row.is_plane else markdown(row.label)


def _winner(row: Row) -> str:
    return markdown(str(row.winner)) if row.winner else "none"


def _cell(part: Cell | None) -> str:
    if part is None:
        return ""
    pieces = [f"{part.carried:,}"]
    if part.percent is not None:
        pieces += [f"{part.percent}%", byte_size(part.bytes)]
    if part.failed:
        pieces.append(f"{part.failed:,} failed")
    text = ", ".join(pieces)
    return f"**{text}**" if part.won else text


def _proxies(report: Report, head: str) -> Iterator[str]:
    if not report.proxies:
        return
    yield f"{head} Proxies"
    columns = ["Proxy", "Name", "Method", "Asked by", "Sources", "Requests", "Failed", "Inspected"]
    rows = [
        [
            markdown(p.label.proxy),
            markdown(p.label.name or ""),
            markdown(p.label.method_name or ""),
            markdown(", ".join(p.kinds)),
            f"{p.sources:,}",
            f"{p.requests:,}",
            f"{p.failed:,}",
            p.inspects,
        ]
        for p in report.proxies
    ]
    yield table(columns, rows, right=("Sources", "Requests", "Failed"))
    yield from map(markdown, report.shared())


def _direct(title: str, entries: Sequence[Direct]) -> Iterator[str]:
    if not entries:
        return
    yield title
    rows = [[*(markdown(text or "") for text in (d.source, d.server, d.host, d.service, d.state)), _flows(d.flows)] for d in entries]
    yield table(["Source", "Server", "Host", "Service", "State", "Flows"], rows)


def _pac(report: Report, head: str) -> Iterator[str]:
    if report.pac:
        yield f"{head} PAC file, beside what was done"
        rows = [
            [markdown(text) for text in (p.host, p.service, p.returns, p.asked, p.state or "not known", p.who, p.file)] for p in report.pac
        ]
        yield table(["Host", "Service", "Returns", "Asked", "State", "Source", "File"], rows)


def _findings(findings: Sequence[Finding], head: str) -> Iterator[str]:
    if not findings:
        return
    yield f"{head} Findings"
    for finding in findings:
        doubt = f" ({markdown(finding.confidence)})" if finding.confidence and finding.confidence != "certain" else ""
        about = f": {markdown(finding.about)}" if finding.about else ""
        yield f"{head}# {markdown(finding.severity)}: {markdown(finding.code)}{doubt}{about}"
        yield markdown(finding.text)
        yield from _to_change(finding)
        for one in finding.led_to:
            yield f"Therefore {markdown(one.code)}: {markdown(one.text)}; {_flows(one.flows)}"
            yield from _to_change(one)
        where = [part for part in (markdown(finding.when), _flows(finding.flows)) if part]
        if where:
            yield "; ".join(where)


def _to_change(finding: Finding) -> Iterator[str]:
    """What to do, the settings, and what must hold afterwards."""
    if finding.advice:
        yield f"→ {markdown(finding.advice)}"
    if finding.settings:
        rows = [
            [*(markdown(text) for text in (s.name, s.whose, s.where, s.change, s.why)), f"{markdown(s.source)} ({s.date})"]
            for s in finding.settings
        ]
        yield table(["Setting", "Whose", "Where", "Change", "Why", "Source"], rows)
    if finding.expect:
        yield "What must hold afterwards, for `whichproxy report NEXT.pcapng --expect FILE`:"
        yield f"```toml\n{finding.expect}```"


def _captures(report: Report, head: str) -> Iterator[str]:
    if not report.captures:
        return
    yield f"{head} Read"
    rows = [[markdown(c.path), f"{c.packets:,}", markdown(c.when), markdown(c.sha256 or "")] for c in report.captures]
    yield table(["Capture", "Packets", f"Seen ({zone_name()})", "SHA-256"], rows, right=("Packets",))


def _flows(flows: Sequence[str]) -> str:
    """`3 flows: a, b and c`; "" for none."""
    return f"{counted(len(flows), 'flow')}: {markdown(some(flows, FLOWS_NAMED))}" if flows else ""
