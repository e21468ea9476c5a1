"""`traffic.plot`: the pictures by name. Each gives matplotlib Axes, which a notebook shows and `ax.figure.savefig` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.report.plots.scene import Scene


class Pictures:
    """The pictures of one verdict.

    Each but `sources` takes `source`, the address or name of one client (None: all of them together), and `ax`, axes to draw on
    (None: axes of a figure of their own). Errors: Unusable, there is no such source.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def timeline(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Which way each plane went, when."""
        from analyzer.report.plots.timeline import timeline

        return timeline(self._scene, source, ax)

    def sources(self, plane: str | None = None, ax: Axes | None = None) -> Axes:
        """Which proxy each source used for one plane (None: the sensor's, or the first that was seen), when: a line for each source."""
        from analyzer.report.plots.sources import sources

        return sources(self._scene, plane, ax)

    def services(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Requests of each service by proxy, the winner marked."""
        from analyzer.report.plots.services import services

        return services(self._scene, source, ax)

    def proxies(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Requests through each proxy by plane, and those that failed."""
        from analyzer.report.plots.proxies import proxies

        return proxies(self._scene, source, ax)

    def precedence(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Which method went over which."""
        from analyzer.report.plots.precedence import precedence

        return precedence(self._scene, source, ax)
