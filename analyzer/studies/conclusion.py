"""The conclusions of a test and of a study, as a few sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any

from analyzer.studies.document import Backlog, Expectation, LiveResponse, Precedence, Silence, Test
from analyzer.text.labels import PLANES, all_of, method_name
from analyzer.text.words import counted
from analyzer.verdict.sentence import answer_for, no_source_answer

LIVE_WORDS = {
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
    """The sentences of one test: the verdict's answer, silence and backlog, live response, unreachable revocation lists, differences from
    the documents, expectations that didn't hold."""
    sources = verdict["sources"]
    many = len(sources) > 1
    answers = [f"{source['name'] or source['client_ip']}: {answer_for(source)}" if many else answer_for(source) for source in sources]
    sentences = [_capital(answer) for answer in answers] or [no_source_answer(verdict)]
    sentences += [f"{_capital(entry['text'])}." for entry in silence if entry["silent"] or not many]
    sentences += [f"{_capital(entry['text'])}." for entry in backlog]
    words = LIVE_WORDS.get((live["outcome"], live["confidence"]))
    if words is not None:
        sentences.append(f"{words}: {live['reason']}.")
    sentences += [_revocation(finding) for finding in verdict["findings"] if finding["code"] == "revocation-unreachable"]
    differing = [f"{entry['plane']}: {entry['text']}" for entry in precedence if entry["status"] == "differs"]
    if differing:
        sentences.append(f"Other than documented: {'; '.join(dict.fromkeys(differing))}.")
    sentences += [f"{_capital(line['text'])}." for line in expectations if not line["held"]]
    return " ".join(sentences)


def _revocation(finding: Mapping[str, Any]) -> str:
    """The sentence about unreachable revocation lists: tunnels open, but a device may not work; with the settings that it needs then."""
    were = {"certain": "were", "likely": "were probably"}.get(finding["confidence"], "may have been")
    names = [one["name"] for one in finding["settings"]]
    first, others = names[:1], names[1:]
    needs = f": it needs {first[0]}, or without any way to them {all_of(others)}" if others else ""
    return f"Revocation lists {were} out of reach, without which a device may fail though its tunnels open{needs}."


def study_conclusion(tests: Sequence[Test]) -> str:
    """`Sensor: static over WinHTTP over WinINET. … Live response worked in 4 tests and timed out in 2. All 30 expectations held.`"""
    sentences = [f"{_capital(plane)}: {text}." for plane in PLANES if (text := _plane(plane, tests))] or ["No proxy won."]
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
    """`Live response worked in 4 tests, timed out in 2 and is unclear in 1.`; empty if no test had a session."""
    wanted = [test["live_response"] for test in tests if test["live_response"]["outcome"] != "none"]
    sure = Counter(live["outcome"] for live in wanted if live["confidence"] != "unclear")
    parts = [(sure["success"], "worked"), (sure["timeout"], "timed out"), (len(wanted) - sure.total(), "is unclear")]
    counts = [(n, what) for n, what in parts if n]
    if not counts:
        return []
    (n, what), *others = counts
    first = f"{what} in {counted(n, 'test')}"
    return [f"Live response {all_of([first, *(f'{other} in {m}' for m, other in others)])}."]


def _plane(plane: str, tests: Sequence[Test]) -> str:
    """The order of methods that all tests together show for a plane; without one, in how many tests each method won; "": no method won."""
    shown = [entry for test in tests for entry in test["precedence"] if entry["plane"] == plane and entry["status"] != "not shown"]
    over = {(entry["observed"][0], under) for entry in shown for under in (*entry["observed"][1:], *entry["passed_over"])}
    if chain := _chain(over):
        return " over ".join(all_of([_method_label(method) for method in rank]) for rank in chain)
    won = Counter(
        method
        for test in tests
        for method in {e["method"] or e["winner"] for s in test["verdict"]["sources"] for e in s["planes"] if e["plane"] == plane}
        if method
    )
    ordered = sorted(won.items(), key=lambda win: (-win[1], win[0].casefold()))
    return all_of([f"{_method_label(method)} in {counted(n, 'test')}" for method, n in ordered])


def _chain(over: Set[tuple[str, str]]) -> list[list[str]]:
    """The methods in ranks, best first, if each of a rank won over each of the next; else empty: tests that contradict show no order.

    over   (winner, loser) pairs of methods
    """
    left, ranks = {method for pair in over for method in pair}, list[list[str]]()
    while left:
        rank = sorted((m for m in left if not any(above in left and below == m for above, below in over)), key=str.casefold)
        if not rank or (ranks and not all((above, below) in over for above in ranks[-1] for below in rank)):
            return []
        ranks.append(rank)
        left -= set(rank)
    return ranks


def _method_label(method: str) -> str:
    return method_name(method) or method


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
