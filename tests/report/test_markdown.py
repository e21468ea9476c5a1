"""The report as Markdown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from analyzer.report.markdown import to_markdown
from analyzer.report.model import build
from tests.report.verdicts import fifth_test, hostile, no_defender_traffic, nothing_seen


def test_golden(golden: Callable[[str, str], None]) -> None:
    golden("report.md", to_markdown(build(fifth_test())))


def kinds(verdict: dict[str, object]) -> list[str]:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(to_markdown(build(verdict)))
    return [t.type for token in tokens for t in (token, *(token.children or []))]


@pytest.mark.parametrize("verdict", [fifth_test(), no_defender_traffic(), nothing_seen()], ids=["fifth", "none", "empty"])
def test_it_is_headings_lists_and_tables(verdict: dict[str, object]) -> None:
    """And of what must hold afterwards a block of code, to be copied."""
    expects = any(finding["expect"] for finding in verdict["findings"])  # type: ignore[attr-defined]
    found = {k for k in kinds(verdict) if k.startswith(("html", "code", "fence", "link", "image"))}
    assert found == ({"fence", "code_inline"} if expects else set())
    assert "heading_open" in kinds(verdict)


def test_hostile_strings_make_nothing_new() -> None:
    """The same structure, token by token, but for how a name's own letters are escaped."""

    def structure(verdict: dict[str, object]) -> list[str]:
        return [kind for kind in kinds(verdict) if not kind.startswith("text")]

    assert structure(hostile()) == structure(fifth_test())


def test_every_finding_has_its_advice_and_flows() -> None:
    text = to_markdown(build(fifth_test()))
    assert "### problem: proxy-auth-required: WORKSTATION (172.16.11.92), through PROX01 (WinHTTP), push-notifications" in text
    assert "→ Defender's services run as SYSTEM" in text
    assert "9 flows: 000000000000abcd" in text


def test_what_to_change_and_what_must_hold_afterwards_are_there_to_be_copied() -> None:
    text = to_markdown(build(fifth_test()))
    assert "DisableEnterpriseAuthProxy" in text and "(2026-09-22)" in text
    assert '```toml\n[test.expect]\nwinner = { "push-notifications" = "172.16.12.10:3128" }\n' in text
