"""What should hold: what does, what doesn't, and files that say neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Mistakes, Unusable
from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.studies.document import LiveResponse
from analyzer.studies.expectations import Expectations, judged, load_expectations, unmet
from tests.report.verdicts import fifth_test, no_defender_traffic, nothing_seen


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def missed(expected: dict[str, str], verdict: dict[str, object]) -> list[str]:
    return unmet(judged(Expectations(expected), verdict))


def written(folder: Path, text: str) -> str:
    path = folder / "expect.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_table_of_the_contract(tmp_path: Path, catalogue: Catalogue) -> None:
    path = written(tmp_path, '[test.expect]\nwinner = { "edr-command-and-control" = "static", "plane:user" = "wininet" }\n')
    assert load_expectations(path, catalogue) == Expectations({"edr-command-and-control": "static", "plane:user": "wininet"})


def test_a_study_of_one_test_is_taken(tmp_path: Path, catalogue: Catalogue) -> None:
    path = written(tmp_path, '[[test]]\ntitle = "x"\n[test.expect]\nwinner = { "plane:user" = "none" }\n')
    assert load_expectations(path, catalogue) == Expectations({"plane:user": "none"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("winner =", "not valid TOML"),
        ('winner = { "plane:user" = "x" }', r"no \[test.expect\] table"),
        ("[[test]]\n[[test]]\n", "2 tests in one file"),
        ("[test.expect]\n", "nothing to expect"),
        ("[test]\nexpect = 3\n", "3 is no table"),
        ("[test.expect]\nwinner = {}\n", "no winner to expect"),
        ('[test.expect]\nwiner = { "plane:user" = "x" }\n', "unknown key 'winer'"),
        ('[test.expect]\nlive_response = "sucess"\n', r"live_response \(line 2\): 'sucess' is no outcome; write live_response ="),
        ('[test.expect]\nwinner = { "edr-comand-and-control" = "x" }\n', "did you mean 'edr-command-and-control'"),
        ('[test.expect]\nwinner = { "plane:usr" = "x" }\n', "did you mean 'plane:user'"),
        ('[test.expect]\nwinner = { "zzz" = "x" }\n', "whichproxy services lists them"),
        ('[test.expect]\nwinner = { "plane:user" = 3 }\n', "3 is no winner"),
        ('[test.expect]\nabsent = { "tls-inspectd" = "any" }\n', "did you mean 'tls-inspected'"),
        ('[test.expect]\nabsent = { "zzz" = "any" }\n', "docs/findings.md lists them"),
        ('[test.expect]\nabsent = { "tls-inspected" = 3 }\n', "3 is no proxy"),
        ("[test.expect]\nabsent = {}\n", "no finding that should be absent"),
    ],
)
def test_mistakes_are_named(text: str, said: str, tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(Unusable, match=said):
        load_expectations(written(tmp_path, text), catalogue)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "expect.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Unusable, match="not UTF-8"):
        load_expectations(str(path), catalogue)


@pytest.mark.parametrize("value", ["static", "PROX03", "prox03", "172.16.12.12:3128", "STATIC"])
def test_a_winner_is_known_by_method_name_or_address(value: str) -> None:
    assert missed({"edr-command-and-control": value, "plane:sensor": value}, fifth_test()) == []


def test_none_holds_without_winner_and_without_traffic() -> None:
    assert missed({"push-notifications": "none", "edr-sample-storage": "none", "plane:sensor": "none"}, no_defender_traffic()) == []
    assert missed({"push-notifications": "none"}, fifth_test()) == []


def test_each_unmet_expectation_is_a_line() -> None:
    assert missed({"edr-command-and-control": "winhttp", "plane:user": "none", "plane:system": "winhttp"}, fifth_test()) == [
        "expected winhttp to win for edr-command-and-control, but WORKSTATION (172.16.11.92) shows PROX03 (static) (one proxy carried all)",
        "expected none to win for user, but WORKSTATION (172.16.11.92) shows PROX02 (WinINET) (one proxy carried all)",
    ]
    assert missed({"push-notifications": "winhttp"}, fifth_test()) == [
        "expected winhttp to win for push-notifications, but WORKSTATION (172.16.11.92) shows none (only failures: 4 requests failed)"
    ]


def test_what_was_not_seen_cannot_have_won() -> None:
    assert missed({"plane:sensor": "static"}, nothing_seen()) == ["expected static to win for sensor, but it wasn't seen"]


def test_it_must_hold_for_every_source() -> None:
    verdict = fifth_test()
    other = fifth_test()["sources"][0] | {"client_ip": "172.16.11.93", "name": None}
    other["planes"][3] |= {"winner": "172.16.12.10:3128", "winner_name": "PROX01", "method": "winhttp"}
    verdict["sources"].append(other)
    assert missed({"plane:sensor": "static"}, verdict) == []
    (line,) = missed({"plane:user": "wininet"}, verdict)
    assert "172.16.11.93 shows PROX01 (WinHTTP)" in line


def live(outcome: str) -> LiveResponse:
    return {
        "outcome": outcome,  # type: ignore[typeddict-item]
        "confidence": "certain",
        "since": None,
        "proxy": None,
        "name": None,
        "method": None,
        "reason": "no channel",
        "push": None,
        "flows": ["ab" * 8],
        "outcomes": [],
    }


def test_all_mistakes_of_a_table_are_told_at_once(tmp_path: Path, catalogue: Catalogue) -> None:
    text = '[test.expect]\nlive_response = 1\nwinner = { "plane:usr" = "x", "plane:user" = 3 }\n'
    with pytest.raises(Mistakes) as caught:
        load_expectations(written(tmp_path, text), catalogue)
    assert len(caught.value.causes) == 3


def test_live_response_is_judged_beside_the_winners() -> None:
    lines = judged(Expectations({"plane:sensor": "static"}, live_response="timeout"), fifth_test(), live("success"))
    assert [(line["what"], line["held"]) for line in lines] == [("winner", True), ("live_response", False)]
    assert lines[1]["flows"] == ["ab" * 8]
    assert unmet(lines) == ["expected live response to be a timeout, but it is success (no channel)"]
    assert unmet(judged(Expectations({}, live_response="timeout"), fifth_test(), live("timeout"))) == []
    both: LiveResponse = live("timeout") | {"outcomes": ["success", "timeout"]}
    for wanted in ("success", "timeout"):
        (line,) = judged(Expectations({}, live_response=wanted), fifth_test(), both)
        assert (line["held"], line["seen"]) == (False, "success, then timeout"), "it has to hold for each session"
    (line,) = judged(Expectations({}, live_response="success"), fifth_test(), live("success") | {"outcomes": ["success", "success"]})
    assert (line["held"], line["seen"]) == (True, "success")


@pytest.mark.parametrize(
    ("proxy", "severity", "held"),
    [
        ("any", "problem", False),
        ("172.16.12.12:3128", "problem", False),
        ("PROX03", "problem", False),
        ("static", "warning", False),
        ("PROX01", "problem", True),
        ("any", "info", True),
    ],
)
def test_a_finding_that_harms_may_not_be_there(proxy: str, severity: str, held: bool) -> None:
    verdict = fifth_test()
    opened = {**verdict["findings"][0], "code": "tls-inspected", "proxy": "172.16.12.12:3128", "severity": severity, "text": "opened"}
    verdict["findings"] = [opened]
    (line,) = judged(Expectations(absent={"tls-inspected": proxy}), verdict)
    assert line["held"] is held
    assert line["text"].endswith("as expected" if held else "but: opened")
