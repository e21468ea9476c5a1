"""`whichproxy` with an analysis that takes longer, on purpose: `python -m tests.jobs.slowed SECONDS ARGS` waits so long per block."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from analyzer.cli.run import run


def slow_down(seconds: float) -> None:
    """From now on every block of packets that a job counts takes so much longer."""
    from analyzer import engine

    quick = engine.decode

    def slow(*args: Any) -> Iterator[Any]:
        for decoded in quick(*args):
            time.sleep(seconds)
            yield decoded

    engine.decode = slow


if __name__ == "__main__":
    from analyzer.jobs import run as running

    # Packets come before everything that loads slowly, so what is slow is put in place behind the tool's start.
    start = running._start

    def start_and_slow_down(*args: Any) -> Any:
        tool = start(*args)
        slow_down(float(sys.argv[1]))
        return tool

    running._start = start_and_slow_down
    sys.exit(run(sys.argv[2:]))
