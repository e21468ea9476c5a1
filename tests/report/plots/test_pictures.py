"""`traffic.plot`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import analyzer
from analyzer.report.frames import frame_of
from analyzer.report.plots.canvas import NARROW_IN
from analyzer.report.plots.pictures import Pictures
from analyzer.report.plots.proxies import proxies
from analyzer.report.plots.sources import sources
from analyzer.report.plots.timeline import timeline
from tests.report import scenes
from tests.report.plots.pictures import overlapping, texts, within_its_figure


@pytest.mark.parametrize("name", ["timeline", "services", "proxies", "precedence"])
def test_each_gives_axes(name: str) -> None:
    traffic = analyzer.read(frame_of(scenes.article().flows))
    axes = getattr(traffic.plot, name)()
    assert isinstance(axes, Axes) and axes._repr_svg_().startswith("<svg ")  # type: ignore[attr-defined]
    assert axes.get_title() and not getattr(Pictures(scenes.article(), titles=False), name)().get_title()
    with pytest.raises(analyzer.Unusable, match="no source"):
        getattr(traffic.plot, name)(source="nobody")


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("kind", list(scenes.ENDS))
@pytest.mark.parametrize("name", ["timeline", "services", "proxies", "precedence"])
def test_no_text_lies_over_another_whatever_proxies_are_called(name: str, kind: str, n: int) -> None:
    axes = getattr(Pictures(scenes.proxied(kind, n)), name)()
    assert overlapping(axes) == [] and within_its_figure(axes)


@pytest.mark.parametrize("name", ["timeline", "services", "proxies", "precedence"])
@pytest.mark.parametrize("scene", ["article", "crowd", "changing", "hostile"])
def test_no_text_lies_over_another(name: str, scene: str) -> None:
    axes = getattr(Pictures(getattr(scenes, scene)()), name)()
    assert overlapping(axes) == [] and within_its_figure(axes)


@pytest.mark.parametrize("picture", [timeline, proxies, sources])
@pytest.mark.parametrize("scene", ["article", "crowd", "changing", "hostile", "name 3", "ipv4 1", "ipv6 8"])
def test_on_a_telephone_nothing_lies_over_another_and_nothing_is_cut(picture: Callable[..., Axes], scene: str) -> None:
    kind, _, n = scene.partition(" ")
    axes = picture(scenes.proxied(kind, int(n)) if n else getattr(scenes, kind)(), narrow=True)
    assert axes.figure.get_size_inches()[0] == NARROW_IN
    assert overlapping(axes) == [] and within_its_figure(axes)


def test_on_a_telephone_it_says_the_same() -> None:
    for picture in (timeline, proxies):
        assert sorted(texts(picture(scenes.article(), narrow=True))) == sorted(texts(picture(scenes.article())))


def test_a_title_adds_a_line_and_moves_nothing() -> None:
    """Also on axes that the caller made, beside other pictures."""
    bare, titled = (timeline(scenes.article()), Pictures(scenes.article()).timeline())
    sizes = [axes.get_position().height * axes.figure.get_size_inches()[1] for axes in (bare, titled)]
    assert sizes[0] == pytest.approx(sizes[1])
    assert Pictures(scenes.article()).services("172.16.11.92").get_title().endswith(": 172.16.11.92")
    figure = Figure(figsize=(16, 4))
    first, second = figure.subplots(1, 2)
    assert Pictures(scenes.article()).proxies(ax=first).get_title() and not second.get_title()
    assert tuple(figure.get_size_inches()) == (16, 4)
