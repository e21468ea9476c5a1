"""What all pictures are held to."""

from __future__ import annotations

from xml.etree import ElementTree

from matplotlib.axes import Axes

from analyzer.report.plots.canvas import to_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts(axes: Axes) -> list[str]:
    """Every text of the picture, as the SVG has it; the picture is checked on the way."""
    svg = to_svg(axes)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None and title.text and title.text.isprintable()
    assert svg == to_svg(axes), "the same picture is the same bytes"
    said = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert all(text.isprintable() for text in said)
    return said


def title_of(axes: Axes) -> str:
    return ElementTree.fromstring(to_svg(axes)).findtext(f"{SVG}title") or ""


def within_its_figure(axes: Axes) -> bool:
    """Whether every text lies inside the figure; ticks of the axes among them."""
    figure = axes.figure
    figure.canvas.draw()
    box = figure.bbox
    edges = sorted(axes.get_xlim())
    ticks = [tick.label1 for tick in axes.xaxis.get_major_ticks() if edges[0] <= tick.get_loc() <= edges[1]] if axes.axison else []
    return all(
        box.x0 - 1 <= extent.x0 and extent.x1 <= box.x1 + 1 and box.y0 - 1 <= extent.y0 and extent.y1 <= box.y1 + 1
        for text in (*axes.texts, axes.title, *ticks)
        if text.get_text() and text.get_visible() and (extent := text.get_window_extent())
    )


def overlapping(axes: Axes) -> list[tuple[str, str]]:
    """Texts of the picture that lie over each other, in pairs; ticks of the axes among them."""
    figure = axes.figure
    figure.canvas.draw()
    every = [*axes.texts, axes.title, *([*axes.get_xticklabels(), *axes.get_yticklabels()] if axes.axison else ())]
    boxes = [(text.get_text(), text.get_window_extent()) for text in every if text.get_text() and text.get_visible()]
    return [
        (one, other)
        for number, (one, a) in enumerate(boxes)
        for other, b in boxes[number + 1 :]
        if a.x0 < b.x1 - 0.5 and b.x0 < a.x1 - 0.5 and a.y0 < b.y1 - 0.5 and b.y0 < a.y1 - 0.5
    ]
