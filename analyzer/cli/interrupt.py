"""Ctrl-C or SIGTERM while a stream is read: the stream ends there, and the report covers what came. A second one ends the program."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

STDIN_FD = 0


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Inside the context, SIGTERM, which schedulers and `timeout` send, raises KeyboardInterrupt, so that clean-up runs."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


class StreamEnd:
    """Inside the context, the first SIGINT or SIGTERM ends stdin; outside the main thread nothing changes."""

    def __init__(self) -> None:
        self.interrupted = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        # Python repeats an interrupted read (PEP 475), which then finds the end of the file.
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STDIN_FD)
        os.close(nothing)
