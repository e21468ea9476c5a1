"""Services × proxies: number of requests carried, the winner filled, the others open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from analyzer.report.plots.canvas import WIDTH_IN, axes_of, explained, fitted, frame, say, styled
from analyzer.report.plots.palette import BAD, FAINT, INK, PAPER, RULE, proxy_order
from analyzer.report.plots.scene import Scene
from analyzer.text.inert import inert
from analyzer.text.labels import ProxyLabel, all_of, plane_order
from analyzer.text.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN: Final = 0.3
LEFT_IN, TOP_IN, BOTTOM_IN, PLANE_IN = 3.1, 0.5, 0.12, 0.85
COLUMN_IN, WIDEST_IN = 1.25, 1.9
"""Width of a column in inches, and its maximum where there are few."""

MOST_PROXIES: Final = 5
MOST_SERVICES: Final = 40

Counts = dict[str, dict[ProxyLabel, tuple[int, int]]]
"""service → proxy → requests carried, failed"""


def services(scene: Scene, source: str | None = None, ax: Axes | None = None) -> Axes:
    """Each service and the proxies that carried it, for one source or all."""
    chosen = scene.sources(source)
    planes, counts = counted_by_service(chosen)
    with styled():
        if not counts:
            return explained(axes_of(0.8, ax), "Services: no Defender service was seen.")
        rows = sorted(counts, key=lambda service: (plane_order(planes[service]), service))[:MOST_SERVICES]
        proxies = _columns(counts)
        made = axes_of(ROW_IN * len(rows) + TOP_IN + BOTTOM_IN, ax)
        column_in = max(COLUMN_IN, min(WIDEST_IN, (WIDTH_IN - LEFT_IN - 0.25) / len(proxies)))
        frame(made, left_in=LEFT_IN, right_in=WIDTH_IN - LEFT_IN - column_in * len(proxies), top_in=TOP_IN, bottom_in=BOTTOM_IN)
        made.set_xlim(-0.5, len(proxies) - 0.5)
        made.set_ylim(len(rows) - 0.5, -0.5)
        made.set_xticks([])
        made.set_yticks(range(len(rows)), [fitted(service, LEFT_IN - PLANE_IN - 0.2) for service in rows])
        made.tick_params(axis="y", pad=8)
        _headings(made, scene, proxies, column_in - 0.1)
        _plane_lines(made, [planes[service] for service in rows])
        for y, service in enumerate(rows):
            won = _winner(chosen, service, counts[service])
            for x, proxy in enumerate(proxies):
                if proxy in counts[service]:
                    _draw(made, x, y, counts[service][proxy], won == proxy.proxy, scene.colours.get(proxy.proxy, INK))
        say(made, _in_words(scene, source, rows, counts, chosen))
        return made


def counted_by_service(sources: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str | None], Counts]:
    """service → plane, and each service's requests by proxy, over these sources."""
    planes: dict[str, str | None] = {}
    counts: Counts = {}
    for entry in (entry for source in sources for entry in source["services"]):
        planes.setdefault(entry["service"], entry["plane"])
        row = counts.setdefault(entry["service"], {})
        for part in entry["by_proxy"]:
            proxy = ProxyLabel(part["proxy"], part["name"], part["method"])
            carried, failed = row.get(proxy, (0, 0))
            row[proxy] = carried + part["tunnels"], failed + part["failed"]
    return planes, counts


def _columns(counts: Counts) -> list[ProxyLabel]:
    """The busiest proxies, by name."""
    total: dict[ProxyLabel, int] = {}
    for row in counts.values():
        for proxy, (carried, failed) in row.items():
            total[proxy] = total.get(proxy, 0) + carried + failed
    busiest = sorted(total, key=lambda proxy: (-total[proxy], proxy_order(proxy)))
    return sorted(busiest[:MOST_PROXIES], key=proxy_order)


def _winner(sources: Sequence[Mapping[str, Any]], service: str, row: Mapping[ProxyLabel, tuple[int, int]]) -> str | None:
    """The service's winner: the verdict's for one source; for several, the proxy that carried most, unless tied."""
    if len(sources) == 1:
        return next((entry["winner"] for entry in sources[0]["services"] if entry["service"] == service), None)
    most = max(carried for carried, _ in row.values())
    leading = [proxy.proxy for proxy, (carried, _) in row.items() if carried == most]
    return leading[0] if len(leading) == 1 and most else None


def _headings(ax: Axes, scene: Scene, proxies: Sequence[ProxyLabel], room_in: float) -> None:
    """Name over method; for a proxy without a name, address over port."""
    for x, proxy in enumerate(proxies):
        address, _, port = proxy.proxy.rpartition(":")
        over, under = (proxy.name, proxy.method_name or "") if proxy.name else (address, f":{port}")
        colour = scene.colours.get(proxy.proxy, INK)
        ax.annotate(
            fitted(over, room_in, bold=True), (x, 1), xycoords=ax.get_xaxis_transform(), xytext=(0, 18), textcoords="offset points",
            ha="center", weight="bold", color=colour, annotation_clip=False,
        )  # fmt: skip
        ax.annotate(
            fitted(under, room_in), (x, 1), xycoords=ax.get_xaxis_transform(), xytext=(0, 6), textcoords="offset points",
            ha="center", color=FAINT, annotation_clip=False,
        )  # fmt: skip


def _plane_lines(ax: Axes, planes: Sequence[str | None]) -> None:
    edge: Any = ax.get_yaxis_transform()
    for y, plane in enumerate(planes):
        if y == 0 or planes[y - 1] != plane:
            ax.annotate(
                plane or "no plane", (0, y), xycoords=edge, xytext=(-LEFT_IN * 72 + 4, 0), textcoords="offset points", va="center",
                weight="bold" if plane else "normal", color=INK if plane else FAINT, annotation_clip=False,
            )  # fmt: skip
            ax.axhline(y - 0.5, color=RULE, linewidth=0.8)


def _draw(ax: Axes, x: int, y: int, count: tuple[int, int], won: bool, colour: str) -> None:
    carried, failed = count
    if carried:
        text = f"{carried:,}" if carried < 10_000 else f"{carried / 1000:,.0f}k"
        box = {"boxstyle": "round,pad=0.32,rounding_size=0.6", "facecolor": colour if won else PAPER, "edgecolor": colour, "linewidth": 1.1}
        ax.text(
            x, y, f"▶ {text}" if won else text, ha="center", va="center", color=PAPER if won else INK, weight="bold" if won else "normal",
            fontsize=8, bbox=box,
        )  # fmt: skip
    if failed:
        ax.annotate(
            f"✗ {failed:,}", (x, y), xytext=(24 if carried else 0, 0), textcoords="offset points", ha="left" if carried else "center",
            va="center", fontsize=8, color=BAD,
        )  # fmt: skip


def _in_words(scene: Scene, source: str | None, rows: Sequence[str], counts: Counts, chosen: Sequence[Mapping[str, Any]]) -> str:
    said = []
    for service in rows:
        won = _winner(chosen, service, counts[service])
        parts = []
        for proxy, (carried, failed) in sorted(counts[service].items(), key=lambda item: proxy_order(item[0])):
            lost = f" and {failed:,} failed" if failed else ""
            parts.append(f"{inert(proxy.short)} {carried:,}{lost}{' (won)' if proxy.proxy == won else ''}")
        said.append(f"{inert(service)}: {all_of(parts)}")
    return f"Services of {inert(scene.whose(source))}, {counted(len(counts), 'service')}, requests carried by proxy. {'; '.join(said)}."
