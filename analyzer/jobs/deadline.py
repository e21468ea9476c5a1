"""Time limits of a run: when it stops capturing, and when it stops analysing.

Every loop over arriving work checks them once per item, so that no amount of work keeps a run from ending.
"""

from __future__ import annotations

import time
from typing import Final

STOPPED_S: Final = 60.0
"""Most time for the rest of a run that is stopped, whatever the job's setting: a machine that shuts down waits for it."""


class TimeIsUp(Exception):
    """Time is up: the rest is left to the next run."""


class Deadline:
    """The clock of one run.

    capture_s   seconds of capturing; None: until the run is stopped
    rest_s      seconds of analysis after capturing has ended
    """

    def __init__(self, capture_s: float | None, rest_s: float) -> None:
        self._rest_s = rest_s
        self._capture_until = None if capture_s is None else time.monotonic() + capture_s
        self._rest_until: float | None = None

    def capturing_is_over(self) -> bool:
        """Whether the time for capturing is over."""
        return self._capture_until is not None and time.monotonic() >= self._capture_until

    def begin_rest(self) -> None:
        """Capturing ends now."""
        self._end_within(self._rest_s)

    def stop(self) -> None:
        """Set the end: the run was asked to stop, and the rest may take at most STOPPED_S from now."""
        self._end_within(min(self._rest_s, STOPPED_S))

    def _end_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._rest_until = until if self._rest_until is None else min(self._rest_until, until)

    def check(self) -> None:
        """Errors: TimeIsUp, the time for the rest is over."""
        if self._rest_until is not None and time.monotonic() >= self._rest_until:
            raise TimeIsUp
