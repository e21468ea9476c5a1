"""Where in a TOML file a key stands: the right line, or none."""

from __future__ import annotations

import tomllib

import pytest

from analyzer.studies.places import Place, Places

TEXT = """title = "x" # one
[[test]]
title = "a"
[[test.session]]
logon = 1
[[ test . session ]]
logoff = 2
[[test]]
captures = ["a", "b"]
[test.expect]
winner = { "plane:user" = "x" }
"""


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (("title",), "title (line 1)"),
        (("test", 0), "[[test]] 1 (line 2)"),
        (("test", 0, "session", 1, "logoff"), "[[test]] 1, [[test.session]] 2, logoff (line 7)"),
        (("test", 0, "session", 1, "logon"), "[[test]] 1, [[test.session]] 2, logon (line 6)"),
        (("test", 1, "captures", 1), "[[test]] 2, captures 2 (line 9)"),
        (("test", 1, "expect", "winner", "plane:user"), "[[test]] 2, [test.expect], winner, plane:user (line 11)"),
        (("nowhere",), "nowhere"),
        ((), ""),
    ],
)
def test_places_are_told_as_a_reader_counts(place: Place, text: str) -> None:
    assert Places(TEXT, tomllib.loads(TEXT)).text(place) == text


def test_no_line_is_told_rather_than_a_wrong_one() -> None:
    text = 'title = """\n[[test]]\ncaptures = 1\n"""\n[[test]]\ntitle = "a"\n[[test]]\ntitle = "b"\n'
    places = Places(text, tomllib.loads(text))
    assert places.line(("test", 1, "title")) is None
    assert places.text(("test", 1, "title")) == "test 2, title"


def test_lines_survive_carriage_returns_and_inline_tables() -> None:
    text = '# x\r\n[[test]]\r\ntitle = "a"\r\n'
    assert Places(text, tomllib.loads(text)).line(("test", 0, "title")) == 3
    inline = 'test = [{ title = "a" }, { title = "b" }]\n'
    assert Places(inline, tomllib.loads(inline)).text(("test", 1, "title")) == "test 2, title (line 1)"
