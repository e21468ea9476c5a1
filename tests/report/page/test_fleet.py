"""The page of a fleet: whole, inert, and of well-formed HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from analyzer.report.page.fleet import MOST_FINDINGS, history_to_html
from analyzer.text.labels import PLANES
from tests.report.browser import MISSING, WHY, chromium
from tests.report.histories import TWO, finding, fleet, winner

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}


class Tags(HTMLParser):
    """Which elements there are; closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_strangers_text_is_text_and_nothing_runs_or_loads() -> None:
    page = history_to_html(fleet())
    assert "<script" not in page and "&lt;script&gt;" in page and "\x1b" not in page and "\u202e" not in page
    assert "default-src &#39;none&#39;" in page and "://" not in page
    tags = Tags()
    tags.feed(page)
    assert tags.open == [] and {"script", "iframe", "form", "img", "a"} & set(tags.seen) == {"a"}


def test_everything_of_the_history_is_on_it() -> None:
    page = history_to_html(fleet())
    for text in ("2 of 3 gateways report", "PROX01", "works for 1", "nothing of b", "old news", "1 older finding", "2026-10-02: nothing"):
        assert text in page, text
    assert page.count('<td class="strip">') == 3


def test_of_very_many_findings_the_rest_is_counted() -> None:
    many = fleet()
    many["findings"] = [finding("new-direct", f"number {number}", ["a"]) for number in range(MOST_FINDINGS + 3)]
    assert "And 3 findings more" in history_to_html(many)


@pytest.mark.skipif(bool(MISSING), reason=WHY)
def test_a_browser_shows_it_and_asks_nobody_for_anything(tmp_path: Path) -> None:
    path, wide = tmp_path / "fleet.html", tmp_path / "wide.html"
    path.write_text(history_to_html(fleet()), encoding="utf-8")
    full = fleet()
    full["window"][0] = "2026-08-03T08:00:00.000000000Z"
    full["gateways"][0]["planes"] = [{"plane": plane, "winners": [winner(), winner(TWO)]} for plane in PLANES]
    wide.write_text(history_to_html(full), encoding="utf-8")
    with chromium() as browser:
        browser.open(path)
        assert browser.console() == []
        assert {url.partition(":")[0] for url in browser.requests()} <= {"file", "data"}
        assert browser.run("return document.querySelectorAll('.fleet tbody tr').length") == 3
        colours = browser.run("return [...document.querySelectorAll('.strip span')].map((s) => getComputedStyle(s).backgroundColor)")
        assert len(set(colours)) > 2, "days have the colours of who won"
        browser.open(path, width=390)
        assert browser.run("return document.documentElement.scrollWidth") <= 390
        cut = "return [...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1).length"
        assert browser.run(cut) == 0, "on a telephone rows stand below each other"
        browser.open(wide, width=1440)
        assert browser.run(cut) == 0, "four planes and two months find room beside each other"
