"""Proxies: the requests that each carried, by plane, and those that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from analyzer.report.plots.canvas import NARROW_IN, WIDTH_IN, axes_of, explained, fitted, frame, say, styled, width_in
from analyzer.report.plots.palette import BAD, FAINT, INK, PAPER, PLANE_SHADES, RULE, proxy_order
from analyzer.report.plots.scene import Scene
from analyzer.text.inert import inert
from analyzer.text.labels import PLANES
from analyzer.text.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN: Final = 0.36
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 2.1, 2.0, 0.34, 0.12
MAX_ROWS: Final = 15

BAR_IN, NARROW_ROW_IN, NARROW_EDGE_IN = 0.22, 0.5, 0.08
LIFT: Final = 16.0
"""Points from a bar's middle to the name above it."""

LEAST_LABELLED: Final = 0.06
"""Share of the longest bar from which on a number fits into a bar's part."""

OTHER: Final = "other"
"""Requests whose plane is unknown."""


def proxies(scene: Scene, source: str | None = None, ax: Axes | None = None, *, narrow: bool = False) -> Axes:
    """Requests through each proxy, for one source or all: carried ones by plane, then failed ones. narrow: for a telephone."""
    counts = by_proxy(scene, source)
    with styled():
        if not counts:
            return explained(axes_of(0.8, ax), "Proxies: none was used.")
        rows = sorted(counts, key=lambda address: (-sum(counts[address].values()), proxy_order(scene.labels[address])))
        shown = sorted(rows[:MAX_ROWS], key=lambda address: proxy_order(scene.labels[address]))
        row_in, right_in = (NARROW_ROW_IN, NARROW_EDGE_IN) if narrow else (ROW_IN, RIGHT_IN)
        made = axes_of(row_in * len(shown) + TOP_IN + BOTTOM_IN, ax, NARROW_IN if narrow else WIDTH_IN)
        frame(made, left_in=NARROW_EDGE_IN if narrow else LEFT_IN, right_in=right_in, top_in=TOP_IN, bottom_in=BOTTOM_IN)
        longest = max(sum(counts[address].values()) for address in shown)
        made.set_xlim(0, longest)
        made.set_ylim(len(shown) - 0.5, -0.5)
        made.set_xticks([])
        made.set_yticks([])
        made.axvline(0, color=RULE, linewidth=0.8)
        for y, address in enumerate(shown):
            height = BAR_IN / row_in
            bar = y + (0.5 - height / 2 - 0.06 if narrow else 0)
            end = _draw(made, bar, counts[address], longest, height)
            numbers_in = width_in(_numbers(counts[address]))
            room_in = NARROW_IN - 2 * NARROW_EDGE_IN - numbers_in - 0.2 if narrow else LEFT_IN - 0.2
            name = fitted(str(scene.labels[address]), room_in, brief=scene.brief)
            _write(made, name, (0, bar), (0, LIFT) if narrow else (-8, 0), "left" if narrow else "right", INK)
            if narrow:
                _write(made, _numbers(counts[address]), (longest, bar), (0, LIFT), "right", FAINT)
            else:
                _write(made, _numbers(counts[address]), (end, bar), (6, 0), "left", FAINT)
        _legend(made, [plane for plane in (*PLANES, OTHER) if any(counts[address].get(plane) for address in shown)])
        left_out = len(rows) - len(shown)
        said = "; ".join(f"{inert(str(scene.labels[a]))} {_numbers(counts[a])} ({_by_plane(counts[a])})" for a in shown)
        more = f"; and {counted(left_out, 'more proxy', 'more proxies')}" if left_out else ""
        say(made, f"Requests through each proxy, of {inert(scene.whose(source))}. {said}{more}.")
        return made


def by_proxy(scene: Scene, source: str | None) -> dict[str, dict[str, int]]:
    """ip:port → plane (or "other", or "failed") → requests."""
    evidence, requests = scene.evidence, scene.evidence.requests
    asked = evidence.asks_proxy
    if source is not None:
        client = evidence.client.values.index(scene.sources(source)[0]["client_ip"])
        asked = asked & (evidence.client.codes[requests.row] == client)
    counts: dict[str, dict[str, int]] = {}
    from analyzer.verdict.evidence import grouped

    for which, outcome in (("carried", evidence.outcome.carried), ("failed", evidence.outcome.failed)):
        positions = (asked & outcome).nonzero()[0]
        for (proxy, plane), found in grouped(positions, evidence.proxy.codes[requests.row], evidence.request_plane.codes):
            key = "failed" if which == "failed" else evidence.request_plane.text(plane) or OTHER
            row = counts.setdefault(evidence.proxy.values[proxy], {})
            row[key] = row.get(key, 0) + len(found)
    return counts


def _draw(ax: Axes, y: float, row: dict[str, int], longest: int, height: float) -> int:
    """Draws a proxy's bar; returns its end."""
    at = 0
    for plane in (*PLANES, OTHER):
        if number := row.get(plane, 0):
            shade = PLANE_SHADES[plane]
            ax.barh(y, number, left=at, height=height, color=shade, edgecolor=PAPER, linewidth=1)
            if number / longest > LEAST_LABELLED:
                dark = plane in ("sensor", "antivirus", "system")
                ax.text(at + number / 2, y, f"{number:,}", ha="center", va="center", fontsize=8, color=PAPER if dark else INK)
            at += number
    if number := row.get("failed", 0):
        ax.barh(y, number, left=at, height=height, facecolor=PAPER, edgecolor=BAD, hatch="/////", linewidth=1)
        at += number
    return at


def _write(ax: Axes, text: str, at: tuple[float, float], by: tuple[float, float], side: Literal["left", "right"], ink: str) -> None:
    ax.annotate(text, at, xytext=by, textcoords="offset points", ha=side, va="center", color=ink, annotation_clip=False)


def _legend(ax: Axes, planes: list[str]) -> None:
    """The planes' names above the bars, each after its colour."""
    edge: Any = ax.transAxes
    offset = 0.0
    for plane in planes:
        ax.annotate(
            "■", (0, 1), xycoords=edge, xytext=(offset, 6), textcoords="offset points", color=PLANE_SHADES[plane], fontsize=10,
            annotation_clip=False,
        )  # fmt: skip
        ax.annotate(plane, (0, 1), xycoords=edge, xytext=(offset + 11, 6.5), textcoords="offset points", color=FAINT, annotation_clip=False)
        offset += 24 + 6.2 * len(plane)


def _numbers(row: dict[str, int]) -> str:
    failed = row.get("failed", 0)
    carried = sum(row.values()) - failed
    return f"{carried:,} carried" + (f", {failed:,} failed" if failed else "")


def _by_plane(row: dict[str, int]) -> str:
    return ", ".join(f"{plane} {row[plane]:,}" for plane in (*PLANES, OTHER) if row.get(plane))
