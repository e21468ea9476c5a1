"""The terminal report, whole, at the widths people have."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from analyzer.report.model import build
from analyzer.report.terminal import TerminalReport, plain_text
from tests.report.fleets import fleet, groups
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


def bare(verdict: dict[str, Any]) -> dict[str, Any]:
    """The verdict without a topology: proxies have addresses alone."""
    text = json.dumps(verdict)
    for name, address in (("PROX01", "172.16.12.10:3128"), ("PROX02", "172.16.12.11:3128"), ("PROX03", "172.16.12.12:3128")):
        text = text.replace(f'"{name}"', "null").replace(name, address)
    made: dict[str, Any] = json.loads(text)
    for proxy in made["proxies"]:
        proxy["method"] = None
    return made


@pytest.mark.parametrize("verdict", [fifth_test(), bare(fifth_test()), bare(fleet(200))], ids=["named", "bare", "site"])
def test_a_screen_of_80_columns_cuts_nothing_short(verdict: dict[str, Any]) -> None:
    """No word ends in the middle above the findings, advice is whole, and no column of a table is empty."""
    lines = plain_text(build(verdict), 80).splitlines()
    above = lines[: next(k for k, line in enumerate(lines) if line == "Findings")]
    assert not any(re.search(r"\w…$", line) for line in above)
    shown = " ".join(line.strip() for line in above)
    assert all(str(cause.advice) in shown for cause in build(verdict).to_do()[:3])
    summary = build(verdict).summary.split(" · ")
    assert [part for line in above for part in line.split(" · ") if part in summary] == summary, "lines end between the parts"
    for title in ("Proxies", "Direct, answered", "Direct, blocked"):
        head = lines[lines.index(title) + 1]
        body = lines[lines.index(title) + 3 : lines.index("", lines.index(title))]
        starts = [match.start() for match in re.finditer(r"(?<=  )\S|^\S", head)]
        for start, end in zip(starts, [*starts[1:], 80], strict=True):
            assert any(line[max(start - 1, 0) : end].strip() for line in body), (title, head)


def test_where_proxies_have_no_names_it_ends_with_what_proposes_them() -> None:
    said = plain_text(build(bare(fifth_test())), 80).replace("\n", " ")
    assert "Names for the proxies, and what each is for: whichproxy topology captures/all-three.pcapng -o topology.toml" in said
    assert "whichproxy topology" not in plain_text(build(fifth_test()))


def test_sources_with_one_answer_have_one_table_until_each_is_asked_for() -> None:
    verdict = fifth_test()
    usual = verdict["sources"][0]
    verdict["sources"] = [usual | {"client_ip": f"10.0.0.{n}", "client_ips": [f"10.0.0.{n}"], "name": None} for n in range(3)]
    verdict["groups"] = groups(verdict["sources"])
    report = build(verdict)
    assert plain_text(report, 80).count("Service  ") < plain_text(report, 80, verbose=True).count("Service  ")
    assert "2 more sources with this answer; all: 10.0.0.0, 10.0.0.1 and 10.0.0.2" in plain_text(report, 80)
