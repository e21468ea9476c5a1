"""The first sentence."""

from __future__ import annotations

from analyzer.report.answer import answer_for, no_source_answer
from tests.report.verdicts import PROXIES, fifth_test, judged, no_defender_traffic, nothing_seen, part


def test_each_plane_with_its_winner_and_the_order_of_precedence() -> None:
    assert answer_for(fifth_test()["sources"][0]) == (
        "static (PROX03) won for sensor (likely) and antivirus, WinHTTP (PROX01) for system, "
        "WinINET (PROX02) for user. Precedence: static over WinHTTP and WinINET."
    )


def test_no_defender_traffic_is_said() -> None:
    assert answer_for(no_defender_traffic()["sources"][0]) == "no Defender traffic was seen, so no proxy won."


def test_only_failures_have_no_winner() -> None:
    proxy = next(iter(PROXIES))
    source = no_defender_traffic()["sources"][0]
    source["services"] = [{"service": "push-notifications", "group": "push", "plane": None, **judged(None, [part(proxy, 0, 3)])}]
    assert answer_for(source) == "No proxy won for push-notifications."


def test_a_user_without_defender_services_is_said_so() -> None:
    proxy = next(iter(PROXIES))
    source = no_defender_traffic()["sources"][0]
    source["planes"] = [{"plane": "user", **judged(proxy, [part(proxy, 3)])}]
    assert answer_for(source) == "WinHTTP (PROX01) won for user. No Defender service was seen."


def test_without_sources_the_verdict_says_why() -> None:
    assert no_source_answer(nothing_seen() | {"reason": "only upstream legs seen"}) == "No proxy won: only upstream legs seen."
    assert no_source_answer(nothing_seen()) == "No proxy won: no client was seen that could have used one."
