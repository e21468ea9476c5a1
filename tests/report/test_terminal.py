"""The terminal report, whole, at the widths people have."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from analyzer.report.model import build
from analyzer.report.terminal import TerminalReport, plain_text
from tests.report.fleets import fleet
from tests.report.verdicts import HOSTILE, fifth_test, hostile, no_defender_traffic, nothing_seen


@pytest.mark.parametrize("width", [80, 200])
def test_golden(width: int, golden: Callable[[str, str], None]) -> None:
    golden(f"terminal-{width}.txt", plain_text(build(fifth_test()), width))


def test_golden_piped(golden: Callable[[str, str], None]) -> None:
    golden("terminal-piped.txt", plain_text(build(fifth_test())))


def test_golden_verbose(golden: Callable[[str, str], None]) -> None:
    golden("terminal-verbose.txt", plain_text(build(fifth_test()), 80, verbose=True))


def test_golden_of_a_site(golden: Callable[[str, str], None]) -> None:
    golden("terminal-site.txt", plain_text(build(fleet(2_000)), 80))


SCREEN = 40


@pytest.mark.parametrize("n", [1, 200, 2_000])
def test_a_screen_of_forty_lines_has_the_answer_and_what_to_do(n: int) -> None:
    screen = "\n".join(plain_text(build(fleet(n)), 80).splitlines()[:SCREEN])
    assert "What to do" in screen and "→ Defender's services run as SYSTEM" in screen
    assert "Sure" in screen and screen.index("What to do") < screen.index("Sure")
    assert (n == 1) or "Answers" in screen


def test_golden_without_defender_traffic(golden: Callable[[str, str], None]) -> None:
    golden("terminal-none.txt", plain_text(build(no_defender_traffic()), 80))


def test_the_answer_comes_first() -> None:
    assert plain_text(build(fifth_test())).startswith("WORKSTATION (172.16.11.92): PROX03 (static) won for sensor")
    assert plain_text(build(nothing_seen())).splitlines()[0] == "No proxy won: no client was seen that could have used one."


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    for verdict in (fifth_test(), hostile(), no_defender_traffic(), fleet(200)):
        for verbose in (False, True):
            assert max(len(line) for line in plain_text(build(verdict), width, verbose).splitlines()) <= width


def coloured(verdict: dict[str, object], width: int, **settings: object) -> str:
    sink = StringIO()
    Console(file=sink, width=width, force_terminal=True, **settings).print(TerminalReport(build(verdict)))  # type: ignore[arg-type]
    return sink.getvalue()


def test_colour_changes_no_letter() -> None:
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured(fifth_test(), 80, color_system="truecolor"))
    assert [line.rstrip() for line in plain.splitlines()] == plain_text(build(fifth_test()), 80).splitlines()


def test_no_color_is_honoured() -> None:
    coded = coloured(fifth_test(), 80, color_system="truecolor", no_color=True)
    assert not any(f"\x1b[{code}m" in coded for code in (31, 32, 33, "1;31", "1;32"))


@pytest.mark.parametrize("width", [80, 10_000])
def test_hostile_strings_are_only_letters(width: int) -> None:
    text = plain_text(build(hostile()), width)
    assert {unicodedata.category(c) for c in text.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


def test_hostile_strings_are_whole_when_piped() -> None:
    assert "[red]=x</td><script>" in plain_text(build(hostile()))
    assert r"\x1b[31m" in plain_text(build(hostile())) and HOSTILE not in plain_text(build(hostile()))


def test_hostile_markup_gives_no_colour_of_its_own() -> None:
    assert "\x1b[31m[red]" not in coloured(hostile(), 200, color_system="truecolor")


def test_many_sources_are_grouped_by_their_answer() -> None:
    lines = plain_text(build(fleet(200))).splitlines()
    assert lines[0] == "10.0.0.0: no proxy for sensor: PROX03 (static) answers 407 to all 30 requests."
    assert lines[3].startswith("177 sources (10.0.0.3, 10.0.0.4, 10.0.0.5 and 174 more): PROX03 (static) won for sensor (likely)")
    assert lines[4] == "20 sources (10.0.0.9, 10.0.0.19, 10.0.0.29 and 17 more): no Defender traffic was seen."
