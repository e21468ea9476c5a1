"""Many sources over time."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.errors import Unusable
from analyzer.report.plots.sources import MAX_LINES, bands_of, marks_of, sources
from tests.report import scenes
from tests.report.plots.pictures import overlapping, texts, title_of, within_its_figure


def seen(scene: scenes.Scene) -> set[int]:
    return set(np.unique(scene.moments.client).tolist())


def test_each_answer_is_a_band_with_its_sources() -> None:
    scene = scenes.site(300)
    bands = bands_of(scene, "sensor", seen(scene))
    assert [band.of for band in bands] == [5, 295] and len(bands[0].drawn) == 5 and sum(len(band.drawn) for band in bands) == MAX_LINES
    assert bands[0].label == "5 sources: PROX03" and bands[1].label == "295 sources: PROX01"
    said = texts(sources(scene))
    assert {"5 sources: PROX03", "1 of 1 is drawn", "PROX01 (WinHTTP)", "failed or blocked"} <= set(said)


def test_a_change_of_one_source_is_on_its_line() -> None:
    scene = scenes.site(12)
    (client,) = [scene.evidence.client.values.index(ip) for ip in scene.evidence.client.values if ip.endswith(".0")]
    which = np.flatnonzero(scene.moments.client == client)
    marks = marks_of(scene, which, {client: 0}, int(scene.moments.start.min()), int(scene.moments.start.max()))
    proxies = [scene.evidence.proxy.values[code] for code in marks.proxy.tolist()]
    assert proxies == ["172.16.12.10:3128"] * 4 + ["172.16.12.12:3128"] * 4 and not marks.failed.any()


def test_of_one_column_the_proxy_that_was_asked_most_and_carried() -> None:
    scene = scenes.article()
    which = np.flatnonzero(scene.moments.plane == scene.evidence.plane.values.index("system"))
    marks = marks_of(scene, which, {0: 0}, 0, int(scene.moments.start.max()) * 1000)
    assert len(marks.column) == 1 and not marks.failed[0]


def test_a_plane_that_was_not_seen() -> None:
    with pytest.raises(Unusable, match="did you mean sensor"):
        sources(scenes.article(), plane="sensors")


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd", "hostile", "changing"])
def test_it_is_there_for_any_traffic_and_fits(name: str) -> None:
    axes = sources(getattr(scenes, name)())
    assert texts(axes) and within_its_figure(axes) and overlapping(axes) == []


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("kind", list(scenes.ENDS))
def test_no_text_lies_over_another_whatever_proxies_are_called(kind: str, n: int) -> None:
    axes = sources(scenes.proxied(kind, n))
    assert overlapping(axes) == [] and within_its_figure(axes)


def test_it_says_what_it_shows() -> None:
    assert title_of(sources(scenes.site(12))).startswith("Sensor of 12 sources, 2024-05-01 12:00:00 to ")
