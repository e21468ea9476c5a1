"""The catalogue listed, and hosts explained."""

from __future__ import annotations

from pathlib import Path

from analyzer.services.catalogue import load_catalogue
from tests.cli.conftest import Whichproxy


def test_without_hosts_every_rule_is_listed_under_its_service(whichproxy: Whichproxy) -> None:
    ended = whichproxy("services")
    catalogue = load_catalogue()
    assert ended.code == 0 and ended.err == ""
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[:-3] if not line.startswith(" ")] == list(catalogue.services)
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == sorted(rule.pattern for rule in catalogue.rules)
    assert lines[-3] == f"{len(catalogue.rules)} rules, {len(catalogue.services)} services"


def test_hosts_are_explained_one_after_the_other(whichproxy: Whichproxy) -> None:
    ended = whichproxy("services", "winatp-gw-neu.microsoft.com", "www.example.org", "a\x1b[31m.example")
    assert ended.code == 0
    first, second, third = ended.out.split("\n\n")
    assert first.startswith("winatp-gw-neu.microsoft.com: edr-command-and-control\n") and "rule: " in first
    assert second.startswith("www.example.org: no Defender service")
    assert "\x1b" not in third


def test_a_catalogue_of_ones_own_is_heard(tmp_path: Path, whichproxy: Whichproxy) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[rule]]\npattern = "*.contoso.example"\nservice = "edr-cyber-data"\n', encoding="utf-8")
    assert whichproxy("services", "--catalogue", own, "a.contoso.example").out.startswith("a.contoso.example: edr-cyber-data")


def test_an_allow_list_of_what_is_required(whichproxy: Whichproxy) -> None:
    ended = whichproxy("services", "--allow", "plain", "--geo", "EU", "--model", "streamlined")
    assert (ended.code, ended.err) == (0, "")
    assert "*.endpoint.security.microsoft.com" in ended.out.splitlines() and "winatp-gw-weu.microsoft.com" not in ended.out
    refused = whichproxy("services", "--allow", "squid", "--geo", "eu")
    assert (refused.code, refused.lines) == (2, ["whichproxy: --geo: 'eu' is no geo of the catalogue; did you mean EU?"])


def test_a_list_of_what_must_not_be_opened(whichproxy: Whichproxy) -> None:
    ended = whichproxy("services", "--no-inspection", "palo-alto", "--geo", "EU")
    assert (ended.code, ended.err) == (0, "")
    assert {"wdcp.microsoft.com/", "*.wdcp.microsoft.com/", "winatp-gw-weu.microsoft.com/"} <= set(ended.out.splitlines())
    assert "crl.microsoft.com/" not in ended.out
