"""What a study comes to, in sentences."""

from __future__ import annotations

from copy import deepcopy

import pytest

from analyzer.studies.conclusion import conclusion_of, study_conclusion
from analyzer.studies.document import StudyDocument
from analyzer.studies.file import load_plan
from analyzer.studies.run import run_study
from tests.studies.laboratory import CAPTURES, CATALOGUE


@pytest.fixture(scope="module")
def document() -> StudyDocument:
    return run_study(load_plan(CAPTURES / "study.toml", CATALOGUE), CATALOGUE).document


def test_the_answer_comes_first_then_what_happened(document: StudyDocument) -> None:
    text = document["tests"][3]["conclusion"]
    assert text.startswith(
        "PROX02 (WinINET) won for sensor, but TLS broke in 6 of 19 tunnels; PROX02 (WinINET) won for antivirus and user."
    )
    assert "WORKSTATION sent nothing to Defender's services for 7.6 s" in text
    assert "after 8 s of silence" in text
    assert document["tests"][2]["conclusion"].startswith("No Defender traffic was seen.")


def test_what_did_not_hold_is_said(document: StudyDocument) -> None:
    test = deepcopy(document["tests"][0])
    test["expectations"][0] |= {"held": False, "text": "expected static to win for sensor, but it didn't"}
    parts = (test["verdict"], test["silence"], test["backlog"], test["live_response"], test["precedence"], test["expectations"])
    assert conclusion_of(*parts).endswith("Expected static to win for sensor, but it didn't.")
    assert study_conclusion([test]).endswith("1 of 5 expectations didn't hold.")


def test_the_study_sums_up_the_order_that_its_tests_show_together(document: StudyDocument) -> None:
    assert study_conclusion(document["tests"]) == (
        "Sensor: static over WinHTTP over WinINET. Antivirus: static over WinHTTP over WinINET. "
        "System: WinHTTP over static and WinINET. User: WinINET over static and WinHTTP. "
        "Live response worked in 5 tests, timed out in 1 and is unclear in 1. "
        "Other than documented in 1 test: sensor. All 35 expectations held."
    )
    alone = deepcopy(document["tests"][0])
    alone["expectations"] = []
    assert study_conclusion([alone]).startswith("Sensor: WinHTTP in 1 test. Antivirus: WinHTTP in 1 test. ")
    nothing = {**document["tests"][2], "expectations": []}
    assert study_conclusion([nothing]) == "No proxy won. Live response is unclear in 1 test."


def test_tests_that_contradict_show_no_order(document: StudyDocument) -> None:
    turned = deepcopy(document["tests"][1])
    sensor = next(entry for entry in turned["precedence"] if entry["plane"] == "sensor")
    sensor |= {"observed": ["wininet"], "passed_over": ["winhttp"]}
    assert study_conclusion([document["tests"][1], turned]).startswith("Sensor: WinHTTP in 2 tests. Antivirus: WinHTTP over WinINET. ")


def test_without_sources_the_reason_is_given(document: StudyDocument) -> None:
    verdict = {"sources": [], "findings": [], "reason": "no TCP or UDP flow was captured in this window"}
    live = document["tests"][0]["live_response"] | {"outcome": "none"}
    assert conclusion_of(verdict, [], [], live, [], []) == "No proxy won: no TCP or UDP flow was captured in this window."  # type: ignore[arg-type]


def test_revocation_lists_out_of_reach_are_in_the_text(document: StudyDocument) -> None:
    test = document["tests"][0]
    settings = [{"name": name} for name in ("netsh winhttp", "PreferStaticProxyForHttpRequest", "SSLOptions")]
    finding = {"code": "revocation-unreachable", "confidence": "unclear", "settings": settings}
    verdict = test["verdict"] | {"findings": [finding]}
    said = conclusion_of(verdict, [], [], test["live_response"], [], [])
    assert said.endswith(
        "Revocation lists may have been out of reach, without which a device may fail though its tunnels open: it needs netsh winhttp, or "
        "without any way to them PreferStaticProxyForHttpRequest and SSLOptions."
    )
    assert "Revocation" not in conclusion_of(test["verdict"] | {"findings": []}, [], [], test["live_response"], [], [])
