"""--expect: what holds, what doesn't, and files that say neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli.expect import load_expectations, unmet
from analyzer.errors import Unusable
from analyzer.services.catalogue import Catalogue, load_catalogue
from tests.report.verdicts import fifth_test, no_defender_traffic, nothing_seen


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def written(folder: Path, text: str) -> str:
    path = folder / "expect.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_table_of_the_contract(tmp_path: Path, catalogue: Catalogue) -> None:
    path = written(tmp_path, '[test.expect]\nwinner = { "edr-command-and-control" = "static", "plane:user" = "wininet" }\n')
    assert load_expectations(path, catalogue) == {"edr-command-and-control": "static", "plane:user": "wininet"}


def test_a_study_of_one_test_is_taken(tmp_path: Path, catalogue: Catalogue) -> None:
    path = written(tmp_path, '[[test]]\ntitle = "x"\n[test.expect]\nwinner = { "plane:user" = "none" }\n')
    assert load_expectations(path, catalogue) == {"plane:user": "none"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("winner =", "not TOML"),
        ('winner = { "plane:user" = "x" }', r"no \[test.expect\] table"),
        ("[[test]]\n[[test]]\n", "2 tests in one file"),
        ("[test.expect]\n", "no winner to expect"),
        ("[test.expect]\nwinner = {}\n", "no winner to expect"),
        ('[test.expect]\nwiner = { "plane:user" = "x" }\n', "unknown key 'winer'"),
        ('[test.expect]\nlive_response = "success"\n', "live_response can't be judged by this version"),
        ('[test.expect]\nwinner = { "edr-comand-and-control" = "x" }\n', "did you mean 'edr-command-and-control'"),
        ('[test.expect]\nwinner = { "plane:usr" = "x" }\n', "did you mean 'plane:user'"),
        ('[test.expect]\nwinner = { "zzz" = "x" }\n', "whichproxy services lists them"),
        ('[test.expect]\nwinner = { "plane:user" = 3 }\n', "3 is no winner"),
    ],
)
def test_mistakes_are_named(text: str, said: str, tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(Unusable, match=said):
        load_expectations(written(tmp_path, text), catalogue)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    path = tmp_path / "expect.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Unusable, match="not TOML"):
        load_expectations(str(path), catalogue)


@pytest.mark.parametrize("value", ["static", "PROX03", "prox03", "172.16.12.12:3128", "STATIC"])
def test_a_winner_is_known_by_method_name_or_address(value: str) -> None:
    assert unmet({"edr-command-and-control": value, "plane:sensor": value}, fifth_test()) == []


def test_none_holds_without_winner_and_without_traffic() -> None:
    assert unmet({"push-notifications": "none", "edr-sample-storage": "none", "plane:sensor": "none"}, no_defender_traffic()) == []
    assert unmet({"push-notifications": "none"}, fifth_test()) == []


def test_each_unmet_expectation_is_a_line() -> None:
    assert unmet({"edr-command-and-control": "winhttp", "plane:user": "none", "plane:system": "winhttp"}, fifth_test()) == [
        "expected winhttp to win edr-command-and-control, but WORKSTATION (172.16.11.92) shows static (PROX03) (one proxy carried all)",
        "expected none to win plane:user, but WORKSTATION (172.16.11.92) shows WinINET (PROX02) (one proxy carried all)",
    ]
    assert unmet({"push-notifications": "winhttp"}, fifth_test()) == [
        "expected winhttp to win push-notifications, but WORKSTATION (172.16.11.92) shows none (only failures: 4 requests failed)"
    ]


def test_what_was_not_seen_cannot_have_won() -> None:
    assert unmet({"plane:sensor": "static"}, nothing_seen()) == ["expected static to win plane:sensor, but it wasn't seen"]


def test_it_must_hold_for_every_source() -> None:
    verdict = fifth_test()
    other = fifth_test()["sources"][0] | {"client_ip": "172.16.11.93", "name": None}
    other["planes"][3] |= {"winner": "172.16.12.10:3128", "winner_name": "PROX01", "method": "winhttp"}
    verdict["sources"].append(other)
    assert unmet({"plane:sensor": "static"}, verdict) == []
    (line,) = unmet({"plane:user": "wininet"}, verdict)
    assert "172.16.11.93 shows WinHTTP (PROX01)" in line
