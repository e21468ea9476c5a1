"""What every picture shares."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from analyzer.report.plots import canvas
from tests.conftest import ROOT
from tests.report.plots.pictures import title_of


def test_axes_show_themselves_and_say_what_they_show() -> None:
    with canvas.styled():
        axes = canvas.axes_of(1.0)
    canvas.say(axes, "a picture <of> nothing\u202e")
    assert axes._repr_svg_().startswith("<svg ")  # type: ignore[attr-defined]
    assert repr(axes) == r"<a picture <of> nothing\u202e>"
    assert title_of(axes) == r"a picture <of> nothing\u202e"


def test_axes_that_are_given_are_drawn_on_and_keep_their_figure() -> None:
    figure = Figure()
    given = figure.subplots(1, 2)
    with canvas.styled():
        assert canvas.axes_of(1.0, given[0]) is given[0]
    before = given[0].get_position().bounds
    canvas.frame(given[0], left_in=1, right_in=1, top_in=1, bottom_in=1)
    assert given[0].get_position().bounds == before, "beside other axes the caller's layout stays"
    canvas.say(given[0], "said")
    assert title_of(given[0]) == "said"


def test_settings_of_the_caller_come_back() -> None:
    before = dict(matplotlib.rcParams)
    with canvas.styled():
        canvas.to_svg(canvas.axes_of(1.0))
    assert dict(matplotlib.rcParams) == before


def test_nothing_is_said_in_words() -> None:
    with canvas.styled():
        axes = canvas.explained(canvas.axes_of(1.0), "Timeline: none.")
    assert ">Timeline: none.</text>" in canvas.to_svg(axes)


def test_labels_are_inert_and_short() -> None:
    assert canvas.label("a\x1bb") == r"a\x1bb"
    assert len(canvas.label("x" * 300)) == canvas.LABEL_ROOM


def test_there_is_no_date_and_no_pyplot() -> None:
    code = (
        "import sys\nfrom analyzer.report.plots import canvas\nwith canvas.styled():\n    svg = canvas.to_svg(canvas.axes_of(1.0))\n"
        "assert 'dc:date' not in svg\nassert 'matplotlib.pyplot' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("text", ["PROX01 · 172.16.12.10:3128", "oO0@&%", "ÄÖÜß €", "o", "mmm…", "∂ƒ(x)"])
@pytest.mark.parametrize("weight", ["bold", "normal"])
def test_a_texts_right_edge_is_that_of_its_curves(text: str, weight: str) -> None:
    path = TextPath((0, 0), text, size=9, prop=FontProperties(family="DejaVu Sans", weight=weight))
    assert canvas.right_of(path) == pytest.approx(path.get_extents().x1, rel=1e-12)


def test_a_curve_that_goes_beyond_its_ends_is_followed() -> None:
    bend = Path([(0, 0), (4, 1), (0, 2), (1, 2), (0, 0)], [Path.MOVETO, Path.CURVE3, Path.CURVE3, Path.LINETO, Path.CLOSEPOLY])
    wave = Path([(0, 0), (8, 0), (8, 1), (0, 1), (9, 9)], [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.CLOSEPOLY])
    assert [canvas.right_of(bend), canvas.right_of(wave), canvas.right_of(Path([(0, 0), (3, 1)]))] == pytest.approx([2, 6, 3])
