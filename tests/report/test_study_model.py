"""The study document as rows."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.report.study_model import STATUS_ORDER, build_study
from tests.report.studies import article, hostile_study


def test_each_test_is_a_row_with_its_winners() -> None:
    study = build_study(article())
    assert [[cell.text for cell in test.planes] for test in study.tests] == [
        ["WinHTTP", "WinHTTP", "WinHTTP", ""],
        ["WinHTTP", "WinHTTP", "WinHTTP", "WinINET"],
        ["", "", "", ""],
        ["WinINET", "WinINET", "", "WinINET"],
        ["static", "static", "", ""],
        ["static", "static", "WinHTTP", "WinINET"],
        ["static", "static", "", "WinINET"],
    ]
    assert [test.held for test in study.tests][:3] == ["5 of 5"] * 3
    assert study.tests[0].setup == "WinHTTP configured · no user logged on · 2026-11-23 16:15:32 to 16:15:51 UTC · T1-winhttp.pcapng"
    assert "a user logged on at 16:16:53" in study.tests[3].setup


def test_notes_tell_silence_backlog_and_what_was_dropped() -> None:
    fourth = build_study(article()).tests[3]
    assert [kind for kind, _, _ in fourth.notes] == ["silence", "backlog", "blocked"]
    assert fourth.notes[2][1] == "5 direct connections to 3 destinations came to nothing" and len(fourth.notes[2][2]) == 5


def test_orders_that_differ_come_first() -> None:
    for test in build_study(article()).tests:
        ranks = [STATUS_ORDER.index(order.status) for order in test.orders]
        assert ranks == sorted(ranks)


def test_sources_with_one_order_are_one_line_and_others_are_named() -> None:
    document = article()
    test = document["tests"][0]
    sensor, other = next(one for one in test["precedence"] if one["plane"] == "sensor"), "10.0.0.9"
    test["verdict"]["sources"] = [*test["verdict"]["sources"], {**test["verdict"]["sources"][0], "client_ip": other, "name": None}]
    for text, lines in ((sensor["text"], [sensor["text"]]), ("x over y", [f"{sensor['text']} (WORKSTATION)", f"x over y ({other})"])):
        test["precedence"] = [sensor, {**sensor, "client_ip": other, "text": text, "flows": ["f"]}]
        orders = build_study(document).tests[0].orders
        assert [order.text for order in orders] == lines
        assert sum(len(order.flows) for order in orders) == len(sensor["flows"]) + 1


@pytest.mark.parametrize(
    ("sessions", "said"),
    [
        ([(None, "2024-05-01T12:30:00.000000000Z")], "a user logged off at 12:30:00"),
        ([("2024-05-01T12:00:00.000000000Z", "2024-05-01T12:30:00.000000000Z")], "a user logged on from 12:00:00 to 12:30:00"),
    ],
)
def test_sessions_are_told(sessions: list[tuple[Any, Any]], said: str) -> None:
    document = article()
    document["tests"][0]["sessions"] = [{"logon": logon, "logoff": logoff} for logon, logoff in sessions]
    assert said in build_study(document).tests[0].setup


def test_no_winner_is_not_nothing() -> None:
    assert build_study(hostile_study()).tests[0].planes[0].text == "none"


@pytest.mark.parametrize(
    ("outcome", "confidence", "outcomes", "said"),
    [
        ("success", "likely", [], "success"),
        ("success", "unclear", [], "unclear"),
        ("timeout", "unclear", [], "timeout"),
        ("timeout", "likely", ["success", "timeout"], "success, then timeout"),
        ("success", "certain", ["success", "success"], "success"),
    ],
)
def test_live_response_is_a_success_only_where_a_session_shows(outcome: str, confidence: str, outcomes: list[str], said: str) -> None:
    document = article()
    document["tests"][0]["live_response"] |= {"outcome": outcome, "confidence": confidence, "outcomes": outcomes}
    assert build_study(document).tests[0].live_response == said
