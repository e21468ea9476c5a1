"""The fragment that a notebook shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import analyzer
from analyzer.report.model import build
from analyzer.report.notebook import to_html_fragment
from tests.conftest import ROOT
from tests.report.fleets import fleet
from tests.report.verdicts import fifth_test, hostile, nothing_seen


class Shape(HTMLParser):
    """Tags with their attributes, and whether each is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {attrs}" if attrs else tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def shape(html: str) -> list[str]:
    parser = Shape()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.tags


def test_it_names_the_flows_of_findings_and_of_both_legs() -> None:
    verdict = fifth_test()
    text, leg = to_html_fragment(build(verdict)), verdict["legs"][0]
    assert leg["flows"][0] in text.partition("Behind the proxies")[2] and leg["text"] in text.replace("&#x27;", "'")
    for finding in verdict["findings"]:
        assert all(flow in text for flow in finding["flows"][:3])
    assert build(verdict).sources[0].talk[0] in text


def test_it_is_tables_and_paragraphs_only() -> None:
    tags = {tag.partition(" ")[0] for tag in shape(to_html_fragment(build(fifth_test())))}
    allowed = {
        "div",
        "p",
        "strong",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "li",
        "br",
        "details",
        "summary",
    }
    assert tags <= allowed


def test_a_study_is_a_table_of_its_tests() -> None:
    study = analyzer.study(ROOT / "captures" / "study.toml")
    text = study._repr_html_()
    assert shape(text).count("tr") == len(study.tests) + 1
    assert re.search(r"5\. Static proxy configuration only</td><td[^>]*>static</td>", text)
    assert shape(study.tests[4]._repr_html_())[:4] == ["p", "em", "p", "div"]
    assert "live response started" in repr(study.tests[4].plot.timeline())


def test_hostile_strings_make_no_tag() -> None:
    assert shape(to_html_fragment(build(hostile()))) == shape(to_html_fragment(build(fifth_test())))


def test_it_says_who_won() -> None:
    text = to_html_fragment(build(fifth_test()))
    assert "PROX03 (static) won for sensor" in text
    assert "<strong>▶ 41 (1.2 MB), 1 failed</strong>" in text
    assert "No proxy won" in to_html_fragment(build(nothing_seen()))


def test_it_says_how_its_tables_stand_since_notebooks_centre_them() -> None:
    cells = [tag for tag in shape(to_html_fragment(build(fifth_test()))) if tag.startswith(("td", "th ["))]
    assert cells and all("text-align:left" in cell for cell in cells)


def test_of_many_sources_only_the_answers_stand_open() -> None:
    text = to_html_fragment(build(fleet(2_000)))
    open_part = re.sub(r"<details>.*?</details>", "", re.sub(r"<details>(?:(?!<details>).)*?</details>", "", text))
    assert open_part.count("<tr>") <= 7 and open_part.count("<p>") <= 9 and "1,797 sources" in open_part
