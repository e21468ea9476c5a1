"""The common parts of all pictures: a figure without pyplot, the style, the alternative text, and the SVG.

`ShownAxes` is an Axes class that displays itself in a notebook, which would not show a figure unknown to pyplot.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import numpy as np

from analyzer.report.plots.palette import FAINT, INK, PAPER, RULE
from analyzer.text.inert import inert, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

WIDTH_IN: Final = 9.6
"""Inches, which the page shows at 72 points each: the width of its text."""

NARROW_IN: Final = 4.95
"""Width in inches of a picture for a telephone: names are above the rows, not beside them."""

LABEL_ROOM: Final = 34
"""Maximum characters of captured text in a picture."""

TITLE_IN, EDGE_IN, TITLE_POINTS = 0.36, 0.08, 10.5
"""The height that a title adds, its distance from the edges, and its font size."""

STYLE: Final[Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that the layout is the same everywhere
    "font.size": 9.0,
    "text.parse_math": False,  # a host name may hold dollar signs
    "text.usetex": False,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "hatch.linewidth": 0.7,
    "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
    "svg.hashsalt": "whichproxy",  # the same picture is the same bytes
    "path.simplify": False,
}


def styled() -> Any:
    """A context with our matplotlib style; afterwards matplotlib's own settings are restored."""
    import matplotlib

    return matplotlib.rc_context(STYLE)


@cache
def _shown_axes() -> type[Axes]:
    from matplotlib.axes import Axes

    class ShownAxes(Axes):
        """Axes with an alternative text, shown as SVG in a notebook."""

        alternative_text = ""

        def _repr_svg_(self) -> str:
            return to_svg(self)

        def __repr__(self) -> str:
            return f"<{self.alternative_text or type(self).__name__}>"

    return ShownAxes


def axes_of(height_in: float, ax: Axes | None = None, width_in: float = WIDTH_IN) -> Axes:
    """Empty axes without frame: those given, or new ones in a figure of their own. To be called within `styled`."""
    if ax is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width_in, height_in), facecolor=PAPER)
        ax = figure.add_subplot(axes_class=_shown_axes())
    ax.set_facecolor("none")
    for side in ax.spines.values():
        side.set_visible(False)
    ax.tick_params(length=0)
    return ax


def frame(ax: Axes, *, left_in: float, right_in: float, top_in: float, bottom_in: float) -> None:
    """Set the axes' margins if they are the only axes of the figure."""
    figure = _figure(ax)
    if len(figure.axes) == 1:
        width, height = figure.get_size_inches()
        figure.subplots_adjust(left=left_in / width, right=1 - right_in / width, top=1 - top_in / height, bottom=bottom_in / height)


def say(ax: Axes, text: str) -> None:
    """Set the axes' alternative text."""
    setattr(ax, "alternative_text", inert(text))  # noqa: B010 - given axes may be matplotlib's own


def titled(ax: Axes, text: str) -> Axes:
    """The axes with a title: a figure with only these axes grows by a line, so that the drawing keeps its size."""
    figure = _figure(ax)
    if len(figure.axes) > 1:
        ax.set_title(inert(text))
        return ax
    (width, height), place = figure.get_size_inches(), ax.get_position()
    figure.set_size_inches(width, height + TITLE_IN)
    share = height / (height + TITLE_IN)
    figure.subplots_adjust(left=place.x0, right=place.x1, bottom=place.y0 * share, top=place.y1 * share)
    ax.set_title(
        inert(text),
        x=(EDGE_IN / width - place.x0) / place.width,
        y=(1 - EDGE_IN / (height + TITLE_IN) - place.y0 * share) / (place.height * share),
        pad=0, ha="left", va="top", fontsize=TITLE_POINTS, fontweight="bold", color=INK, family=STYLE["font.family"], parse_math=False,
    )  # fmt: skip
    return ax


def label(text: str, room: int = LABEL_ROOM) -> str:
    """Captured text for a picture: inert, and shortened in the middle."""
    return shorten(inert(text), room)


@cache
def width_in(text: str, bold: bool = False) -> float:
    """Width of a text in inches in the pictures' font: measured, since letters' widths differ by a factor of four."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(family=STYLE["font.family"], weight="bold" if bold else "normal")
    return right_of(TextPath((0, 0), text, size=STYLE["font.size"], prop=font)) / 72


def right_of(path: Path) -> float:
    """The right edge of the path, ten times as fast as get_extents(), which solves each curve.

    A curve stays within its end points and control points. Letters usually have end points at their widest places, which then suffice.
    """
    across, codes = np.asarray(path.vertices)[:, 0], np.asarray(path.codes)
    if path.codes is None:
        return float(across.max())
    straight = np.flatnonzero((codes == path.MOVETO) | (codes == path.LINETO))
    ends = np.concatenate([straight, np.flatnonzero(codes == path.CURVE3)[1::2], np.flatnonzero(codes == path.CURVE4)[2::3]])
    furthest = float(across[ends].max())
    return furthest if across[codes != path.CLOSEPOLY].max() <= furthest else float(path.get_extents().x1)


def fitted(text: str, room_in: float, bold: bool = False, brief: Mapping[str, str] | None = None) -> str:
    """Captured text for a picture: inert, and shortened in the middle to so many inches.

    brief   text → a better short form than the shortened text
    """
    whole = shown = inert(text)
    if brief and text in brief and width_in(whole, bold) > room_in:
        whole = shown = inert(brief[text])
    letters = min(len(whole), 200)
    while letters > 3 and width_in(shown, bold) > room_in:
        letters = min(letters - 1, int(letters * room_in / width_in(shown, bold)) + 1)
        shown = shorten(whole, max(letters, 3))
    return shown


def explained(ax: Axes, text: str) -> Axes:
    """Axes with a text that explains why there is no picture."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, inert(text), ha="center", va="center", color=FAINT, transform=ax.transAxes)
    say(ax, text)
    return ax


def _figure(ax: Axes) -> Any:
    return ax.figure


def to_svg(ax: Axes) -> str:
    """The figure as SVG text with its alternative text as title; the same bytes for the same picture."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    sink = io.StringIO()
    with styled():
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas: Any = FigureCanvasSVG(_figure(ax))
        canvas.print_svg(sink, metadata=no_metadata)
    text = sink.getvalue()
    start = text.index("<svg ")
    opening, end = text[start:].split(">", 1)
    title = escape(getattr(ax, "alternative_text", ""))
    return f'{opening} role="img">\n<title>{title}</title>{end}'
