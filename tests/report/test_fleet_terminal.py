"""A history on a terminal and in a pipe: strangers' text stays text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from analyzer.report.fleet_terminal import MOST_FINDINGS, MOST_ROWS, TerminalHistory, plain_history
from analyzer.text.labels import PLANES
from tests.report.histories import TWO, finding, fleet, gateway, winner


def test_the_answer_is_first_and_a_line_per_gateway_follows() -> None:
    lines = plain_history(fleet()).splitlines()
    assert lines[0].startswith("2 of 3 gateways report")
    text = "\n".join(lines)
    assert "PROX01 since 2026-10-01" in text and "10.0.0.2:3128 since 2026-10-01, works for 1 of 3 +1" in text
    assert text.index("gateway-silent: nothing of b") < text.index("winner-changed") < text.index("Before") < text.index("old news")
    assert "6 files, 600 B, 30 rows, 6 days of gateways" in lines[-1]


def test_nothing_from_the_network_steers_the_terminal() -> None:
    sink = io.StringIO()
    Console(file=sink, width=100, force_terminal=True, color_system="standard").print(TerminalHistory(fleet()))
    shown = sink.getvalue()
    assert "\x1b[31m<script>" not in shown and "\u202e" not in shown and "\\x1b[31m" in shown


def test_of_very_many_the_rest_is_counted() -> None:
    many = fleet()
    many["gateways"] = [gateway(f"gw{number}") for number in range(MOST_ROWS + 7)]
    many["findings"] = [finding("new-direct", f"number {number}", ["gw1"]) for number in range(MOST_FINDINGS + 3)]
    text = plain_history(many)
    assert "and 7 gateways more" in text and "and 3 findings more" in text


@pytest.mark.parametrize("name", ["gw1", "a-gateway-with-a-very-long-name.example"])
def test_on_a_narrow_screen_names_and_days_stay_whole(name: str) -> None:
    many = fleet()
    many["gateways"] = [gateway(name, winner(), winner(TWO))]
    many["gateways"][0]["planes"] = [{"plane": plane, "winners": [winner(), winner(TWO)]} for plane in PLANES]
    lines = plain_history(many, 80).splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("Gateway"))
    body = lines[head + 2 : lines.index("", head)]
    assert max(map(len, lines)) <= 80 and len(body) <= 4
    assert body[0].split()[1:3] == ["2026-10-03", "0"] and {"PROX01", "since", "10-01"} <= set(" ".join(body).split())
