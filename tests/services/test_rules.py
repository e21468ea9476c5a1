"""A path rule takes in a path as written: one path, or everything under one."""

from __future__ import annotations

import pytest

from analyzer.services.rules import Rule


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
