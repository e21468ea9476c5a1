"""The article's claims: each is shown by the captures or said not to be here, and a capture that shows something else is told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import analyzer
from analyzer.studies.result import Study, StudyTest
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
    nobody, logon, static = study.tests[2], study.tests[3], study.tests[4]
    talking: StudyTest = study.tests[0]
    claims = article._only_wininet(talking, logon, static)
    assert [claim.shown for claim in article._only_wininet(nobody, logon, static)][:2] == [True, True]
    assert [claim.shown for claim in claims][:2] == [False, False]
