"""Ctrl-C while a stream is read: the stream ends there, and what came of it is reported. A second one ends the program."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Self

STDIN_FD = 0


class StreamEnd:
    """While it is entered, the first SIGINT is the end of stdin; elsewhere than in the main thread nothing changes."""

    def __init__(self) -> None:
        self.interrupted = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        # Python begins a read that waits again after a signal (PEP 475), and finds nothing more to read.
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STDIN_FD)
        os.close(nothing)
