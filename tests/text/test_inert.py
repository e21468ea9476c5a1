"""Whatever a stranger sends is shown and does nothing."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analyzer.text.inert import csv_cell, html, inert, markdown, shorten

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
ACTIVE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wdcp.microsoft.com", "wdcp.microsoft.com"),
        ("two words", "two words"),
        ("bücher.example", "bücher.example"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("a\r\nb\tc\x00\x7f", r"a\x0d\x0ab\x09c\x00\x7f"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2066\u2069\u200e\u200f", r"\u2066\u2069\u200e\u200f"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028line", r"\u2028line"),
        ("\U000e0041tag", r"\U000e0041tag"),
        ("name\udcff.pcap", r"name\xff.pcap"),
    ],
)
def test_inert(text: str, shown: str) -> None:
    assert inert(text) == shown


@settings(deadline=None)
@given(ANY_TEXT)
def test_inert_leaves_no_active_character(text: str) -> None:
    shown = inert(text)
    assert not {unicodedata.category(c) for c in shown} & ACTIVE
    assert inert(shown) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("short", 5, "short"), ("abcdefghij", 5, "ab…ij"), ("abcdefghij", 6, "abc…ij"), ("abcdefghij", 3, "a…j"), ("", 3, "")],
)
def test_shorten(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown


@settings(deadline=None)
@given(st.text(max_size=40), st.integers(3, 50))
def test_shorten_keeps_both_ends_and_fits(text: str, width: int) -> None:
    shown = shorten(text, width)
    assert len(shown) <= width
    assert shown == text or (text.startswith(shown.partition("…")[0]) and len(shown) == width)


def rendered(source: str) -> list[str]:
    """The kinds of everything a GitHub-like Markdown reader makes of the source."""
    tokens = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(source)
    return [t.type for token in tokens for t in (token, *(token.children or []))]


@settings(deadline=None)
@given(ANY_TEXT)
def test_markdown_is_only_a_paragraph_of_text(text: str) -> None:
    kinds = set(rendered(f"{markdown(text)}\n"))
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@settings(deadline=None)
@given(ANY_TEXT)
def test_markdown_shows_exactly_the_inert_text(text: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"x{markdown(text)}x")
    shown = "".join(child.content for token in tokens for child in token.children or [])
    assert shown == f"x{inert(text)}x"


@settings(deadline=None)
@given(ANY_TEXT)
def test_markdown_stays_in_its_table_cell(text: str) -> None:
    kinds = rendered(f"| a | b |\n| --- | --- |\n| {markdown(text)} | second |\n")
    assert kinds.count("td_open") == 2


@pytest.mark.parametrize("text", ["www.x.example", "http://x.example", "HTTPS://x", "ftp://x"])
def test_markdown_makes_no_bare_link(text: str) -> None:
    assert text not in markdown(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_html_has_no_markup(text: str) -> None:
    assert not set(html(text)) & set("<>\"'")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_csv_cell_is_no_formula(start: str) -> None:
    assert csv_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


@settings(deadline=None)
@given(ANY_TEXT)
def test_csv_cell_never_starts_a_formula_nor_breaks_its_row(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow([cell, "next"])
    assert written.getvalue().count("\n") == 1
    assert cell.removeprefix("'") == inert(text).removeprefix("'")
