"""`traffic.plot`."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes

import analyzer
from analyzer.report.frames import frame_of
from tests.report import scenes


@pytest.mark.parametrize("name", ["timeline", "services", "proxies", "precedence"])
def test_each_gives_axes(name: str) -> None:
    traffic = analyzer.read(frame_of(scenes.article().flows))
    axes = getattr(traffic.plot, name)()
    assert isinstance(axes, Axes) and axes._repr_svg_().startswith("<svg ")  # type: ignore[attr-defined]
    with pytest.raises(analyzer.Unusable, match="no source"):
        getattr(traffic.plot, name)(source="nobody")
