"""Many sources over time: a line for each, in the colour of the proxy that its requests of one plane went to.

Sources with the same answer are adjacent, rare answers first, so that a machine that differs, or changes, is visible among two thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.errors import Unusable
from analyzer.report.plots.canvas import NARROW_IN, WIDTH_IN, axes_of, explained, fitted, frame, say, styled, width_in
from analyzer.report.plots.lanes import BLOCKED, PROXY
from analyzer.report.plots.palette import BAD, FAINT, INK, RULE, proxy_order
from analyzer.report.plots.scene import Scene
from analyzer.report.plots.timeline import COLUMNS, NARROW_EDGE_IN, TICK_IN, days, time_axis
from analyzer.report.sources import OUTCOME_NAMES
from analyzer.routes.requests import Ints
from analyzer.text.inert import inert
from analyzer.text.labels import PLANES, plane_order
from analyzer.text.times import moment, zone_name
from analyzer.text.words import counted, did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_LINES: Final = 240
"""Maximum lines: one per source where they fit, else every n-th source of a group."""

MOST_GROUPS: Final = 16
"""Answers with lines of their own; the sources of all other answers are merged below."""

MOST_PROXIES: Final = 6
LINE_IN: Final = 0.034
LEAST_IN: Final = 0.2
"""Minimum height of a group: that of its label."""

LEFT_IN, RIGHT_IN, BOTTOM_IN, LEGEND_IN = 2.85, 0.3, 0.42, 0.22
HEAD_IN: Final = 0.19
"""In a narrow picture: height of a group's name above its lines."""


class Band(NamedTuple):
    """Sources with the same answer.

    label   number of sources, and the proxy of their plane
    drawn   codes of those with a line
    of      number of sources
    """

    label: str
    drawn: tuple[int, ...]
    of: int


class Marks(NamedTuple):
    """The marks of all lines, one entry for each column with activity of a source: its line, the column, the proxy's code (-1: past the
    proxies), whether everything failed or was blocked."""

    line: Ints
    column: Ints
    proxy: Ints
    failed: npt.NDArray[np.bool_]


def sources(scene: Scene, plane: str | None = None, ax: Axes | None = None, *, narrow: bool = False) -> Axes:
    """The proxy of each source over time.

    plane   None: the first that was seen, of sensor, antivirus, system and user
    ax      axes to draw on; None: axes of a figure of their own
    narrow  for a telephone
    Errors  Unusable, that plane was not seen
    """
    chosen = _plane(scene, plane)
    which = np.flatnonzero(scene.moments.plane == scene.evidence.plane.values.index(chosen)) if chosen else np.zeros(0, np.int64)
    bands = bands_of(scene, chosen or "", set(np.unique(scene.moments.client[which]).tolist()))
    with styled():
        if chosen is None or not bands:
            return explained(axes_of(0.8, ax), "Sources: nothing with a time went to a proxy or past them.")
        start, end = int(scene.moments.start[which].min()), int(scene.moments.start[which].max())
        end = max(end, start + 1_000_000)
        tops = np.concatenate([[0.0], np.cumsum([_height(band) + HEAD_IN * narrow * (1 + _thinned(band)) for band in bands])])
        width_in_all, left_in = (NARROW_IN, NARROW_EDGE_IN + TICK_IN) if narrow else (WIDTH_IN, LEFT_IN)
        legend = _legend_rows(scene, which, width_in_all - left_in - RIGHT_IN)
        top_in = LEGEND_IN * len(legend) + 0.1
        bottom_in = BOTTOM_IN + 0.16 * narrow
        made = axes_of(float(tops[-1]) + top_in + bottom_in, ax, width_in_all)
        frame(made, left_in=left_in, right_in=RIGHT_IN, top_in=top_in, bottom_in=bottom_in)
        time_axis(made, start, end, float(tops[-1]), narrow=narrow)
        heights = _lines(bands, tops + np.array([HEAD_IN * narrow * (1 + _thinned(band)) for band in bands] + [0.0]))
        marks = marks_of(scene, which, {client: line for line, client in enumerate(heights)}, start, end)
        _draw(made, scene, marks, np.array(list(heights.values())), start, end)
        _name(made, bands, tops, narrow=narrow)
        _draw_legend(made, legend)
        of = counted(sum(band.of for band in bands), "source")
        said = "; ".join(inert(band.label) for band in bands)
        say(made, f"{chosen.capitalize()} of {of}, {moment(start)} to {moment(end)} {zone_name()}. {said}.")
        return made


def _plane(scene: Scene, asked: str | None) -> str | None:
    codes = set(np.unique(scene.moments.plane).tolist()) - {-1}
    seen = sorted((scene.evidence.plane.values[code] for code in codes), key=plane_order)
    if asked is None:
        return seen[0] if seen else None
    if asked not in seen:
        raise Unusable(f"no traffic of the plane {asked!r}", "plane", did_you_mean(asked, seen or PLANES))
    return asked


def bands_of(scene: Scene, plane: str, seen: set[int]) -> list[Band]:
    """The groups with activity in that plane, rare answers first; small groups are drawn completely."""
    codes = {ip: code for code, ip in enumerate(scene.evidence.client.values)}
    found = [(group, [codes[ip] for ip in group["sources"] if codes.get(ip) in seen]) for group in scene.verdict["groups"]]
    found = [(group, members) for group, members in found if members]
    named = [(_label(scene, group, plane, len(members)), members) for group, members in found[:MOST_GROUPS]]
    if len(found) > MOST_GROUPS:
        rest = [member for _, members in found[MOST_GROUPS:] for member in members]
        named.append((f"{counted(len(rest), 'source')} of {len(found) - MOST_GROUPS:,} more answers", rest))
    rooms = _rooms([len(members) for _, members in named])
    return [Band(label, tuple(_spread(members, room)), len(members)) for (label, members), room in zip(named, rooms, strict=True)]


def _rooms(sizes: Sequence[int]) -> list[int]:
    """Number of lines per group: all for the smallest groups, equal shares of the rest for the others."""
    rooms, left = [0] * len(sizes), MAX_LINES
    for place, number in enumerate(sorted(range(len(sizes)), key=lambda at: sizes[at])):
        rooms[number] = min(sizes[number], max(1, left // (len(sizes) - place)))
        left -= rooms[number]
    return rooms


def _spread(members: Sequence[int], room: int) -> Iterator[int]:
    return (members[at * len(members) // room] for at in range(room))


def _label(scene: Scene, group: Mapping[str, Any], plane: str, n: int) -> str:
    """`9 sources: PROX03, TLS breaks`."""
    answer = group["planes"].get(plane)
    if answer is None:
        return counted(n, "source")
    proxy = answer["winner"] or answer["asked"]
    label = scene.labels.get(proxy)
    who = (label.name or scene.brief.get(proxy, proxy)) if label else proxy or "no proxy"
    outcome = OUTCOME_NAMES.get(answer["outcome"] or "", "")
    return f"{counted(n, 'source')}: {who}{f', {outcome}' if outcome and answer['outcome'] != 'works' else ''}"


def _height(band: Band) -> float:
    return max(LEAST_IN, LINE_IN * len(band.drawn) + 0.05)


def _lines(bands: Sequence[Band], tops: Sequence[float] | npt.NDArray[np.float64]) -> dict[int, float]:
    """Client code → the y position of its line in inches from the top, in the order of the lines."""
    return {
        client: float(top) + 0.025 + LINE_IN * (at + 0.5)
        for band, top in zip(bands, tops, strict=False)
        for at, client in enumerate(band.drawn)
    }


def marks_of(scene: Scene, which: Ints, line_of: Mapping[int, int], start: int, end: int) -> Marks:
    """The marks of each line. If a source asked several proxies in a column, the proxy asked most."""
    moments = scene.moments
    which = which[np.isin(moments.client[which], list(line_of))]
    through = moments.way[which] == PROXY
    line = np.array([line_of[client] for client in moments.client[which].tolist()], np.int64)
    column = ((moments.start[which] - start).astype(np.float64) / (end - start) * (COLUMNS - 1)).astype(np.int64)
    proxy = np.where(through, moments.proxy[which], -1)
    failed = np.where(through, moments.failed[which] | ~moments.asked[which], moments.way[which] == BLOCKED)
    cells, inverse = np.unique(np.column_stack([line, column, proxy]), axis=0, return_inverse=True)
    n = np.bincount(inverse.ravel(), minlength=len(cells))
    lost = np.bincount(inverse.ravel(), weights=failed, minlength=len(cells)) == n
    order = np.lexsort((n, ~lost * 1, cells[:, 1], cells[:, 0]))  # in each column, the busiest that carried something sorts last
    last = np.append((np.diff(cells[order, 0]) != 0) | (np.diff(cells[order, 1]) != 0), True)[: len(order)]
    kept = order[last]
    return Marks(cells[kept, 0], cells[kept, 1], cells[kept, 2], lost[kept])


def _draw(ax: Axes, scene: Scene, marks: Marks, height: npt.NDArray[np.float64], start: int, end: int) -> None:
    """For each proxy a pale line from one request to the next, and a mark at each; crosses where all failed."""
    step = (end - start) / (COLUMNS - 1)
    x, y = days(start) + marks.column * step / 86_400e9, height[marks.line]
    width = step / 86_400e9
    points = 72 * LINE_IN * 0.8
    goes_on = np.append((marks.line[1:] == marks.line[:-1]) & (marks.proxy[1:] == marks.proxy[:-1]), False)[: len(x)]
    for code in np.unique(marks.proxy).tolist():
        colour = _colour(scene, code)
        here = np.flatnonzero((marks.proxy == code) & goes_on)
        _segments(ax, x[here], x[np.minimum(here + 1, len(x) - 1)], y[here], colour, points * 0.6, 0.35)
        worked = np.flatnonzero((marks.proxy == code) & ~marks.failed)
        _segments(ax, x[worked], x[worked] + width, y[worked], colour, points, 1.0)
    lost = np.flatnonzero(marks.failed)
    ax.plot(x[lost] + width / 2, y[lost], linestyle="none", marker="x", color=BAD, markersize=min(points, 3.2), mew=0.9, zorder=4)


def _segments(ax: Axes, left: Any, right: Any, y: Any, colour: str, width: float, alpha: float) -> None:
    if len(y):
        gap = np.full(len(y), np.nan)
        ax.plot(
            np.column_stack([left, right, gap]).ravel(), np.column_stack([y, y, gap]).ravel(), color=colour, linewidth=width, alpha=alpha,
            solid_capstyle="butt", zorder=3,
        )  # fmt: skip


def _colour(scene: Scene, code: int) -> str:
    return FAINT if code < 0 else scene.colours[scene.evidence.proxy.values[code]]


def _thinned(band: Band) -> bool:
    return band.of > len(band.drawn)


def _name(ax: Axes, bands: Sequence[Band], tops: npt.NDArray[np.float64], *, narrow: bool) -> None:
    edge = ax.get_yaxis_transform()
    for band, top, below in zip(bands, tops, tops[1:], strict=False):
        if top:
            ax.axhline(float(top), color=RULE, linewidth=0.6, zorder=0.5)
        said = [(fitted(band.label, NARROW_IN - 0.3 if narrow else LEFT_IN - 0.2), INK)]
        if _thinned(band):
            said.append((f"1 of {round(band.of / len(band.drawn))} is drawn", FAINT))
        for place, (text, ink) in enumerate(said):
            at = float(top) + HEAD_IN / 2 if narrow else float(top + below) / 2
            ax.annotate(
                text, (0, at), xycoords=edge, xytext=(-72 * TICK_IN if narrow else -8, -13 * place), textcoords="offset points",
                ha="left" if narrow else "right", va="center", color=ink, annotation_clip=False,
            )  # fmt: skip


def _legend_rows(scene: Scene, which: Ints, room_in: float) -> list[list[tuple[str, str]]]:
    """(label, colour) of the legend, in rows that fit."""
    moments = scene.moments
    through = which[moments.way[which] == PROXY]
    codes, n = np.unique(moments.proxy[through], return_counts=True)
    busiest = [int(code) for code in codes[np.argsort(-n, kind="stable")][:MOST_PROXIES]]
    labels = sorted((scene.labels[scene.evidence.proxy.values[code]] for code in busiest), key=proxy_order)
    entries = [(fitted(str(label), 2.2, brief=scene.brief), scene.colours[label.proxy]) for label in labels]
    if len(codes) > len(busiest):
        entries.append((counted(len(codes) - len(busiest), "more proxy", "more proxies"), INK))
    if len(through) < len(which):
        entries.append(("past the proxies", FAINT))
    entries.append(("failed or blocked", BAD))
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for what, colour in entries:
        takes = width_in(what) + 0.45
        if rows[-1] and used + takes > room_in:
            rows.append([])
            used = 0.0
        rows[-1].append((what, colour))
        used += takes
    return rows


def _draw_legend(ax: Axes, rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    for row, entries in enumerate(rows):
        at = 0.0
        lift = 8 + 72 * LEGEND_IN * (len(rows) - 1 - row)
        for what, colour in entries:
            mark = "×" if colour == BAD else "■"
            for text, shift, ink in ((mark, 0.0, colour), (what, 0.17, FAINT)):
                ax.annotate(
                    text, (0, 1), xycoords="axes fraction", xytext=(72 * (at + shift), lift), textcoords="offset points", color=ink,
                    annotation_clip=False,
                )  # fmt: skip
            at += width_in(what) + 0.45
