"""What a proxy team's own allow list lacks, in whatever form it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.allow_list import FORMS, written
from analyzer.services.allowed import lacking, read_allowed, takes_in
from analyzer.services.catalogue import load_catalogue
from analyzer.services.permits import merged, required_permits
from analyzer.services.required import Device

CATALOGUE = load_catalogue()
DEVICE = Device("commercial", "EU", "standard")
PERMITS = merged(required_permits(CATALOGUE, DEVICE))


@pytest.mark.parametrize("form", FORMS)
def test_a_list_of_our_own_lacks_nothing_in_any_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(written(form, {"10.0.0.1:3128": PERMITS}), encoding="utf-8")
    assert [rule.pattern for rule in lacking(CATALOGUE, DEVICE, read_allowed(path))] == []


@pytest.mark.parametrize("form", FORMS)
def test_what_was_left_out_is_missing_in_any_form(form: str, tmp_path: Path) -> None:
    path = tmp_path / "list"
    left = [permit for permit in PERMITS if permit.pattern not in ("winatp-gw-weu.microsoft.com", "*.smartscreen.microsoft.com")]
    path.write_text(written(form, {"10.0.0.1:3128": left}), encoding="utf-8")
    missing = {rule.pattern for rule in lacking(CATALOGUE, DEVICE, read_allowed(path))}
    assert missing == {"winatp-gw-weu.microsoft.com", "*.smartscreen.microsoft.com"}


def test_a_wildcard_above_takes_in_a_name_and_a_name_no_wildcard() -> None:
    assert takes_in(["*.microsoft.com"], "*.wdcp.microsoft.com") and takes_in(["*.microsoft.com"], "microsoft.com")
    assert not takes_in(["wdcp.microsoft.com"], "*.wdcp.microsoft.com") and not takes_in(["*.t.com"], "evilt.com")


def test_comments_addresses_and_words_are_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text(
        "# a.example\n10.0.0.1\nhttps://B.example/path  # c.example\nacl x dstdomain .d.example // e.example\nword\n", encoding="utf-8"
    )
    assert read_allowed(path) == ["b.example", "*.d.example"]


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(Unusable, match="no host name in it"):
        read_allowed(tmp_path / "empty")
    with pytest.raises(Unusable, match="No such file"):
        read_allowed(tmp_path / "none")
