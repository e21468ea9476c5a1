"""A path rule takes in a path as written: one path, or everything under one. What a rule counts as; which patterns are regional."""

from __future__ import annotations

import pytest

from analyzer.services.rules import Rule, is_regional


@pytest.mark.parametrize(
    ("url_path", "path", "fits"),
    [
        ("/pki/*", "/pki/crl/a.crl", True),
        ("/pki/*", "/pki/", True),
        ("/pki/*", "/pki", False),
        ("/pki/*", "/pkiops/crl/a.crl", False),
        ("/pki/*", "/x/pki/a.crl", False),
        ("/adlpackages.aspx", "/ADLPackages.aspx", True),
        ("/adlpackages.aspx", "/adlpackages.aspx?action=info", True),
        ("/adlpackages.aspx", "/adlpackages.aspx/x", False),
        ("/pki/*", "/x?/pki/", False),
        ("/pki/*", "", False),
        ("/pki/*", None, False),
        (None, "/pki/", False),
    ],
)
def test_covers(url_path: str | None, path: str | None, fits: bool) -> None:
    rule = Rule("www.example", "certificate-trust", "trust", "system", evidence="path", url_path=url_path)
    assert rule.covers(path) is fits


@pytest.mark.parametrize(
    ("evidence", "url_path", "counts_as"),
    [
        ("own", "/pki/*", "own"),
        ("platform", None, "platform"),
        ("shared", "/networkscannerstable/*", "shared"),
        ("path", "/pki/*", "platform"),
        ("path", "/NetworkScannerStable/*", "own"),
        ("path", "/networkscannerstable", "platform"),
        ("path", "/x/networkscannerstable/*", "platform"),
    ],
)
def test_a_path_is_platform_and_own_only_where_nothing_but_the_scanner_lies(evidence: str, url_path: str | None, counts_as: str) -> None:
    assert Rule("a.example", "s", "g", None, evidence=evidence, url_path=url_path).counts_as == counts_as


@pytest.mark.parametrize(
    ("pattern", "regional"),
    [("gw-*.a.example", True), ("*-v20.a.example", True), ("*.gw-*.a.example", True), ("*.a.example", False), ("a.example", False)],
)
def test_a_star_inside_a_label_makes_a_pattern_regional(pattern: str, regional: bool) -> None:
    assert is_regional(pattern) is regional
    assert Rule(pattern, "s", "g", None).is_regional is regional
