"""How long a run may go on: until when it captures, and until when it analyses what it captured.

Every loop over arriving work asks here once per item, so that no amount of work keeps a run from ending.
"""

from __future__ import annotations

import time
from typing import Final

STOPPED_S: Final = 60.0
"""What a run that is stopped takes for its rest at most, whatever the job says: a machine that shuts down waits for it."""


class TimeIsUp(Exception):
    """What is left is for the next run."""


class Deadline:
    """The clock of one run.

    capture_s   it captures so long; None: until somebody stops it
    rest_s      so long it analyses what is left when capturing has ended
    """

    def __init__(self, capture_s: float | None, rest_s: float) -> None:
        self._rest_s = rest_s
        self._capture_until = None if capture_s is None else time.monotonic() + capture_s
        self._rest_until: float | None = None

    def capturing_is_over(self) -> bool:
        """Whether it captured as long as it should."""
        return self._capture_until is not None and time.monotonic() >= self._capture_until

    def begin_rest(self) -> None:
        """Capturing ends now."""
        self._end_within(self._rest_s)

    def stop(self) -> None:
        """Set the end: the run was asked to stop, and the rest may take STOPPED_S at most, from now."""
        self._end_within(min(self._rest_s, STOPPED_S))

    def _end_within(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._rest_until = until if self._rest_until is None else min(self._rest_until, until)

    def check(self) -> None:
        """Errors: TimeIsUp, the rest has had its time."""
        if self._rest_until is not None and time.monotonic() >= self._rest_until:
            raise TimeIsUp
