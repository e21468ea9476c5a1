"""A study as Markdown (GitHub's dialect), in the article's order: the results, then each test with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzer.report.markdown import FLOWS_NAMED, table, verdict_blocks
from analyzer.report.model import build
from analyzer.report.study_model import StudyReport, TestRow, build_study
from analyzer.text.inert import markdown
from analyzer.text.labels import byte_size, some
from analyzer.text.times import to_the_second


def study_markdown(document: Mapping[str, Any]) -> str:
    """The whole study; every captured string is escaped."""
    study = build_study(document)
    blocks = [f"# {markdown(study.title)}", markdown(study.conclusion), _summary(study)]
    for test in study.tests:
        blocks += _test(test)
    return "\n\n".join(blocks) + "\n"


def _summary(study: StudyReport) -> str:
    rows = [
        [str(t.number), markdown(t.title), *(markdown(plane.text) or "-" for plane in t.planes), markdown(t.live_response), t.held or "-"]
        for t in study.tests
    ]
    return table(["", "Test", *(plane.capitalize() for plane in study.planes), "Live response", "Held"], rows, right=("",))


def _test(test: TestRow) -> Iterator[str]:
    yield f"## {test.number}. {markdown(test.title)}"
    yield f"_{markdown(test.setup)}_"
    yield markdown(test.conclusion)
    if test.expectations:
        yield "\n".join(f"- {'✓' if line.held else '✗'} {markdown(line.text)}" for line in test.expectations)
    marks = test.document["marks"]
    if marks:
        yield "\n".join(f"- {markdown(to_the_second(mark['at']))}: {markdown(mark['what'])}" for mark in marks)
    yield "### Over time"
    yield _timeline(test.document["timeline"])
    yield "### Live response"
    yield f"{markdown(test.live_response)}: {markdown(test.live_reason)}{_flows(test.live_flows)}"
    notes = [f"- {markdown(kind)}: {markdown(text)}{_flows(flows)}" for kind, text, flows in test.notes]
    if notes:
        yield "\n".join(notes)
    yield "### Documented order and what was seen"
    rows = [[markdown(o.plane), o.status, markdown(o.text), markdown(some(o.flows, 3)), markdown(o.source)] for o in test.orders]
    yield table(["Plane", "Status", "What was seen", "Flows", "Documented by"], rows) if rows else "No source was seen."
    if test.document["client_analyzer"]:
        yield from _client_analyzer(test.document["client_analyzer"])
    yield "### Evidence"
    yield from verdict_blocks(build(test.document["verdict"]), 4)


def _timeline(stretches: Sequence[Mapping[str, Any]]) -> str:
    if not stretches:
        return "Nothing was seen that went to a proxy or past them."
    rows = [
        [
            to_the_second(s["first_seen"])[11:],
            to_the_second(s["last_seen"])[11:],
            markdown(s["client_ip"]),
            markdown(s["plane"] or ""),
            markdown(s["service"] or ""),
            markdown(s["name"] or s["proxy"] or s["way"]),
            str(s["requests"]),
            str(s["failed"]),
            byte_size(s["bytes"]),
        ]
        for s in stretches
    ]
    heads = ["From", "To", "Source", "Plane", "Service", "Way", "Requests", "Failed", "Bytes"]
    return table(heads, rows, right=("Requests", "Failed", "Bytes"))


def _client_analyzer(analyzer: Mapping[str, Any]) -> Iterator[str]:
    yield "### Client Analyzer"
    yield markdown(analyzer["conclusion"])
    config = analyzer["proxy_config"]
    if config:
        found = f"{markdown(config['word'])} {markdown(config['address'] or '')}".strip()
        yield f"What the sensor found: {found}; {config['agreement']}, {markdown(config['why'])}"
    rows = [
        [markdown(group["group"] or "unknown"), markdown(line["number"]), markdown(line["name"]), *_line(line)]
        for group in analyzer["groups"]
        for line in group["lines"]
    ]
    yield table(["URLs", "", "Method", "It says", "The capture", "Why", "Flows"], rows) if rows else "It tested no URL."


def _line(line: Mapping[str, Any]) -> list[str]:
    code = "" if line["code"] is None else f" ({line['code']})"
    return [f"{line['result']}{code}", line["agreement"], markdown(line["why"]), markdown(some(line["flows"], 3))]


def _flows(flows: Sequence[str]) -> str:
    return f" (flows {markdown(some(flows, FLOWS_NAMED))})" if flows else ""
