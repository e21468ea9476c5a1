"""The end of a run: its verdict, the changes since the run that it is compared with, and their reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable
from analyzer.jobs.analyst import Analyst
from analyzer.jobs.answers import is_verdict, proxies_of
from analyzer.jobs.drift import Drift, compare
from analyzer.jobs.file import Job
from analyzer.jobs.pending import WHOLE, Closed, Pending, Waiting
from analyzer.jobs.runs import DIFFERENCE, REPORT, RUNS, SUMMARY, VERDICT, drops_of, place_of, read_json, summaries
from analyzer.jobs.store import Store
from analyzer.jobs.tell import tell, write_textfile
from analyzer.report.json import to_json
from analyzer.report.markdown import to_markdown
from analyzer.report.model import build
from analyzer.studies.expectations import judged, load_expectations, unmet
from analyzer.text.inert import markdown

SCHEMA: Final = 1
UNTOLD: Final = 20
"""Number of runs that wait to be reported while a command or webhook fails; beyond it the oldest are given up."""
TELL_S: Final = 75.0
"""Most seconds for all reports at the end of a run: the time of one command and one webhook that never answer."""
ALL_ANALYSED: Final = Waiting()


def finish(
    job: Job,
    analyst: Analyst,
    run: Pending,
    closed: Closed,
    *,
    say: Callable[[str], None],
    waiting: Waiting = ALL_ANALYSED,
    may_tell: bool = True,
) -> bool:
    """Write the run's results and report the changes: True when there is drift.

    closed     how its capturing ended. A run that captured less than it should is kept, but not compared.
    waiting    files of it that aren't analysed yet: the results so far are written, and the run stays pending
    may_tell   the command and the webhook may be called now, which takes TELL_S at most
    """
    cut_short = closed["how"] != WHOLE or waiting.files > 0
    store = analyst.store
    verdict, flows = analyst.judge(run, closed["dropped"], waiting)
    silent = {(client, service) for client, service in store.record.get("silent", [])}
    against, drift = (None, Drift(silent=silent)) if cut_short else _drift(job, analyst, run, verdict, silent)
    verdict["findings"] = _in_order([*drift.findings, *verdict["findings"]])
    captures = verdict["captures"]
    summary = {
        "schema": SCHEMA,
        "job": job.name,
        "number": run["number"],
        "began": run["began"],
        "ended": closed["ended"],
        "how": f"{closed['how']}, and {waiting} wait to be analysed" if waiting.files else closed["how"],
        "cut_short": cut_short,
        "files": [entry["path"] for entry in run["files"]],
        "first_seen": min((entry["first_seen"] for entry in captures if entry["first_seen"]), default=None),
        "last_seen": max((entry["last_seen"] for entry in captures if entry["last_seen"]), default=None),
        "packets": sum(entry["packets"] for entry in captures),
        "dropped": sum(drops_of(entry) for entry in captures),
        "flows": flows.num_rows,
        "left_memory": run["going_on"],
        "waiting": waiting._asdict(),
        "answers": build(verdict).answers,
        "against": against,
        "drift": _counts(drift),
        "unmet": drift.unmet,
    }
    texts = {SUMMARY: to_json(summary), VERDICT: to_json(verdict), REPORT: to_markdown(build(verdict))}
    if drift.is_drift:
        texts[DIFFERENCE] = difference_page(summary, drift)
    change = store.change()
    for name, text in texts.items():
        change.file(place_of(run["number"], name)).write_text(text, encoding="utf-8")
    others = change.record.get("pending", [])
    if waiting.files:
        change.record["pending"] = [{**one, "closed": closed} if one["number"] == run["number"] else one for one in others]
    else:
        change.record["pending"] = [one for one in others if one["number"] != run["number"]]
    change.record["proxies"] = sorted({*change.record.get("proxies", []), *proxies_of(verdict)})
    if job.settings.retention.evidence_days is not None:
        analyst.forget_evidence(change, job.settings.retention.evidence_days)
    change.record["silent"] = sorted(drift.silent)
    if drift.is_drift:
        change.record["untold"] = [*change.record.get("untold", []), difference(summary, drift)][-UNTOLD:]
    change.commit()
    for text in (*(finding["text"] for finding in drift.findings), *drift.unmet):
        say(f"drift since {against}: {text}")
    if not waiting.files:
        for text in write_textfile(job, summary, verdict):
            say(text)
    if may_tell:
        tell_waiting(job, store, say)
    return drift.is_drift


def tell_waiting(job: Job, store: Store, say: Callable[[str], None], seconds: float = TELL_S) -> None:
    """Deliver the waiting reports, for so many seconds; those that fail keep waiting."""
    until = time.monotonic() + seconds
    waiting = store.record.get("untold", [])
    left = []
    for one in waiting:
        remaining = until - time.monotonic()
        if remaining <= 0:
            left.append(one)
            continue
        failed = tell(job, one, remaining)
        for text in failed:
            say(text)
        if failed:
            left.append(one)
    if len(left) < len(waiting):
        change = store.change()
        change.record["untold"] = left
        change.commit()


def _drift(job: Job, analyst: Analyst, run: Pending, verdict: Mapping[str, Any], silent: set[tuple[str, str]]) -> tuple[str | None, Drift]:
    """(the name of the baseline, the changes)."""
    missing = []
    if job.expect is not None:
        missing = unmet(judged(load_expectations(str(job.expect), analyst.catalogue), verdict))
    name, before = baseline(job, run["number"])
    if before is None:
        return ("the expectations" if job.expect else None), Drift(unmet=missing, silent=silent)
    found = compare(before, verdict, job.settings.drift.failures, silent, analyst.store.record.get("proxies", []))
    return name, Drift(found.findings, missing, found.silent)


def baseline(job: Job, number: int) -> tuple[str | None, dict[str, Any] | None]:
    """(its name, the verdict document that this run is compared with); (None, None) where there is none yet."""
    against = job.settings.drift.against
    if against not in ("last", "first") and not against.isdigit():
        return against, read_json(job.beside(against))
    usable = [run["number"] for run in summaries(job.results) if not run["cut_short"] and run["number"] < number]
    if against.isdigit():
        usable = [one for one in usable if one == int(against)]
    if not usable:
        return None, None
    chosen = usable[0] if against == "first" else usable[-1]
    return f"run {chosen}", read_json(job.results / place_of(chosen, VERDICT))


def check_baseline(job: Job) -> None:
    """Errors: Unusable, the job's baseline or its expectations can't be read."""
    against = job.settings.drift.against
    if against not in ("last", "first") and not against.isdigit():
        path = job.beside(against)
        if not is_verdict(read_json(path)):
            raise Unusable("it is no verdict document", str(path), "write one with whichproxy report --json")


def difference(summary: Mapping[str, Any], drift: Drift) -> dict[str, Any]:
    """The changes, as JSON for a command or a webhook."""
    known = ("schema", "job", "number", "began", "ended", "against", "first_seen", "last_seen", "packets", "dropped")
    place = str(Path(RUNS) / f"{summary['number']:06d}")
    return {**{key: summary[key] for key in known}, "findings": drift.findings, "unmet": drift.unmet, "results": place}


def difference_page(summary: Mapping[str, Any], drift: Drift) -> str:
    """The changes as a page for people, in Markdown."""
    lines = [f"# {markdown(summary['job'])}: run {summary['number']}, what changed since {markdown(str(summary['against']))}", ""]
    for finding in drift.findings:
        lines.append(f"- **{finding['code']}** ({finding['severity']}): {markdown(finding['text'])}. {markdown(finding['advice'])}")
    lines += [f"- **not as expected**: {markdown(text)}" for text in drift.unmet]
    lines += ["", "## Now", "", *(f"- {markdown(' '.join(answer.split()))}" for answer in summary["answers"]), ""]
    return "\n".join(lines)


def _in_order(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drift findings placed by their severity; the others are in order already."""
    from analyzer.findings import SEVERITIES

    return sorted(findings, key=lambda finding: SEVERITIES.index(finding["severity"]))


def _counts(drift: Drift) -> dict[str, int]:
    codes = [finding["code"] for finding in drift.findings]
    return {code: codes.count(code) for code in sorted(set(codes))}
