"""Services and proxies."""

from __future__ import annotations

import pytest

from analyzer.report.plots.services import counted_by_service, services
from tests.report import scenes
from tests.report.plots.pictures import texts, title_of, within_its_figure


def test_the_winner_is_marked_and_counted() -> None:
    axes = services(scenes.article())
    said = texts(axes)
    assert {"edr-cyber-data", "▶ 6", "▶ 3", "▶ 2", "✗ 1", "PROX03", "static", "sensor", "antivirus"} <= set(said)
    assert "certificate-trust: PROX01 3 and 1 failed (won)" in title_of(axes)


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd", "hostile"])
def test_it_is_there_for_any_traffic_and_fits(name: str) -> None:
    axes = services(getattr(scenes, name)())
    assert texts(axes) and within_its_figure(axes)


def test_sources_are_added_up() -> None:
    planes, counts = counted_by_service(scenes.crowd().verdict["sources"])
    assert planes["edr-cyber-data"] == "sensor"
    assert sum(carried for carried, _ in counts["edr-cyber-data"].values()) == 150
    assert title_of(services(scenes.crowd(), "10.0.3.7")).startswith("Services of 10.0.3.7,")
