"""What every picture shares: a figure of its own without pyplot, its look, its alternative text, and its SVG.

`ShownAxes` is matplotlib's Axes that shows itself in a notebook: a figure that pyplot doesn't know would stay unseen there.
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
"""Inches, which the page shows at 72 points each: as wide as its text."""

NARROW_IN: Final = 4.95
"""Inches of a picture for a telephone: names stand over what they name, and not beside it."""

LABEL_ROOM: Final = 34
"""Characters of a stranger's name in a picture."""

TITLE_IN, EDGE_IN, TITLE_POINTS = 0.36, 0.08, 10.5
"""What a title adds to a picture's height, how far from its edges it stands, and its size."""

STYLE: Final[Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that a picture is laid out alike everywhere
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
    """A context in which matplotlib draws in our style; its own settings come back afterwards."""
    import matplotlib

    return matplotlib.rc_context(STYLE)


@cache
def _shown_axes() -> type[Axes]:
    from matplotlib.axes import Axes

    class ShownAxes(Axes):
        """Axes with an alternative text, that a notebook shows as SVG."""

        alternative_text = ""

        def _repr_svg_(self) -> str:
            return to_svg(self)

        def __repr__(self) -> str:
            return f"<{self.alternative_text or type(self).__name__}>"

    return ShownAxes


def axes_of(height_in: float, ax: Axes | None = None, width_in: float = WIDTH_IN) -> Axes:
    """Empty axes without frame: those given, or the only ones of a new figure that belongs to no window. Call it within `styled`."""
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
    """Give the axes these margins where the figure holds nothing else."""
    figure = _figure(ax)
    if len(figure.axes) == 1:
        width, height = figure.get_size_inches()
        figure.subplots_adjust(left=left_in / width, right=1 - right_in / width, top=1 - top_in / height, bottom=bottom_in / height)


def say(ax: Axes, text: str) -> None:
    """Give the axes their alternative text."""
    setattr(ax, "alternative_text", inert(text))  # noqa: B010 - given axes may be matplotlib's own


def titled(ax: Axes, text: str) -> Axes:
    """The axes with a title: where they are the only ones of their figure it grows by the line, and what was drawn keeps its size."""
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
    """A stranger's text for a picture: inert, and shortened in the middle."""
    return shorten(inert(text), room)


@cache
def width_in(text: str, bold: bool = False) -> float:
    """Inches that a text takes in a picture's own font and size: measured, since letters differ in width by four times."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    font = FontProperties(family=STYLE["font.family"], weight="bold" if bold else "normal")
    return right_of(TextPath((0, 0), text, size=STYLE["font.size"], prop=font)) / 72


def right_of(path: Path) -> float:
    """How far to the right the path goes: as get_extents() finds it by each curve's own formula, which takes ten times as long.

    A curve stays between its ends and the points that bend it. Letters have ends where they are widest, so that these say it as a rule.
    """
    across, codes = np.asarray(path.vertices)[:, 0], np.asarray(path.codes)
    if path.codes is None:
        return float(across.max())
    straight = np.flatnonzero((codes == path.MOVETO) | (codes == path.LINETO))
    ends = np.concatenate([straight, np.flatnonzero(codes == path.CURVE3)[1::2], np.flatnonzero(codes == path.CURVE4)[2::3]])
    furthest = float(across[ends].max())
    return furthest if across[codes != path.CLOSEPOLY].max() <= furthest else float(path.get_extents().x1)


def fitted(text: str, room_in: float, bold: bool = False, brief: Mapping[str, str] | None = None) -> str:
    """A stranger's text for a picture: inert, and shortened in the middle until it takes no more than so many inches.

    brief   what to write instead of a text that is too long, if there is something better than shortening it
    """
    whole = shown = inert(text)
    if brief and text in brief and width_in(whole, bold) > room_in:
        whole = shown = inert(brief[text])
    letters = min(len(whole), 200)
    while letters > 3 and width_in(shown, bold) > room_in:
        letters = min(letters - 1, int(letters * room_in / width_in(shown, bold)) + 1)
        shown = shorten(whole, max(letters, 3))
    return shown


def nothing(ax: Axes, text: str) -> Axes:
    """Axes that say why there is no picture."""
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
