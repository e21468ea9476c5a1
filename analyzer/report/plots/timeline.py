"""The timeline: the way of each plane over time, with a study's marks.

Bars show carried requests, higher for more at once; crosses show failed ones. The window has a fixed number of columns, so that a picture
of 50,000 requests is no larger than one of 500.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.report.plots.canvas import NARROW_IN, WIDTH_IN, axes_of, explained, fitted, frame, label, say, styled, width_in
from analyzer.report.plots.lanes import Lane, lanes_of
from analyzer.report.plots.palette import BAD, FAINT, INK, RULE, SHADE
from analyzer.report.plots.scene import Scene
from analyzer.routes.requests import Ints
from analyzer.text.inert import inert
from analyzer.text.labels import all_of
from analyzer.text.times import clock, moment, parse_time, shown_zone, spanning, zone_name
from analyzer.text.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS: Final = 260
MARK_IN: Final = 0.17
RIGHT_IN, BOTTOM_IN = 1.35, 0.42
PLANE_IN, NAME_IN = 0.95, 2.1
"""Width of the longest plane name, and the maximum width of a row's name."""

NARROW_PLANE_IN, NARROW_EDGE_IN, TICK_IN = 0.78, 0.08, 0.2
"""In a narrow picture: width of a plane's name, its margin, and half the width of a time label at the first and the last tick."""

MARK_ROOM: Final = 48

MOST_MARKS: Final = 12
_DAY_NS: Final = 86_400 * 10**9


class Shape(NamedTuple):
    """The layout of a row, as fractions of its height from the top.

    lane_in  its height in inches
    name     position of its name and numbers
    foot     base of its bars; tall: height of the highest bar, and low of the lowest
    middle   position of crosses
    """

    lane_in: float
    name: float
    foot: float
    tall: float
    low: float
    middle: float


BESIDE: Final = Shape(0.27, 0.62, 0.86, 0.70, 0.26, 0.5)
ABOVE: Final = Shape(0.46, 0.24, 0.94, 0.41, 0.15, 0.72)
"""Names beside the rows; in narrow pictures above them."""


def timeline(scene: Scene, source: str | None = None, ax: Axes | None = None, *, narrow: bool = False) -> Axes:
    """Proxies over time, plane by plane, in the shown zone (UTC, unless --tz names another).

    source  an address or a name of the verdict's sources; None: all of them
    ax      axes to draw on; None: axes of a figure of their own
    narrow  for a telephone
    """
    shape = ABOVE if narrow else BESIDE
    lanes = lanes_of(scene, source)
    with styled():
        if not any(len(lane.carried) + len(lane.failed) for lane in lanes):
            return explained(axes_of(0.8, ax), "Timeline: nothing with a time went to a proxy or past them.")
        marks = _marks(scene, MARK_ROOM // 2 if narrow else MARK_ROOM)
        top_in = 0.16 + MARK_IN * (len(marks) + bool(scene.alone))
        numbers_in = max(width_in(_numbers(lane)) for lane in lanes)
        bottom_in = BOTTOM_IN + 0.16 * narrow
        made = axes_of(shape.lane_in * len(lanes) + top_in + bottom_in, ax, NARROW_IN if narrow else WIDTH_IN)
        if narrow:
            left_in = right_in = NARROW_EDGE_IN + TICK_IN
            name_in = NARROW_IN - 2 * NARROW_EDGE_IN - NARROW_PLANE_IN - numbers_in - 0.3
        else:
            left_in = PLANE_IN + 0.15 + max(width_in(_name(lane, NAME_IN), lane.won) for lane in lanes)
            right_in, name_in = max(RIGHT_IN, 0.2 + numbers_in), NAME_IN
        frame(made, left_in=left_in, right_in=right_in, top_in=top_in, bottom_in=bottom_in)
        start, end = _extent(scene, lanes, marks)
        time_axis(made, start, end, len(lanes), narrow=narrow)
        _alone(made, scene)
        _gaps(made, scene)
        _planes(made, lanes, shape, 72 * TICK_IN if narrow else left_in * 72 - 4)
        for number, lane in enumerate(lanes):
            colour = scene.colours[lane.proxy.proxy] if lane.proxy else FAINT
            _draw(made, number, lane, colour, start, end, max(_busiest(each, start, end) for each in lanes), shape)
            _label(made, number, lane, colour, name_in, shape, narrow=narrow)
        _draw_eras(made, scene, source, lanes, shape)
        _draw_marks(made, marks, above=MARK_IN * 72 * bool(scene.alone))
        with spanning(start, end):
            say(made, _in_words(scene, source, lanes, start, end))
        return made


def _marks(scene: Scene, room: int = MARK_ROOM) -> list[tuple[int, str]]:
    marks = sorted((parse_time(mark["at"], "mark"), label(mark["what"], room)) for mark in scene.marks)
    return marks[:MOST_MARKS]


def _extent(scene: Scene, lanes: Sequence[Lane], marks: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """The shown time span: the verdict's window, extended by marks outside it."""
    ends = [int(times[at]) for lane in lanes for times in (lane.carried, lane.failed) if len(times) for at in (0, -1)]
    ends += [parse_time(edge, "window") for edge in scene.verdict["window"] if edge]
    ends += [at for at, _ in marks]
    start, end = min(ends), max(ends)
    return start, max(end, start + 1_000_000)


def days(ns: int | Ints) -> Any:
    """Days since 1970, as matplotlib counts time."""
    return np.asarray(ns, np.float64) / _DAY_NS


def time_axis(ax: Axes, start: int, end: int, height: float, *, narrow: bool = False) -> None:
    """Time from left to right in the shown zone, and the given height from top to bottom; the day and the zone beside the axis, or below
    it."""
    from matplotlib import dates

    kinds: Any = dates  # its classes have no annotations
    room = (end - start) // 100
    ax.set_xlim(days(start - room), days(end + room))
    ax.set_ylim(height, 0)
    zone = shown_zone() or kinds.dateutil.tz.tzlocal()
    locator = kinds.AutoDateLocator(tz=zone, minticks=3, maxticks=5 if narrow else 8)
    ax.xaxis.set_major_locator(locator)
    formats = ["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S.%f"]  # the formatter drops common trailing zeros
    zeros = ["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M"]
    ax.xaxis.set_major_formatter(kinds.ConciseDateFormatter(locator, tz=zone, formats=formats, zero_formats=zeros, show_offset=False))
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_yticks([])
    ax.annotate(
        f"{moment(start)[:10]} {zone_name()}", (0, 0), xycoords="axes fraction", xytext=(0, -20) if narrow else (-30, -5),
        textcoords="offset points", ha="left" if narrow else "right", va="top", color=FAINT, annotation_clip=False,
    )  # fmt: skip


def _alone(ax: Axes, scene: Scene) -> None:
    """Grey areas where no user was logged on."""
    for start, end in scene.alone:
        left, right = np.clip([days(parse_time(edge, "session")) for edge in (start, end)], *ax.get_xlim())
        ax.axvspan(left, right, facecolor=SHADE, edgecolor="none", zorder=0)
        ax.annotate(
            "no user logged on", (left, 0), xytext=(2, 3), textcoords="offset points", va="bottom", fontsize=8, color=FAINT,
            annotation_clip=False,
        )  # fmt: skip


def _gaps(ax: Axes, scene: Scene) -> None:
    """Hatched areas where the capture has a gap."""
    for finding in scene.verdict["findings"]:
        if finding["code"] == "capture-gap" and finding["first_seen"] and finding["last_seen"]:
            left, right = (days(parse_time(finding[edge], "finding")) for edge in ("first_seen", "last_seen"))
            ax.axvspan(left, right, facecolor="none", edgecolor=FAINT, hatch="////", linewidth=0, alpha=0.6, zorder=0)


def _planes(ax: Axes, lanes: Sequence[Lane], shape: Shape, left: float) -> None:
    """The planes' names before their rows' names, so many points left of the rows, and a line between planes."""
    edge = ax.get_yaxis_transform()
    at = 0
    for plane, group in groupby(lanes, key=lambda lane: lane.plane):
        size = len(list(group))
        ax.annotate(
            plane or "no plane", (0, at + shape.name), xycoords=edge, xytext=(-left, 0), textcoords="offset points",
            va="center", weight="bold" if plane else "normal", color=INK if plane else FAINT, annotation_clip=False,
        )  # fmt: skip
        if at:
            ax.axhline(at, color=RULE, linewidth=0.8, zorder=0.5)
        at += size


def _busiest(lane: Lane, start: int, end: int) -> int:
    return int(max(_per_column(lane.carried, start, end).max(initial=0), 1))


def _per_column(times: Ints, start: int, end: int) -> npt.NDArray[np.int64]:
    """Number of times in each column of the picture."""
    column = ((times - start).astype(np.float64) / (end - start) * (COLUMNS - 1)).round().astype(np.int64)
    counts: npt.NDArray[np.int64] = np.bincount(column, minlength=COLUMNS)
    return counts


def _draw(ax: Axes, number: int, lane: Lane, colour: str, start: int, end: int, busiest: int, shape: Shape) -> None:
    """One row: its bars from a base line, and its crosses."""
    foot = number + shape.foot
    at = days(start) + np.arange(COLUMNS) * (end - start) / (COLUMNS - 1) / _DAY_NS
    carried, failed = _per_column(lane.carried, start, end), _per_column(lane.failed, start, end)
    ax.plot(ax.get_xlim(), (foot, foot), color=RULE, linewidth=0.6, zorder=1)
    used = np.flatnonzero(carried)
    height = shape.low + (shape.tall - shape.low) * np.sqrt(carried[used] / busiest)
    x = np.repeat(at[used], 3)
    y = np.column_stack([np.full(len(used), foot), foot - height, np.full(len(used), np.nan)]).ravel()
    ax.plot(x, y, color=colour, linewidth=2.0, solid_capstyle="butt", zorder=3)
    broken = np.flatnonzero(failed)
    middle = np.full(len(broken), number + shape.middle)
    ax.plot(at[broken], middle, linestyle="none", marker="x", color=BAD, markersize=4.2, mew=1.3, zorder=4)


def _label(ax: Axes, number: int, lane: Lane, colour: str, name_in: float, shape: Shape, *, narrow: bool) -> None:
    """A row's name and numbers, beside it or above it."""
    edge = ax.get_yaxis_transform()
    at = number + shape.name
    ax.annotate(
        _name(lane, name_in), (0, at), xycoords=edge, xytext=(72 * (NARROW_PLANE_IN - TICK_IN) if narrow else -8, 0),
        textcoords="offset points",
        ha="left" if narrow else "right", va="center", color=colour if lane.proxy else FAINT, weight="bold" if lane.won else "normal",
        annotation_clip=False,
    )  # fmt: skip
    ax.annotate(
        _numbers(lane), (1, at), xycoords=edge, xytext=(72 * TICK_IN if narrow else 8, 0), textcoords="offset points",
        ha="right" if narrow else "left", va="center", color=FAINT, annotation_clip=False,
    )  # fmt: skip


def _name(lane: Lane, room_in: float) -> str:
    return ("▶ " if lane.won else "") + fitted(lane.name, room_in, lane.won)


def _numbers(lane: Lane) -> str:
    past = lane.name == "past the proxies"
    parts = [f"{len(lane.carried):,}"] if len(lane.carried) or not len(lane.failed) else []
    parts += [f"{len(lane.failed):,} {'blocked' if past else 'failed'}"] if len(lane.failed) else []
    return ", ".join(parts)


def eras_of(scene: Scene, source: str | None) -> dict[str, list[Mapping[str, Any]]]:
    """plane → its eras, for planes that changed: of one source, or of several with the same change, the last of which is shown."""
    found: dict[str, list[list[Mapping[str, Any]]]] = {}
    for chosen in scene.sources(source):
        for entry in chosen["planes"]:
            found.setdefault(entry["plane"], []).append(entry["eras"])
    alike = {plane: {tuple(era["proxy"] for era in eras) for eras in every} for plane, every in found.items()}
    return {plane: found[plane][-1] for plane, ways in alike.items() if len(ways) == 1 and len(found[plane][-1]) > 1}


def _draw_eras(ax: Axes, scene: Scene, source: str | None, lanes: Sequence[Lane], shape: Shape) -> None:
    """A plane's changes: a band under the proxy of each era, a line at each border, and its time."""
    left, right = ax.get_xlim()
    for plane, eras in eras_of(scene, source).items():
        rows = [number for number, lane in enumerate(lanes) if lane.plane == plane]
        for place, era in enumerate(eras):
            if era["first_seen"] is None or era["last_seen"] is None:
                continue
            began, ended = (float(days(parse_time(era[edge], "era"))) for edge in ("first_seen", "last_seen"))
            row = next((number for number in rows if (held := lanes[number].proxy) and held.proxy == (era["proxy"] or era["asked"])), None)
            if row is not None:
                colour = scene.colours[era["proxy"] or era["asked"]]
                ax.plot(
                    (began, ended),
                    (row + (shape.foot + 1) / 2, row + (shape.foot + 1) / 2),
                    color=colour,
                    linewidth=3.2,
                    alpha=0.55,
                    solid_capstyle="butt",
                    zorder=2,
                )
            if place == 0:
                continue
            ax.plot((began, began), (rows[0] + 0.04, rows[-1] + 0.98), color=INK, linewidth=1.1, zorder=2)
            if row is not None and (began - left) / (right - left) > 0.2:
                ax.annotate(
                    f"since {clock(parse_time(era['first_seen'], 'era'))}", (began, row + shape.middle + 0.05), xytext=(-4, 0),
                    textcoords="offset points", ha="right", va="center", fontsize=8, color=INK, annotation_clip=False,
                )  # fmt: skip


def _draw_marks(ax: Axes, marks: Sequence[tuple[int, str]], above: float) -> None:
    """A dashed line for each mark, its text in a line of its own above the rows, on the side with room."""
    left, right = ax.get_xlim()
    for number, (at, what) in enumerate(marks):
        x = float(days(at))
        late = (x - left) / (right - left) > 0.6
        ax.axvline(x, color=INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=2)
        lift = 3 + above + MARK_IN * 72 * (len(marks) - 1 - number)
        ax.annotate(
            what, (x, 0), xytext=(-3 if late else 3, lift), textcoords="offset points", ha="right" if late else "left", va="bottom",
            fontsize=8, annotation_clip=False,
        )  # fmt: skip
        ax.annotate(
            "", (x, 0), xytext=(0, lift + 8), textcoords="offset points", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8, "linestyle": (0, (3, 2)), "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _in_words(scene: Scene, source: str | None, lanes: Sequence[Lane], start: int, end: int) -> str:
    """The picture's alternative text."""
    said = []
    for plane, group in groupby(lanes, key=lambda lane: lane.plane):
        ways = [f"{inert(lane.name)} {_numbers(lane)}" for lane in group]
        said.append(f"{plane or 'no plane'}: {all_of(ways)}")
    did = [f"{clock(at)} {what}" for at, what in _marks(scene)]
    more = f" Marks: {all_of(did)}." if did else ""
    more += f" {counted(len(scene.alone), 'time')} without a user." if scene.alone else ""
    for plane, eras in eras_of(scene, source).items():
        ways = [inert(era["name"] or era["proxy"] or "no proxy") for era in eras]
        until = [
            f"{way} until {clock(parse_time(era['last_seen'], 'era'))}" if era["last_seen"] else way
            for way, era in zip(ways, eras[:-1], strict=False)
        ]
        more += f" {plane} changed: {', then '.join([*until, ways[-1]])}."
    return f"Timeline of {inert(scene.whose(source))}, {moment(start)} to {moment(end)} {zone_name()}. {'; '.join(said)}.{more}"
