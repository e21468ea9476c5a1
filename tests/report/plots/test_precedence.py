"""Which method went over which."""

from __future__ import annotations

import pytest

from analyzer.report.plots.precedence import Order, orders_of, precedence
from tests.report import scenes
from tests.report.plots.pictures import texts, title_of, within_its_figure
from tests.report.verdicts import fifth_test


def test_an_order_is_said_once_for_all_sources() -> None:
    source = fifth_test()["sources"][0]
    assert orders_of([source, source]) == [
        Order("sensor", "static", ("WinHTTP", "WinINET"), 2, 6),
        Order("antivirus", "static", ("WinINET",), 2, 2),
    ]


def test_it_says_what_it_shows() -> None:
    axes = precedence(scenes.article())
    said = texts(axes)
    assert said.count("▶ static") == 2 and {"WinHTTP", "WinINET", "over", "sensor", "antivirus"} <= set(said)
    assert title_of(axes).startswith("Precedence of 172.16.11.92. sensor: static over WinHTTP and WinINET, shown by ")


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd", "hostile"])
def test_it_is_there_for_any_traffic_and_fits(name: str) -> None:
    axes = precedence(getattr(scenes, name)())
    assert texts(axes) and within_its_figure(axes)


def test_without_a_choice_there_is_none() -> None:
    assert "shows none" in texts(precedence(scenes.silent()))[0]
