"""The article's claims: each is shown by the captures or said not to be here, and a capture that shows something else is noticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import analyzer
from analyzer.study_result import Study, StudyTest
from docs import article
from docs.article import Claim, claims_of
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def study() -> Study:
    return analyzer.study(ROOT / "captures" / "study.toml")


def all_claims(study: Study) -> Iterator[Claim]:
    return (claim for claims in claims_of(study) for claim in claims)


def test_no_claim_is_contradicted(study: Study) -> None:
    claims = list(all_claims(study))
    assert [claim.says for claim in claims if claim.shown is False] == []
    assert sum(claim.shown is True for claim in claims) > sum(claim.shown is None for claim in claims)


def test_the_flows_are_those_of_the_capture(study: Study) -> None:
    proved = [claim for claim in all_claims(study) if claim.flows]
    assert len(proved) > 15
    for claim in proved:
        assert claim.test is not None and set(claim.flows) <= set(claim.test.flows["id"]), claim.says


def test_another_tests_traffic_does_not_show_it(study: Study) -> None:
    """What decides is the traffic: the claims of test 2 on the capture of test 5, and the other way round."""
    tests = list(study.tests)
    tests[1], tests[5] = tests[5], tests[1]
    refuted = {claim.says for claim in (*article._two(tests[1]), *article._three(tests[5])) if claim.shown is False}
    assert refuted == {
        "Defender prefers the WinHTTP proxy over WinINET",
        "Live response goes through the WinHTTP proxy",
        "A live response session uses the static proxy",
        "*Which one wins?* (the text answers for live response alone)",
    }


def test_each_claim_about_a_silent_capture_needs_its_silence(study: Study) -> None:
    nobody, logon, recommended = study.tests[2], study.tests[3], study.tests[6]
    talking: StudyTest = study.tests[0]
    claims = article._only_wininet(talking, logon, recommended)
    assert [claim.shown for claim in article._only_wininet(nobody, logon, recommended)][:2] == [True, True]
    assert [claim.shown for claim in claims][:2] == [False, False]


def test_a_timeout_after_three_seconds_of_watching_is_unclear(study: Study) -> None:
    words = {claim.says: claim.word for claim in all_claims(study)}
    assert words["A live response session then times out"] == "unclear"
    assert words["Live response is the one that does not work: the session times out"] == "shown"


def test_both_proxies_together_are_judged_by_a_capture_that_has_both(study: Study) -> None:
    nobody, logon, without_static = study.tests[2], study.tests[3], study.tests[0]
    together = "With a static proxy beside it, everything works, also while no user is logged on"
    shown = {claim.says: claim.shown for claim in all_claims(study)}
    assert shown[together] is True
    refuted = {claim.says: claim.shown for claim in article._only_wininet(nobody, logon, without_static)}
    assert refuted[together] is False


def test_what_broke_and_what_is_only_possible_is_counted_as_such(study: Study) -> None:
    seen = {claim.says: claim.seen for claim in all_claims(study)}
    live = seen["Live response is the one that does not work: the session times out"]
    assert "19 tunnels 6 broke in the handshake: 6 of the 6 to command and control; the other 13 worked" in live
    analyzer_says = seen["By the analyzer only the SampleUpload and MdeConfigMgr URLs are reachable"]
    assert "asked and answered 2 times" in analyzer_says and "`service_possible`" in analyzer_says
    assert "differs (WinINET won, which Microsoft's text doesn't name" in seen["Most of Defender's functions are available over WinINET"]
    assert "sensor and antivirus as documented (WinHTTP over WinINET)" in seen["Defender prefers the WinHTTP proxy over WinINET"]
