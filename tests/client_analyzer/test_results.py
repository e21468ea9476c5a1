"""Results put together from several files."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.client_analyzer.results import load_results
from analyzer.errors import Unusable
from tests.client_analyzer.samples import ARTICLE, DOCUMENTED, EVENT, NO_PROXY, SETTINGS, XML


def test_the_first_file_with_urls_tells_of_connectivity_and_all_tell_the_rest(tmp_path: Path) -> None:
    (tmp_path / "MDEClientAnalyzer.txt").write_bytes((NO_PROXY + EVENT + "\n" + SETTINGS).encode("utf-16"))
    (tmp_path / "URLCheckLog.txt").write_text(DOCUMENTED + EVENT, encoding="utf-8")
    (tmp_path / "psexeclog.txt").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "MDEClientAnalyzer.xml").write_text(XML, encoding="utf-16")
    results = load_results(tmp_path)
    assert results.connectivity.method == "Direct" and [url.url for url in results.connectivity.urls] == ["https://xxx.microsoft.com/xxx"]
    assert [event["id"] for event in results.events] == ["130019", "132021", "999"]
    assert results.facts["ProxyEnable is set to"] == "1" and results.facts["Script version"] == "08May2024"
    assert results.files[0] == "MDEClientAnalyzer.txt" and len(results.files) == 4


def test_what_says_nothing_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("shopping list\n1 - milk: yes\n", encoding="utf-8")
    with pytest.raises(Unusable, match="nothing in it is the Client Analyzer's"):
        load_results(tmp_path / "notes.txt")


def test_hostile_xml_in_a_package_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "MDEClientAnalyzer.xml").write_text("<!DOCTYPE x><x/>", encoding="utf-8")
    with pytest.raises(Unusable, match=r"MDEClientAnalyzer\.xml: declares a document type"):
        load_results(tmp_path)
