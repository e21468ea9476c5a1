"""The rows of the timeline."""

from __future__ import annotations

from analyzer.report.plots.lanes import MOST_PROXIES, lanes_of
from tests.report import scenes


def test_a_row_for_each_plane_and_way() -> None:
    lanes = lanes_of(scenes.article(), None)
    assert [(lane.plane, lane.name, len(lane.carried), len(lane.failed), lane.won) for lane in lanes] == [
        ("sensor", "PROX03 · static", 6, 0, True),
        ("antivirus", "PROX03 · static", 3, 0, True),
        ("system", "PROX01 · WinHTTP", 3, 1, True),
        ("user", "PROX02 · WinINET", 2, 0, True),
        (None, "past the proxies", 0, 1, False),
    ]


def test_of_many_proxies_the_busiest_have_rows_of_their_own() -> None:
    scene = scenes.crowd()
    sensor = [lane for lane in lanes_of(scene, None) if lane.plane == "sensor"]
    assert len(sensor) == MOST_PROXIES + 1
    assert sensor[-1].name == f"{25 - MOST_PROXIES} more proxies" and sensor[-1].proxy is None
    assert sum(len(lane.carried) for lane in sensor) == 150


def test_of_one_source_only_its_own() -> None:
    lanes = lanes_of(scenes.crowd(), "10.0.3.7")
    assert sum(len(lane.carried) for lane in lanes) == 12
    assert lanes_of(scenes.empty(), None) == [] and lanes_of(scenes.timeless(), None) == []
