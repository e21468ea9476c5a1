"""`whichproxy services HOST`: which service, by which rule, read where and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.services.catalogue import load_catalogue
from analyzer.services.explain import explain, rule_rows

CATALOGUE = load_catalogue()


def test_a_defender_host() -> None:
    assert explain(CATALOGUE, "x.wd.microsoft.com").splitlines() == [
        "x.wd.microsoft.com: cloud-protection",
        "  group: antivirus",
        "  evidence: own, only Defender asks for this host",
        "  plane: antivirus",
        "  why: *.wd.microsoft.com is the longest suffix that takes it in",
        "  rule: *.wd.microsoft.com (own); source: learn.microsoft.com standard-device-connectivity-urls-commercial, text of 2026-07-03",
        "  published as: MAPS/cloud-delivered protection (required; commercial; WW; standard)",
        "  notes: covers *.cp.wd.microsoft.com",
    ]


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        ("login.live.com", ["login.live.com: no Defender service", "  possible: push-notifications", "  plane: the host doesn't tell"]),
        ("v20.events.data.microsoft.com", ["  possible: edr-cyber-data", "  plane: system"]),
        ("edge.microsoft.com", ["  plane: user", "  why: not Defender's: known as Edge browser services"]),
        ("http://www.microsoft.com:80/pkiops/crl/a.crl?x", ["  why: the path fits /pkiops/* of www.microsoft.com"]),
        ("https://someone@wdcp.microsoft.com", ["https://someone@wdcp.microsoft.com: cloud-protection"]),
        (
            "nav.smartscreen.microsoft.com",
            [
                "nav.smartscreen.microsoft.com: smartscreen",
                "  evidence: platform, Windows, Azure or a browser ask for it too: it names the service and never proves Defender",
                "  plane: the host doesn't tell",
            ],
        ),
        (
            "winatp-gw-swn.microsoft.com",
            ["  why: winatp-gw-*.microsoft.com takes it in: a region that the lists don't print, at most likely"],
        ),
        ("fef.manage.microsoft.com", ["  plane: system", "  why: not Defender's: known as Intune management"]),
        ("172.16.12.10", ["172.16.12.10: no Defender service", "  why: no rule takes in this name"]),
        ("[::1", ["[::1: no Defender service"]),
        ("wdcp\n.microsoft.com", ["wdcp\\n.microsoft.com: no Defender service"]),
        ("\x1b[2Jwdcp.microsoft.com", ["\\x1b[2Jwdcp.microsoft.com: no Defender service"]),
        ("\udcffwdcp.example", ["\\udcffwdcp.example: no Defender service"]),
        ("", [": no Defender service"]),
    ],
)
def test_what_is_said(asked: str, lines: list[str]) -> None:
    said = explain(CATALOGUE, asked).splitlines()
    assert set(lines) <= set(said)
    assert all(line.isprintable() for line in said)


def test_an_unknown_name_that_looks_defenders() -> None:
    said = explain(CATALOGUE, "winatp-gw-xyz.microsoft.us")
    assert "looks like: edr-command-and-control, but no rule knows it (winatp-gw-*.microsoft.us: " in said


def test_a_users_rule_is_told_with_its_file(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[[rule]]\npattern = "a.example"\nservice = "smartscreen"\nnotes = "\\u001b[2J"\n')
    said = explain(load_catalogue([own]), "a.example")
    assert f"  rule: a.example (own); source: none given in {own}, no date given" in said
    assert "  notes: \\x1b[2J" in said


def test_rule_rows_are_plain_data() -> None:
    rows = rule_rows(CATALOGUE)
    assert len(rows) == len(CATALOGUE.rules)
    assert rows[0]["pattern"] == "crl.microsoft.com" and rows[0]["cloud"] == ["commercial", "GCC", "GCCH", "DoD"]
    assert {type(value) for row in rows for value in row.values()} == {str, list, type(None)}
