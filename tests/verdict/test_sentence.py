"""The first sentence."""

from __future__ import annotations

from analyzer.verdict.sentence import answer_for, no_source_answer
from tests.report.verdicts import ANSWER, fifth_test, no_defender_traffic, nothing_seen


def test_the_verdicts_answer_and_the_order_of_precedence() -> None:
    assert answer_for(fifth_test()["sources"][0]) == (
        f"{ANSWER}. Precedence: static over WinHTTP and WinINET (sensor); static over WinINET (antivirus)."
    )


def test_planes_with_one_order_are_said_together() -> None:
    source = fifth_test()["sources"][0]
    source["precedence"].append(source["precedence"][-1] | {"under": "winhttp"})
    for entry in source["precedence"]:
        entry["over"] = entry["over"].replace("static", "172.16.12.12:3128")
    source["precedence"].reverse()
    assert answer_for(source).endswith(
        "Precedence: 172.16.12.12:3128 over WinHTTP and WinINET (antivirus); 172.16.12.12:3128 over WinINET and WinHTTP (sensor)."
    )


def test_no_defender_traffic_is_said() -> None:
    assert answer_for(no_defender_traffic()["sources"][0]) == "no Defender traffic was seen."


def test_without_sources_the_verdict_says_why() -> None:
    assert no_source_answer(nothing_seen() | {"reason": "only upstream legs seen"}) == "No proxy won: only upstream legs seen."
    assert no_source_answer(nothing_seen()) == "No proxy won: no client was seen that could have used one."
