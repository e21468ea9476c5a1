"""`traffic.plot`: the pictures by name. Each returns matplotlib Axes, which a notebook shows and `ax.figure.savefig` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.report.plots.scene import Scene


class Pictures:
    """The pictures of one verdict.

    Each except `sources` takes `source`, the address or name of one client (None: all clients), and `ax`, axes to draw on (None: axes of a
    figure of their own). Errors: Unusable, there is no such source.

    titles   whether each has a title; a page has headings of its own
    """

    def __init__(self, scene: Scene, titles: bool = True) -> None:
        self._scene, self._titles = scene, titles

    def _titled(self, axes: Axes, text: str, source: str | None = None) -> Axes:
        from analyzer.report.plots.canvas import titled

        return titled(axes, f"{text}: {source}" if source else text) if self._titles else axes

    def timeline(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """The way of each plane over time."""
        from analyzer.report.plots.timeline import timeline

        return self._titled(timeline(self._scene, source, ax), "Which way each plane went, over time", source)

    def sources(self, plane: str | None = None, ax: Axes | None = None) -> Axes:
        """The proxy of each source for one plane (None: the sensor's, or the first that was seen) over time: a line for each source."""
        from analyzer.report.plots.sources import sources

        return self._titled(sources(self._scene, plane, ax), "Which proxy each source used, over time", plane)

    def services(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Requests of each service by proxy, the winner marked."""
        from analyzer.report.plots.services import services

        return self._titled(services(self._scene, source, ax), "Requests of each service, by proxy", source)

    def proxies(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """Requests through each proxy by plane, and those that failed."""
        from analyzer.report.plots.proxies import proxies

        return self._titled(proxies(self._scene, source, ax), "Requests through each proxy, by plane", source)

    def precedence(self, source: str | None = None, ax: Axes | None = None) -> Axes:
        """The order of precedence of methods."""
        from analyzer.report.plots.precedence import precedence

        return self._titled(precedence(self._scene, source, ax), "Which method goes over which", source)
