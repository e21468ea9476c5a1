"""A page that says what the catalogue says differs in nothing; each way to differ is listed, and the file made of it mends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.services.changes import CHANGED, GONE, NEW, changes, own_catalogue
from analyzer.services.match import match_host
from analyzer.services.published import read_published
from tests.services.pages import comma_separated, markdown, of_catalogue, row

CATALOGUE = load_catalogue()


def written(folder: Path, rows: list[list[str]], model: str = "standard", day: str = "01/01/2027") -> Path:
    path = folder / f"{model}-device-connectivity-urls-commercial.md"
    path.write_text(markdown(rows, f"Microsoft Defender for Endpoint {model} connectivity URLs - commercial", day=day), encoding="utf-8")
    return path


def told(path: Path, catalogue: Catalogue = CATALOGUE) -> list[tuple[str, str, str]]:
    return [(change.kind, change.pattern, change.what) for change in changes(catalogue, read_published(path))]


def mended(path: Path, folder: Path) -> Catalogue:
    page = read_published(path)
    own = folder / "own.toml"
    own.write_text(own_catalogue(CATALOGUE, page, changes(CATALOGUE, page)), encoding="utf-8")
    return load_catalogue([own])


@pytest.mark.parametrize("model", ["standard", "streamlined"])
def test_a_page_that_says_the_same_differs_in_nothing(tmp_path: Path, model: str) -> None:
    assert told(written(tmp_path, of_catalogue(CATALOGUE, model), model)) == []


def test_new_hosts_are_told_with_what_is_known_of_them(tmp_path: Path) -> None:
    rows = [
        *of_catalogue(CATALOGUE),
        row("winatp-gw-swn.microsoft.com", geo="CH", description="Command and control"),
        row("wsch1northprod.blob.core.windows.net", geo="CH", description="Storage"),
        row("brandnew.example.com", description=rule_named("automatedirstrprdweu.blob.core.windows.net")),
        row("nobody.example.com", description="Something else"),
    ]
    path = written(tmp_path, rows)
    known = "edr-command-and-control today, by winatp-gw-*.microsoft.com"
    assert told(path) == [
        (NEW, "winatp-gw-swn.microsoft.com", f"required, CH, commercial: Command and control ({known})"),
        (NEW, "wsch1northprod.blob.core.windows.net", "required, CH, commercial: Storage (perhaps monitoring-agent)"),
        (NEW, "brandnew.example.com", f"required, WW, commercial: {rows[-2][5]} (unknown today)"),
        (NEW, "nobody.example.com", "required, WW, commercial: Something else (unknown today)"),
    ]
    catalogue = mended(path, tmp_path)
    region = match_host(catalogue, "winatp-gw-swn.microsoft.com")
    assert (region.service, region.evidence, region.is_regional) == ("edr-command-and-control", "own", False)
    shaped = match_host(catalogue, "wsch1northprod.blob.core.windows.net")
    assert (shaped.service, shaped.evidence, shaped.plane) == ("sample-upload", "own", "antivirus")
    described = match_host(catalogue, "brandnew.example.com")
    assert (described.service, described.possible) == (None, "edr-sample-storage")  # it isn't known which other programs ask for it
    assert match_host(catalogue, "nobody.example.com").possible is None
    assert "nobody.example.com" in (tmp_path / "own.toml").read_text()
    assert [change for change in told(path, catalogue) if change[1] != "nobody.example.com"] == []


def rule_named(pattern: str) -> str:
    return next(rule.published_name or "" for rule in CATALOGUE.rules if rule.pattern == pattern)


def test_what_changed_is_told_and_mended_and_other_lists_stay(tmp_path: Path) -> None:
    rows = of_catalogue(CATALOGUE)
    for each in rows:
        if each[4] == "crl.microsoft.com":
            each[6], each[3] = "Optional", "80, 443"
        if each[4] == "winatp-gw-weu.microsoft.com":
            each[1] = "CH"
    path = written(tmp_path, rows)
    assert told(path) == [
        (CHANGED, "crl.microsoft.com", "optional, not required; port 443 too"),
        (CHANGED, "winatp-gw-weu.microsoft.com", "geography CH, not EU"),
    ]
    catalogue = mended(path, tmp_path)
    assert told(path, catalogue) == []
    assert catalogue.as_of == "2027-01-01"
    said = {(rule.category, rule.cloud, rule.connectivity_model) for rule in catalogue.rules if rule.pattern == "crl.microsoft.com"}
    assert said == {
        ("optional", ("commercial",), ("standard",)),
        ("required", ("GCC", "GCCH", "DoD"), ("standard", "streamlined")),
        ("required", ("commercial",), ("streamlined",)),
    }
    match = match_host(catalogue, "crl.microsoft.com")
    assert (match.service, match.evidence, match.plane) == ("certificate-trust", "platform", "system")


def test_what_is_gone_is_told_but_not_by_a_page_older_than_the_rule(tmp_path: Path) -> None:
    rows = [each for each in of_catalogue(CATALOGUE) if each[4] != "x.cp.wd.microsoft.com"]
    gone = [(GONE, "x.cp.wd.microsoft.com", "cloud-protection (required, WW)")]
    page = read_published(written(tmp_path, rows))
    assert told(written(tmp_path, rows)) == gone
    assert "#   x.cp.wd.microsoft.com  " in own_catalogue(CATALOGUE, page, changes(CATALOGUE, page))
    assert told(written(tmp_path, rows, day="01/01/2026")) == []


def test_a_change_on_an_old_page_says_so(tmp_path: Path) -> None:
    rows = of_catalogue(CATALOGUE)
    next(each for each in rows if each[4] == "crl.microsoft.com")[6] = "Optional"
    what = "optional, not required; the catalogue's text is newer, of 2026-07-03"
    assert told(written(tmp_path, rows, day="10/16/2025")) == [(CHANGED, "crl.microsoft.com", what)]


# What a page can hold: hosts that are known and new, with any text about them, in texts that mean something to TOML.
hosts = st.sampled_from(
    [rule.pattern for rule in CATALOGUE.rules if not rule.is_regional]
    + ["new.example.com", "*.new.example.com", "winatp-gw-x.microsoft.com"]
)
cells = st.builds(
    row,
    hosts | st.builds("{}{}".format, hosts, st.sampled_from(["/pki/x", "/y/*", "/?"])),
    st.sampled_from(["Required", "Optional", "Yes", ""]),
    st.sampled_from(["WW", "EU", "CH", "US Gov", "GCC", "All", ""]),
    st.sampled_from(["443", "80", "443, 80", ""]),
    st.text(max_size=20) | st.sampled_from(['"""', "\\", "\x7f", "#\n[[rule]]", "\u2028"]),
)


@settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # a catalogue is loaded for each
@given(st.lists(cells, min_size=1, max_size=8), st.sampled_from(["standard", "streamlined"]))
def test_whatever_a_page_says_the_file_made_of_it_is_a_catalogue_that_agrees(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], model: str
) -> None:
    folder = tmp_path_factory.mktemp("page")
    path = folder / f"{model}.csv"
    path.write_text(comma_separated(rows), encoding="utf-8")
    page = read_published(path)
    found = changes(CATALOGUE, page)
    catalogue = mended(path, folder)
    still = {change.pattern for change in changes(catalogue, page) if change.row is not None}
    text = (folder / "own.toml").read_text(encoding="utf-8")
    assert all(f"shows which service it is for: {pattern}  " in text for pattern in still)
    assert {change.pattern for change in found if change.row is not None} >= still
