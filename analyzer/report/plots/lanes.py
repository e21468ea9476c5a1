"""The rows of the timeline: for each plane, each way its traffic went, with the times of carried and failed requests."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from analyzer.report.plots.palette import proxy_order
from analyzer.report.plots.scene import Scene
from analyzer.routes.requests import Ints
from analyzer.text.labels import ProxyLabel, plane_order
from analyzer.text.words import counted
from analyzer.verdict.evidence import grouped

MOST_PROXIES: Final = 6
"""Rows for proxies in a plane; the others are merged into one more row."""

PROXY, DIRECT, BLOCKED = range(3)
"""Ways of analyzer.studies.moments."""


class Lane(NamedTuple):
    """One row.

    plane    None: unknown
    proxy    None: past the proxies, or several proxies merged
    name     its label
    carried failed   int64[…]  ns since 1970, ascending; past the proxies: answered, and dropped or rejected
    won      whether this proxy won the plane for a source
    """

    plane: str | None
    proxy: ProxyLabel | None
    name: str
    carried: Ints
    failed: Ints
    won: bool


def lanes_of(scene: Scene, source: str | None) -> list[Lane]:
    """All rows, plane by plane: proxies by name, then direct traffic."""
    evidence, moments = scene.evidence, scene.moments
    sources = scene.sources(source)
    won = {(entry["plane"], entry["winner"]) for chosen in sources for entry in chosen["planes"]}
    positions = np.arange(len(moments.row))
    if source is not None:
        positions = np.flatnonzero(moments.client == evidence.client.values.index(sources[0]["client_ip"]))
    past = np.where(moments.way == PROXY, 0, 1)
    planes: dict[str | None, list[Lane]] = {}
    for (plane, _, proxy), found in grouped(positions, moments.plane, past, moments.proxy):
        name = evidence.plane.text(plane)
        through = moments.way[found] == PROXY
        failed = np.where(through, moments.failed[found] | ~moments.asked[found], moments.way[found] == BLOCKED)
        label = scene.labels[evidence.proxy.values[proxy]] if through[0] else None
        address = label.proxy if label else None
        title = f"{label.short} · {label.method_name}" if label and label.method else label.short if label else "past the proxies"
        times = moments.start[found]
        lane = Lane(name, label, title, np.sort(times[~failed]), np.sort(times[failed]), label is not None and (name, address) in won)
        planes.setdefault(name, []).append(lane)
    ordered = sorted(planes, key=plane_order)
    return [lane for plane in ordered for lane in _few(planes[plane])]


def _few(lanes: list[Lane]) -> list[Lane]:
    """The plane's rows in order, with the least used proxies merged where there are too many."""
    through = sorted((lane for lane in lanes if lane.proxy), key=lambda lane: proxy_order(lane.proxy) if lane.proxy else ())
    past = [lane for lane in lanes if not lane.proxy]
    if len(through) > MOST_PROXIES:
        busiest = sorted(through, key=lambda lane: (-len(lane.carried), -len(lane.failed), lane.name))
        kept, rest = busiest[:MOST_PROXIES], busiest[MOST_PROXIES:]
        together = Lane(
            rest[0].plane,
            None,
            counted(len(rest), "more proxy", "more proxies"),
            np.sort(np.concatenate([lane.carried for lane in rest])),
            np.sort(np.concatenate([lane.failed for lane in rest])),
            any(lane.won for lane in rest),
        )
        through = [lane for lane in through if any(lane is each for each in kept)] + [together]
    return through + past
