"""The page as a file: whole, locked down, and the same words as the verdict. What a browser makes of it: test_browser.py."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from copy import deepcopy
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from analyzer.report.model import build
from analyzer.report.page.html import study_to_html, to_html
from analyzer.text.times import shown_in, zone_of
from tests.report import scenes
from tests.report.fleets import fleet, groups
from tests.report.scenes import FORMULA, MARKUP
from tests.report.verdicts import fifth_test, hostile

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
SCENES = ["article", "silent", "empty", "timeless", "crowd", "hostile"]


class Page(HTMLParser):
    """A page taken apart."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] == "style":
            self.styles.append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@cache
def page(name: str) -> Page:
    scene = getattr(scenes, name)()
    return Page(to_html(scene.flows, scene.verdict))


@pytest.mark.parametrize("name", SCENES)
def test_every_element_is_closed_and_every_id_is_one_elements(name: str) -> None:
    made = page(name)
    assert made.open == []
    ids = [attributes["id"] for _, attributes in made.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_loaded_and_nothing_runs_but_its_own_script(name: str) -> None:
    made = page(name)
    assert {tag for tag, _ in made.tags} & {
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "audio",
        "video",
        "image",
        "foreignobject",
    } == set()
    for tag, attributes in made.tags:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src", "srcset", "action", "xlink:href")], tag
        for key in ("href", "data", "fill", "stroke", "clip-path"):
            target = attributes.get(key) or ""
            assert key not in attributes or key != "href" or target.startswith("#") or target == "data:,", target
            assert "://" not in target
    assert [attributes.get("type") for tag, attributes in made.tags if tag == "script"] == ["application/json", None]


def test_the_policy_allows_this_script_and_style_by_their_hashes_and_nothing_else() -> None:
    made = page("article")
    (policy,) = [a["content"] or "" for _, a in made.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "unsafe" not in policy
    for kind, text in (("script-src", made.scripts[-1]), ("style-src", made.styles[0])):
        assert rules[kind] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    first = [tag for tag, _ in made.tags]
    assert first.index("meta") < first.index("style") and made.tags[3][1].get("http-equiv") == "Content-Security-Policy"


@pytest.mark.parametrize("name", ["article", "silent", "empty", "crowd"])
def test_it_says_what_the_verdict_says(name: str) -> None:
    scene, text = getattr(scenes, name)(), page(name).text
    report = build(scene.verdict)
    for group in report.groups:
        assert group.answer in text
    for finding in report.findings[:50]:
        assert " ".join(finding.text.split()) in text and (finding.advice or "") in text
    for source in report.sources[:50]:
        assert source.label in text and all(statement.sentence in text for statement in source.precedence)
    for row in (row for source in report.sources[:50] for row in source.rows()):
        assert row.label in text


def test_it_shows_both_legs_how_clients_talk_and_what_is_wrong() -> None:
    scene, told = scenes.article(), fifth_test()
    talking = [source | {"talk": told["sources"][0]["talk"]} for source in scene.verdict["sources"]]
    opened = told["legs"][0] | {"hello": "other", "text": "PROX02 opened 1 tunnel <b>"}
    verdict = scene.verdict | {"sources": talking, "legs": [*told["legs"], opened], "findings": told["findings"]}
    text = Page(to_html(scene.flows, verdict)).text
    report = build(verdict)
    for sentence in report.sources[0].talk:
        assert sentence in text
    behind = text.partition("Behind the proxies")[2]
    assert behind.index(f"✗ {opened['text']}") < behind.index(f"✓ {' '.join(told['legs'][0]['text'].split())}")
    for leg in report.legs:
        assert f"{leg.times}; {leg.bytes}" in behind and all(flow in behind for flow in (*leg.flows, *leg.origin_flows))
    wrong = text.partition("What is wrong")[2].partition("Who carried what")[0]
    assert report.problems() and all(code in wrong for code, _ in report.problems())
    assert all(" ".join(finding.text.split()) in wrong and (finding.advice or "") in wrong for finding in report.to_do())


def test_the_answer_comes_first() -> None:
    made = page("article")
    assert made.words.index("172.16.11.92:") < made.words.index("Who carried what")
    assert made.text.index("PROX03 (static) won for sensor") < made.text.index("Who carried what")


def test_the_title_names_the_capture_and_the_day_and_the_page_its_maker() -> None:
    whole = Page(to_html(scenes.article().flows, fifth_test()))
    assert "Which proxy won: all-three.pcapng, 2024-05-01" in whole.words
    assert "Made by whichproxy 0.0.0 with the catalogue of 2024-04-01, from captured packets." in whole.text


def test_proving_flows_have_their_frame_and_their_filter() -> None:
    text = page("article").text
    assert "ip.addr == 172.16.11.92 && ip.addr == 172.16.12.12 && tcp.port == 50000 && tcp.port == 3128" in text


def test_hostile_names_are_text() -> None:
    made = page("hostile")
    assert MARKUP in made.text and FORMULA in made.text
    assert r"safe\u202egnp.exe\u2066\x1b[31m" in made.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(made.words))
    assert len(made.scripts) == 2


def test_whatever_a_document_holds_is_text() -> None:
    """Every string of the document is markup here, also those that no capture fills today."""
    made = Page(to_html(scenes.empty().flows, hostile()))
    assert "<script>alert(1)</script>" in made.text and len(made.scripts) == 2
    assert not {"b", "i", "img", "iframe"} & {tag for tag, _ in made.tags}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(made.words))


def test_flows_are_link_targets() -> None:
    made = page("article")
    links = [a["href"] or "" for tag, a in made.tags if tag == "a"]
    ids = scenes.article().flows.column("id").to_pylist()
    named = [link.removeprefix("#flow-") for link in links if link.startswith("#flow-")]
    assert named and set(named) <= set(ids)
    anchors = {f"#{a['id']}" for _, a in made.tags if "id" in a}
    assert {link for link in links if not link.startswith("#flow")} <= anchors


def test_of_very_many_sources_a_page_shows_some_and_says_so() -> None:
    whole = to_html(scenes.empty().flows, fleet(3_000))
    assert len(whole) < 2_000_000
    text = Page(whole).text
    assert "10.0.0.0 no proxy for sensor" in text and "2,697 sources (10.0.0.3" in text and "one of these 2,697" in text
    assert "… and 697 more: the same report as .json has all" in text and "All 300 sources with this answer" in text
    assert "All 3,000" not in text and text.count("PROX01 until 12:09:00, then PROX03") >= 1


def test_the_same_verdict_is_the_same_page() -> None:
    scene = scenes.article()
    assert to_html(scene.flows, scene.verdict) == to_html(scene.flows, scene.verdict)


def test_what_did_not_hold_stands_at_the_top(study_document: tuple[dict, list]) -> None:
    document, tables = deepcopy(study_document[0]), study_document[1]
    line = document["tests"][4]["expectations"][0]
    line |= {"held": False, "text": "expected WinHTTP to win for <sensor>"}
    document["held"] = document["tests"][4]["held"] = False
    top = Page(study_to_html(document, tables)).text.partition("Who won, test by test")[0]
    assert "✗ Test 5 : expected WinHTTP to win for <sensor>" in top
    assert "✗" not in Page(study_to_html(*study_document)).text.partition("Who won, test by test")[0]


def test_a_study_has_a_section_for_each_test(study_document: tuple[dict, list]) -> None:
    document, tables = study_document
    made = Page(study_to_html(document, tables))
    assert made.open == []
    for number, test in enumerate(document["tests"], 1):
        assert f"{number}. {test['title']}" in made.text and " ".join(test["conclusion"].split()) in made.text
        assert " ".join(test["live_response"]["reason"].split()) in made.text
        assert any(attributes.get("id") == f"test-{number}" for _, attributes in made.tags)
        for line in test["expectations"]:
            assert " ".join(line["text"].split()) in made.text
    ids = [attributes["id"] for _, attributes in made.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_to_change_and_what_must_hold_afterwards_stand_under_the_finding() -> None:
    scene, text = scenes.article(), page("article").text
    settings = [setting for finding in scene.verdict["findings"] for setting in finding["settings"]]
    assert settings
    for setting in settings:
        assert " ".join(setting["where"].split()) in text and f"{setting['source']} ({setting['date']})" in text
    assert "[test.expect]" in text


def test_a_page_of_very_many_flows_stays_small_and_says_where_the_rest_is() -> None:
    scene = scenes.fifty_thousand()
    whole = to_html(scene.flows, scene.verdict)
    assert len(whole.encode()) < 2_000_000
    made = Page(whole)
    assert "50,000 flows" in made.text and "whichproxy flows -o flows.parquet" in made.text
    held = int(re.search(r"This page holds ([\d,]+) of them", made.text)[1].replace(",", ""))  # type: ignore[index]
    document = json.loads(made.scripts[0])
    assert document["rows"] == held > 10_000
    linked = {a["href"] for tag, a in made.tags if tag == "a" and (a["href"] or "").startswith("#flow-")}
    ids = set(next(column for column in document["columns"] if column["name"] == "id")["texts"])
    assert linked and {unquote((link or "").removeprefix("#flow-")) for link in linked} <= ids, "what the page links to is on it"


def test_each_source_has_a_place_that_can_be_linked_to() -> None:
    verdict = fleet(30)
    made = Page(to_html(scenes.empty().flows, verdict))
    places = {a["id"] for _, a in made.tags if (a.get("id") or "").startswith("source-")}
    assert places == {f"source-{source['client_ip']}" for source in verdict["sources"]}


def test_the_commonest_answer_is_always_among_the_first() -> None:
    verdict = fleet(30)
    for number, source in enumerate(verdict["sources"][:20]):
        source["answer"] = f"answer {number:02}"
    verdict["groups"] = groups(verdict["sources"])
    top = Page(to_html(scenes.empty().flows, verdict)).text.partition("Who carried what")[0]
    assert "9 sources (10.0.0.20, 10.0.0.21, 10.0.0.22 and 6 more): PROX03 (static) won for sensor" in top
    assert "… and 10 more answers, of" in top


def test_times_are_those_of_the_zone_and_it_is_named() -> None:
    scene = scenes.article()
    with shown_in(zone_of("Asia/Kolkata"), "Asia/Kolkata"):
        text = Page(to_html(scene.flows, scene.verdict)).text
    assert "Time (Asia/Kolkata)" in text and "17:30:00.000" in text and "times are Asia/Kolkata" in text
    assert "UTC" not in text and "12:00:00" not in text


def test_what_is_said_of_a_finding_leads_to_its_packets() -> None:
    text = Page(to_html(scenes.article().flows, fifth_test())).text
    command = "whichproxy slice captures/all-three.pcapng --finding proxy-auth-required --proxy 172.16.12.10:3128 --source 172.16.11.92"
    assert f"{command} -o proxy-auth-required.pcapng" in text


def test_what_must_hold_afterwards_can_be_copied_as_a_file() -> None:
    scene = scenes.article()
    verdict = deepcopy(scene.verdict)
    verdict["findings"][0]["expect"] = {"winner": {"sensor": "PROX01"}, "outcome": {"sensor": "works"}}
    page = Page(to_html(scene.flows, verdict))
    assert '[test.expect]\nwinner = { "sensor" = "PROX01" }\noutcome = { "sensor" = "works" }\n' in "".join(page.words)
