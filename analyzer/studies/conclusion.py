"""What a test, and a study, come to: a few sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any

from analyzer.studies.document import Backlog, Expectation, LiveResponse, Precedence, Silence, Test
from analyzer.text.labels import PLANES, all_of, method_name
from analyzer.text.words import counted
from analyzer.verdict.sentence import answer_for, no_source_answer

LIVE = {
    ("success", "certain"): "Live response worked",
    ("success", "likely"): "Live response probably worked",
    ("success", "unclear"): "Live response could work",
    ("timeout", "certain"): "Live response timed out",
    ("timeout", "likely"): "Live response probably timed out",
    ("timeout", "unclear"): "Live response may have timed out",
}


def conclusion_of(
    verdict: Mapping[str, Any],
    silence: Sequence[Silence],
    backlog: Sequence[Backlog],
    live: LiveResponse,
    precedence: Sequence[Precedence],
    expectations: Sequence[Expectation],
) -> str:
    """The answer, what happened over time, what live response could do, whether revocation lists were out of reach, what differs from
    the documents, and what didn't hold."""
    sources = verdict["sources"]
    many = len(sources) > 1
    answers = [f"{source['name'] or source['client_ip']}: {answer_for(source)}" if many else answer_for(source) for source in sources]
    sentences = [_capital(answer) for answer in answers] or [no_source_answer(verdict)]
    sentences += [f"{_capital(entry['text'])}." for entry in silence if entry["silent"] or not many]
    sentences += [f"{_capital(entry['text'])}." for entry in backlog]
    said = LIVE.get((live["outcome"], live["confidence"]))
    if said is not None:
        sentences.append(f"{said}: {live['reason']}.")
    sentences += [_revocation(finding) for finding in verdict["findings"] if finding["code"] == "revocation-unreachable"]
    differing = [f"{entry['plane']}: {entry['text']}" for entry in precedence if entry["status"] == "differs"]
    if differing:
        sentences.append(f"Other than documented: {'; '.join(dict.fromkeys(differing))}.")
    sentences += [f"{_capital(line['text'])}." for line in expectations if not line["held"]]
    return " ".join(sentences)


def _revocation(finding: Mapping[str, Any]) -> str:
    """Tunnels open, and yet a device may not work: what it needs where it has no way to revocation lists."""
    were = {"certain": "were", "likely": "were probably"}.get(finding["confidence"], "may have been")
    names = [one["name"] for one in finding["settings"]]
    first, others = names[:1], names[1:]
    needs = f": it needs {first[0]}, or without any way to them {all_of(others)}" if others else ""
    return f"Revocation lists {were} out of reach, without which a device may fail though its tunnels open{needs}."


def study_conclusion(tests: Sequence[Test]) -> str:
    """`Sensor: static over WinHTTP over WinINET. … Live response worked in 4 tests and timed out in 2. All 30 expectations held.`"""
    sentences = [f"{_capital(plane)}: {said}." for plane in PLANES if (said := _plane(plane, tests))] or ["No proxy won."]
    sentences += _live(tests)
    other = [test for test in tests if any(entry["status"] == "differs" for entry in test["precedence"])]
    if other:
        planes = dict.fromkeys(entry["plane"] for test in other for entry in test["precedence"] if entry["status"] == "differs")
        sentences.append(f"Other than documented in {counted(len(other), 'test')}: {all_of(list(planes))}.")
    lines = [line for test in tests for line in test["expectations"]]
    missed = sum(not line["held"] for line in lines)
    if missed:
        sentences.append(f"{missed} of {counted(len(lines), 'expectation')} didn't hold.")
    elif lines:
        sentences.append(f"All {len(lines)} expectations held." if len(lines) > 1 else "The expectation held.")
    return " ".join(sentences)


def _live(tests: Sequence[Test]) -> list[str]:
    """`Live response worked in 4 tests, timed out in 2 and is unclear in 1.`; nothing where no test had a session."""
    wanted = [test["live_response"] for test in tests if test["live_response"]["outcome"] != "none"]
    sure = Counter(live["outcome"] for live in wanted if live["confidence"] != "unclear")
    parts = [(sure["success"], "worked"), (sure["timeout"], "timed out"), (len(wanted) - sure.total(), "is unclear")]
    said = [(n, what) for n, what in parts if n]
    if not said:
        return []
    (n, what), *others = said
    first = f"{what} in {counted(n, 'test')}"
    return [f"Live response {all_of([first, *(f'{other} in {m}' for m, other in others)])}."]


def _plane(plane: str, tests: Sequence[Test]) -> str:
    """The order that all tests together show of a plane; where they show none, in how many tests each method won; "": nobody won."""
    shown = [entry for test in tests for entry in test["precedence"] if entry["plane"] == plane and entry["status"] != "not shown"]
    over = {(entry["observed"][0], under) for entry in shown for under in (*entry["observed"][1:], *entry["passed_over"])}
    if chain := _chain(over):
        return " over ".join(all_of([_called(method) for method in rank]) for rank in chain)
    won = Counter(
        method
        for test in tests
        for method in {e["method"] or e["winner"] for s in test["verdict"]["sources"] for e in s["planes"] if e["plane"] == plane}
        if method
    )
    ordered = sorted(won.items(), key=lambda win: (-win[1], win[0].casefold()))
    return all_of([f"{_called(method)} in {counted(n, 'test')}" for method, n in ordered])


def _chain(over: Set[tuple[str, str]]) -> list[list[str]]:
    """The methods in ranks, best first, if each of a rank went over each of the next; else none: tests that contradict show no order."""
    left, ranks = {method for pair in over for method in pair}, list[list[str]]()
    while left:
        rank = sorted((m for m in left if not any(above in left and below == m for above, below in over)), key=str.casefold)
        if not rank or (ranks and not all((above, below) in over for above in ranks[-1] for below in rank)):
            return []
        ranks.append(rank)
        left -= set(rank)
    return ranks


def _called(method: str) -> str:
    return method_name(method) or method


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
