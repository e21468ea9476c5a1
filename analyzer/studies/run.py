"""Runs a study: reads the captures, judges each test, makes the study document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.client_analyzer.document import ClientAnalyzer
from analyzer.errors import Unusable
from analyzer.routes.networks import address_text
from analyzer.routes.topology import Topology
from analyzer.studies.conclusion import conclusion_of, study_conclusion
from analyzer.studies.document import SCHEMA, AnalyzerRun, Backlog, LiveResponse, StudyDocument, Test, TopologyEntry
from analyzer.studies.documented import precedences
from analyzer.studies.expectations import judged
from analyzer.studies.live_response import live_response
from analyzer.studies.moments import moments_of
from analyzer.studies.plan import Plan, PlannedTest, Span
from analyzer.studies.reading import read_tests
from analyzer.studies.sessions import has_user, logons, without_user
from analyzer.studies.timeline import silences, timeline
from analyzer.text.times import spanning
from analyzer.verdict.client_analyzer import AnalyzerTraffic, run_findings, set_aside
from analyzer.verdict.document import document_of
from analyzer.verdict.evidence import Evidence, evidence_of, rfc3339
from analyzer.verdict.finders.backlog import Flush, flushes

if TYPE_CHECKING:
    from analyzer.capture.progress import Progress
    from analyzer.pipeline import Reading
    from analyzer.services.catalogue import Catalogue


@dataclass(frozen=True)
class StudyRun:
    """The result of a study.

    readings  one per test, with its flow table
    unusable  the unreadable inputs, if others were readable; skipped: number of files in directories that are no captures
    """

    document: StudyDocument
    readings: tuple[Reading, ...]
    unusable: tuple[Unusable, ...]
    skipped: int


def run_study(plan: Plan, catalogue: Catalogue, *, progress: Progress | None = None) -> StudyRun:
    """The study's document and readings. Errors: NothingReadable, a test has no readable capture."""
    readings, unusable, skipped = read_tests(plan, catalogue, progress=progress)
    tests = [_judged(test, reading, catalogue) for test, reading in zip(plan.tests, readings, strict=True)]
    held = [test["held"] for test in tests if test["held"] is not None]
    document: StudyDocument = {
        "schema": SCHEMA,
        "title": plan.title,
        "topology": _topology(plan.topology),
        "held": all(held) if held else None,
        "tests": tests,
        "conclusion": study_conclusion(tests),
    }
    return StudyRun(document, tuple(readings), tuple(unusable), skipped)


def _judged(test: PlannedTest, reading: Reading, catalogue: Catalogue) -> Test:
    assert reading.topology is not None
    whole = evidence_of(reading.flows, reading.topology)
    evidence, runs = set_aside(whole, test.analyzer)
    logged_on = logons(test)
    verdict = document_of(
        evidence,
        catalogue=catalogue,
        captures=reading.captures,
        window=(test.start_ns, test.end_ns),
        configured=test.configured,
        logons=logged_on,
        also=run_findings(whole, evidence, runs),
        lookups=reading.lookups,
    )
    window = _window(test, reading)
    moments = moments_of(evidence)
    silence = silences(evidence, moments, without_user(test, window))
    backlog = [_backlog(evidence, flush) for flush in flushes(evidence, logged_on)]
    with spanning(*window):
        live = live_response(evidence, test, window)
    precedence = precedences(verdict, evidence, test.configured, has_user(test))
    analyzer = _client_analyzer(test, whole, runs, window, catalogue, verdict)
    expectations = judged(test.expect, verdict, live) if test.expect else []
    return {
        "title": test.title,
        "captures": list(test.captures),
        "start": verdict["window"][0],
        "end": verdict["window"][1],
        "configured": list(test.configured),
        "user_logged_on": test.user_logged_on,
        "sessions": [{"logon": _time(logon), "logoff": _time(logoff)} for logon, logoff in test.sessions],
        "marks": [{"at": rfc3339(at), "what": what} for at, what in test.marks],
        "verdict": verdict,
        "timeline": timeline(evidence, moments, window),
        "silence": silence,
        "backlog": backlog,
        "live_response": live,
        "precedence": precedence,
        "analyzer_runs": [_run(whole, run) for run in runs],
        "client_analyzer": analyzer,
        "expectations": expectations,
        "held": all(line["held"] for line in expectations) if expectations else None,
        "conclusion": conclusion_of(verdict, silence, backlog, live, precedence, expectations),
    }


def _client_analyzer(
    test: PlannedTest, whole: Evidence, runs: Sequence[AnalyzerTraffic], window: Span, catalogue: Catalogue, verdict: dict[str, Any]
) -> ClientAnalyzer | None:
    """The Client Analyzer's results compared with the capture during its run, or the whole test if unknown; None: no results."""
    if test.client_analyzer is None:
        return None
    from analyzer.client_analyzer.beside import beside

    spans = list(test.analyzer) or [(run.start, run.end) for run in runs] or [window]
    return beside(test.client_analyzer, whole, spans, catalogue, verdict, test.configured)


def _run(evidence: Evidence, run: AnalyzerTraffic) -> AnalyzerRun:
    return {
        "start": rfc3339(run.start),
        "end": rfc3339(run.end),
        "how": run.how,
        "requests": run.requests,
        "flows": evidence.flow_ids(run.rows),
    }


def _window(test: PlannedTest, reading: Reading) -> Span:
    """The test's window; a missing bound is the first or last packet of its captures."""
    firsts = [capture["first_seen"] for capture in reading.captures if capture["first_seen"] is not None]
    lasts = [capture["last_seen"] for capture in reading.captures if capture["last_seen"] is not None]
    start = min(firsts, default=0) if test.start_ns is None else test.start_ns
    end = max(lasts, default=start) if test.end_ns is None else test.end_ns
    return start, max(start, end)


def _backlog(evidence: Evidence, flush: Flush) -> Backlog:
    address = evidence.proxy.text(flush.proxies[0]) if len(flush.proxies) == 1 else None
    name, method = evidence.proxy_names[address] if address is not None else (None, None)
    return {
        "client_ip": evidence.client.values[flush.client],
        "services": [evidence.service.values[code] for code in flush.services],
        "planes": [evidence.plane.values[code] for code in flush.planes],
        "proxy": address,
        "name": name,
        "method": method,
        "logon": _time(flush.logon),
        "silent_s": round(flush.silent_ns / 1_000_000_000, 3),
        "start": rfc3339(flush.start),
        "end": rfc3339(flush.end),
        "requests": len(flush.asked),
        "bytes": flush.bytes,
        "rate": flush.rate,
        "rate_after": flush.rate_after,
        "text": flush.text(evidence),
        "flows": evidence.flow_ids(flush.rows),
    }


def _topology(topology: Topology) -> TopologyEntry:
    return {
        "proxies": [
            {"name": proxy.name, "address": address_text(proxy.network), "port": proxy.port, "method": proxy.method}
            for proxy in topology.proxies
        ],
        "workstations": [{"name": w.name, "address": address_text(w.network)} for w in topology.workstations],
        "policy": topology.policy,
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else rfc3339(ns)


def live_response_of(reading: Reading) -> LiveResponse:
    """Live response of a reading outside a study: over its whole window, without marks."""
    assert reading.topology is not None
    test = PlannedTest("", (), (), reading.start_ns, reading.end_ns)
    start, end = _window(test, reading)
    begun = min((first for capture in reading.captures if (first := capture["first_seen"]) is not None), default=start)
    return live_response(evidence_of(reading.flows, reading.topology), test, (max(start, begun), end))
