"""The sentences that a person reads first."""

from __future__ import annotations

from typing import Any

from analyzer.fleet.answers import MOST_ANSWERS, answers_of, recent


def finding(code: str, last: str | None, severity: str = "warning") -> dict[str, Any]:
    return {"code": code, "severity": severity, "text": f"{code} text", "last_seen": last, "gateways": ["a"]}


def gateway(name: str, state: str = "reporting", sources: int = 2) -> dict[str, Any]:
    winner = {"proxy": "10.0.0.1:3128", "name": "PROX01", "method": "winhttp", "sources": sources, "since": None, "works": sources}
    planes = [{"plane": "sensor", "winners": [winner]}]
    return {"gateway": name, "state": state, "last_seen": "2026-10-01T00:00:00.000000000Z", "planes": planes}


def document(*findings: dict[str, Any], gateways: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    end = "2026-10-20T12:00:00.000000000Z"
    return {"window": [None, end], "gateways": gateways or [gateway("a"), gateway("b", sources=3)], "findings": list(findings)}


def test_who_reports_and_who_wins_come_first() -> None:
    told = answers_of(document())
    assert told[0] == "All 2 gateways report, until 2026-10-20 12:00:00."
    assert told[1] == "Who wins, by sources: sensor: PROX01 (WinHTTP) 5."
    assert told[2] == "No winner changed in the last 7 days."
    assert answers_of(document(gateways=[gateway("a"), gateway("b", "silent")]))[0] == (
        "1 of 2 gateways report; silent: b since 2026-10-01 00:00:00."
    )
    broken = gateway("c", sources=4)
    broken["planes"][0]["winners"][0]["works"] = 1
    assert answers_of(document(gateways=[gateway("a"), broken]))[1] == "Who wins, by sources: sensor: PROX01 (WinHTTP) 6 (works for 3)."
    bare = {**gateway("a"), "planes": []}
    assert answers_of(document(gateways=[bare]))[1] == "No request to a proxy for anything of Defender's was seen."


def test_what_is_old_is_not_news_but_what_is_silent_still_is() -> None:
    old, new = "2026-10-01T00:00:00.000000000Z", "2026-10-19T00:00:00.000000000Z"
    made = document(finding("winner-changed", old), finding("gateway-silent", old, "problem"), finding("new-direct", new))
    assert [one["code"] for one in recent(made)] == ["gateway-silent", "new-direct"]
    assert answers_of(made)[2:] == ["No winner changed in the last 7 days.", "New past the proxies: new-direct text."]


def test_there_are_six_at_most() -> None:
    new = "2026-10-19T00:00:00.000000000Z"
    every = [
        finding(code, new) for code in ("winner-changed", "winner-changed", "new-direct", "service-silent", "failures-up", "new-proxy")
    ]
    told = answers_of(document(*every))
    assert len(told) <= MOST_ANSWERS and told[2].endswith("And 1 more.")
    assert told[-1] == "Also new: 1 × service-silent, 1 × failures-up, 1 × new-proxy."
