"""Progress on stderr: only on a terminal, and only for long work."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from analyzer.text.inert import inert

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

QUICK_S = 0.5
"""Shorter work shows no bar."""


class ReadingProgress:
    """A context whose `update` takes bytes read and total bytes (None: unknown)."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, read_bytes: int, total_bytes: int | None) -> None:
        """Show the progress of reading."""
        if not self._shown or (self._bar is None and time.monotonic() - self._began < QUICK_S):
            return
        if self._bar is None or self._task is None:
            self._bar, self._task = self._begin()
        self._bar.update(self._task, completed=read_bytes, total=total_bytes)

    def _begin(self) -> tuple[Progress, TaskID]:
        from rich.progress import DownloadColumn, TransferSpeedColumn

        return _bar("reading", DownloadColumn(), TransferSpeedColumn())


class PacketProgress(ReadingProgress):
    """The same as ReadingProgress, for packets that Wireshark reads, one capture after the other."""

    def show(self, capture: str, packets: int, total: int | None) -> None:
        """Show the progress of this capture."""
        self.update(packets, total)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"asking Wireshark: {inert(capture)}")

    def _begin(self) -> tuple[Progress, TaskID]:
        from rich.progress import MofNCompleteColumn

        return _bar("asking Wireshark", MofNCompleteColumn())


class DayProgress(ReadingProgress):
    """The same as ReadingProgress, for gateways' days."""

    def end(self) -> None:
        """Remove the bar, before the result is printed."""
        if self._bar is not None:
            self._bar.stop()

    def _begin(self) -> tuple[Progress, TaskID]:
        from rich.progress import MofNCompleteColumn

        return _bar("reading days", MofNCompleteColumn())


def _bar(what: str, *columns: ProgressColumn) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}", markup=False), BarColumn(), *columns, TimeRemainingColumn())
    bar = Progress(*shown, console=Console(stderr=True), transient=True)
    bar.start()
    return bar, bar.add_task(what, total=None)
