"""`whichproxy capture`: one run of a capture job, in the foreground."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from analyzer.cli.options import JobFile, Quiet
from analyzer.cli.outcome import DONE, INTERRUPTED, UNMET, UNUSABLE, complain

For = Annotated[
    float | None, typer.Option("--for", metavar="SECONDS", min=0.1, show_default=False, help="Capture so long, whatever the job says.")
]


def capture(job: JobFile, seconds: For = None, quiet: Quiet = False) -> int:
    """Capture as a job file says: ring files, each analysed once; evidence kept, packets not; what changed is reported.

    Files that an earlier run left, because it was killed or the machine stopped, are analysed first. Conversations that a
    file's end cuts, or a run's, stay one row. Ctrl-C or SIGTERM ends the run in order.

    \b
    Examples:
      whichproxy capture job.toml
      whichproxy capture job.toml --for 600

    \b
    Exit codes: 0 done, 1 done and something changed since the run before, or isn't as expected, 2 it can't be captured or
    broke off, 130 interrupted (what was captured is analysed).
    """
    from analyzer.cli.reading import warn_uncompiled
    from analyzer.jobs.file import load_job
    from analyzer.jobs.notify import notify
    from analyzer.jobs.run import Control, run_job
    from analyzer.jobs.tell import journal_line

    def say(text: str) -> None:
        if not quiet or text.startswith("drift"):
            complain(journal_line(text) if text.startswith("drift") else text)

    def captures() -> None:
        """The capture has started: slow imports may run from here on."""
        notify("READY=1")
        from analyzer.arrow import leave_pandas_alone

        leave_pandas_alone()

    described = load_job(job)
    warn_uncompiled()
    stop = threading.Event()
    signals = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        if signals > 1:
            raise KeyboardInterrupt
        stop.set()

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        outcome = run_job(described, Control(say, stop.wait, seconds, captures))
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    if outcome.broke_off is not None:
        complain(f"the capture broke off: {outcome.broke_off}")
        return UNUSABLE
    return INTERRUPTED if outcome.interrupted else UNMET if outcome.drift else DONE
