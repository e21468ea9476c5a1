"""Precedence: which method takes precedence over which, for the sensor and the antivirus, and the number of flows that prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analyzer.report.plots.canvas import axes_of, explained, fitted, frame, say, styled
from analyzer.report.plots.palette import FAINT, INK, PAPER, RULE
from analyzer.report.plots.scene import Scene
from analyzer.text.inert import inert
from analyzer.text.labels import all_of, method_name, plane_order
from analyzer.text.words import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_IN: Final = 0.4
PLANE_AT, WINNER_AT, LOSERS_AT, STEP, PROOF_END = 0.0, 1.15, 3.45, 1.75, 9.4
"""Inches from the left: the plane, the preferred method, the methods under it, and the right edge of the proof."""

WINNER_IN, LOSER_IN = 1.4, 1.4
"""Width of their names in inches."""

MAX_ROWS: Final = 20
MOST_UNDER: Final = 2


class Order(NamedTuple):
    """One method over others on one plane, with the number of sources."""

    plane: str
    over: str
    under: tuple[str, ...]
    sources: int
    flows: int


def precedence(scene: Scene, source: str | None = None, ax: Axes | None = None) -> Axes:
    """A row per plane and order, for one source or all."""
    orders = orders_of(scene.sources(source))
    with styled():
        if not orders:
            return explained(
                axes_of(0.8, ax), "Precedence: this traffic shows none, since no plane had more than one proxy to choose from."
            )
        shown = orders[:MAX_ROWS]
        made = axes_of(ROW_IN * len(shown) + 0.2, ax)
        frame(made, left_in=0.06, right_in=0.1, top_in=0.1, bottom_in=0.1)
        made.set_xlim(0, 9.44)
        made.set_ylim(len(shown) - 0.5, -0.5)
        made.set_xticks([])
        made.set_yticks([])
        for y, order in enumerate(shown):
            _draw(made, y, order, scene.brief, repeated=y > 0 and shown[y - 1].plane == order.plane)
        said = "; ".join(f"{o.plane}: {inert(o.over)} over {all_of([inert(u) for u in o.under])}, shown by {_proof(o)}" for o in shown)
        say(made, f"Precedence of {inert(scene.whose(source))}. {said}.")
        return made


def orders_of(sources: Sequence[Mapping[str, Any]]) -> list[Order]:
    """Each order once, those of most sources first in their plane."""
    seen: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for source in sources:
        together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for entry in source["precedence"]:
            together.setdefault((entry["plane"], entry["over"]), []).append(entry)
        for (plane, over), entries in together.items():
            key = plane, str(method_name(over)), tuple(str(method_name(entry["under"])) for entry in entries)
            seen.setdefault(key, []).append(len({flow for entry in entries for flow in entry["evidence"]}))
    orders = [Order(plane, over, under, len(flows), sum(flows)) for (plane, over, under), flows in seen.items()]
    return sorted(orders, key=lambda o: (plane_order(o.plane), -o.sources, o.over, o.under))


def _proof(order: Order) -> str:
    flows = counted(order.flows, "flow")
    return f"{flows} of {order.sources:,} sources" if order.sources > 1 else flows


def _draw(ax: Axes, y: int, order: Order, brief: Mapping[str, str], *, repeated: bool) -> None:
    filled = {"boxstyle": "round,pad=0.4,rounding_size=0.6", "facecolor": INK, "edgecolor": INK}
    open_box = {"boxstyle": "round,pad=0.4,rounding_size=0.6", "facecolor": PAPER, "edgecolor": FAINT}
    if not repeated:
        ax.text(PLANE_AT, y, order.plane, va="center", weight="bold")
        ax.axhline(y - 0.5, color=RULE, linewidth=0.8 if y else 0)
    ax.text(WINNER_AT, y, f"▶ {fitted(order.over, WINNER_IN, True, brief)}", va="center", color=PAPER, weight="bold", bbox=filled)
    ax.text(LOSERS_AT - 0.28, y, "over", va="center", ha="right", color=FAINT)
    for number, under in enumerate(order.under[:MOST_UNDER]):
        ax.text(LOSERS_AT + STEP * number, y, fitted(under, LOSER_IN, brief=brief), va="center", bbox=open_box)
    more = len(order.under) - MOST_UNDER
    if more > 0:
        ax.text(LOSERS_AT + STEP * MOST_UNDER, y, f"and {more:,} more", va="center", color=FAINT)
    ax.text(PROOF_END, y, _proof(order), va="center", ha="right", color=FAINT)
