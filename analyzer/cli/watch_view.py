"""The display of `watch`: a table that refreshes on a terminal, lines of numbers elsewhere; all on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow.compute as pc

from analyzer.pipeline import judge
from analyzer.report.live import LiveReport, News, Status, finding_line
from analyzer.report.model import Report, build

if TYPE_CHECKING:
    from analyzer.capture.live import Drops
    from analyzer.pipeline import Reading


class Watched(Protocol):
    """The object that the display observes."""

    def reading(self) -> Reading:
        """Everything that has come so far."""

    def drops(self) -> Drops | None:
        """The known drops; None: the stream doesn't report them."""


class Looks:
    """The changes since the last update."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._news = News()
        self._began = self._last = time.monotonic()
        self._packets = self._bytes = 0

    def next(self) -> tuple[Status, Report, list[Any]]:
        """(the numbers, the present report, its new findings)."""
        reading = self._watched.reading()
        document = judge(reading)
        report = build(document)
        shown = {(one.code, one.text): one for cause in report.findings for one in (cause, *cause.led_to)}
        raw = [document["findings"][place] for place in self._news.among(document["findings"])]
        new = [shown[finding["code"], finding["text"]] for finding in raw]
        return self._status(reading), report, new

    def _status(self, reading: Any) -> Status:
        now, flows, packets = time.monotonic(), reading.flows, reading.captures[0]["packets"]
        payload = (pc.sum(flows["bytes_out"]).as_py() or 0) + (pc.sum(flows["bytes_in"]).as_py() or 0)
        is_open = pc.and_(pc.equal(flows["state"], "open"), pc.equal(flows["protocol"], "tcp"))
        passed = max(now - self._last, 1e-3)
        status = Status(
            name=reading.captures[0]["path"],
            elapsed_s=now - self._began,
            packets=packets,
            packets_per_s=(packets - self._packets) / passed,
            bytes_per_s=max(0, payload - self._bytes) / passed,
            conversations=flows.num_rows,
            still_open=pc.sum(is_open).as_py() or 0,
            lost=self._lost(reading),
        )
        self._last, self._packets, self._bytes = now, packets, payload
        return status

    def _lost(self, reading: Any) -> str:
        drops = self._watched.drops()
        if drops is not None:
            return str(drops)
        counts = [damage["count"] for damage in reading.captures[0]["damage"] if damage["code"] == "packets-dropped"]
        return f"{counts[0]:,} dropped" if counts else "a stream does not say what was dropped"


class Lines:
    """A line of numbers, and one for each new finding."""

    def __init__(self, watched: Watched) -> None:
        self._looks = Looks(watched)

    def look(self) -> None:
        status, _, new = self._looks.next()
        for finding in new:
            print(finding_line(finding).plain, file=sys.stderr)
        print(status, file=sys.stderr, flush=True)


class Screen:
    """A table that refreshes in place, new findings above it."""

    def __init__(self, watched: Watched) -> None:
        from rich.console import Console
        from rich.live import Live

        self._looks = Looks(watched)
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def look(self) -> None:
        status, report, new = self._looks.next()
        for finding in new:
            self._console.print(finding_line(finding))
        self._live.update(LiveReport(status, report), refresh=True)
