"""What a test, and a study, come to: a few sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.report.answer import answer_for, no_source_answer
from analyzer.report.labels import counted, listed, method_name
from analyzer.studies.document import Backlog, Expectation, LiveResponse, Precedence, Silence, Test

LIVE = {"success": "Live response could work", "timeout": "Live response could not work"}


def conclusion_of(
    verdict: Mapping[str, Any],
    silence: Sequence[Silence],
    backlog: Sequence[Backlog],
    live: LiveResponse,
    precedence: Sequence[Precedence],
    expectations: Sequence[Expectation],
) -> str:
    """The answer, what happened over time, what live response could do, what differs from the documents, and what didn't hold."""
    sources = verdict["sources"]
    many = len(sources) > 1
    answers = [f"{source['name'] or source['client_ip']}: {answer_for(source)}" if many else answer_for(source) for source in sources]
    sentences = [_capital(answer) for answer in answers] or [no_source_answer(verdict)]
    sentences += [f"{_capital(entry['text'])}." for entry in silence if entry["silent"] or not many]
    sentences += [f"{_capital(entry['text'])}." for entry in backlog]
    if live["outcome"] in LIVE:
        sentences.append(f"{LIVE[live['outcome']]}: {live['reason']}.")
    differing = [f"{entry['plane']}: {entry['text']}" for entry in precedence if entry["status"] == "differs"]
    if differing:
        sentences.append(f"Other than documented: {'; '.join(dict.fromkeys(differing))}.")
    sentences += [f"{_capital(line['text'])}." for line in expectations if not line["held"]]
    return " ".join(sentences)


def study_conclusion(tests: Sequence[Test]) -> str:
    """`6 tests. sensor: WinHTTP won in 2 tests, … All 23 expectations held.`"""
    sentences = [f"{counted(len(tests), 'test')}."]
    for plane in ("sensor", "antivirus", "system", "user"):
        wins: dict[str, int] = {}
        for test in tests:
            methods = {
                e["method"] or e["winner"] for s in test["verdict"]["sources"] for e in s["planes"] if e["plane"] == plane and e["winner"]
            }
            for method in sorted(methods):
                wins[method] = wins.get(method, 0) + 1
        if wins:
            ordered = sorted(wins.items(), key=lambda win: (-win[1], method_name(win[0]) or ""))
            won = listed([f"{method_name(method)} in {n}" for method, n in ordered])
            sentences.append(f"{_capital(plane)}: {won}.")
    shown = _orders(tests)
    if shown:
        sentences.append(f"Order shown: {'; '.join(shown)}.")
    lines = [line for test in tests for line in test["expectations"]]
    missed = sum(not line["held"] for line in lines)
    if lines:
        sentences.append(
            f"All {len(lines)} expectations held." if not missed else f"{missed} of {counted(len(lines), 'expectation')} didn't hold."
        )
    return " ".join(sentences)


def _orders(tests: Sequence[Test]) -> list[str]:
    """`sensor: static over WinHTTP and WinINET`, each once."""
    shown = [f"{entry['plane']}: {entry['text']}" for test in tests for entry in test["precedence"] if entry["status"] == "as documented"]
    return list(dict.fromkeys(shown))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
