"""What each proxy carried."""

from __future__ import annotations

import pytest

from analyzer.report.plots.proxies import MAX_ROWS, by_proxy, proxies
from tests.report import scenes
from tests.report.plots.pictures import texts, title_of, within_its_figure


def test_requests_are_counted_by_plane() -> None:
    assert by_proxy(scenes.article(), None) == {
        "172.16.12.10:3128": {"system": 3, "failed": 1},
        "172.16.12.11:3128": {"user": 2},
        "172.16.12.12:3128": {"sensor": 6, "antivirus": 3},
    }
    assert sum(map(sum, (row.values() for row in by_proxy(scenes.crowd(), "10.0.3.7").values()))) == 12


def test_bars_say_their_numbers() -> None:
    axes = proxies(scenes.article())
    assert {"PROX01 (WinHTTP)", "3 carried, 1 failed", "6", "9 carried", "sensor", "user"} <= set(texts(axes))
    assert "PROX03 (static) 9 carried (sensor 6, antivirus 3)" in title_of(axes)
    assert [patch.get_hatch() for patch in axes.patches if patch.get_hatch()] == ["/////"]


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd", "hostile"])
def test_it_is_there_for_any_traffic_and_fits(name: str) -> None:
    axes = proxies(getattr(scenes, name)())
    assert texts(axes) and within_its_figure(axes)


def test_of_many_the_busiest() -> None:
    assert f"and {50 - MAX_ROWS} more proxies" in title_of(proxies(scenes.crowd()))
