"""The command `whichproxy`: a file per verb. Only this package prints and exits; data goes to stdout, everything else to stderr."""

from __future__ import annotations

import gc
import sys
from typing import Final, NoReturn

STARTING: Final = 200_000
"""More objects than start-up and a small page create (160,000 for T1); nearly all of them stay alive."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    leave_garbage_while_starting()
    try:
        from analyzer.cli.libraries import lean
        from analyzer.cli.run import run

        lean()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before run() can handle it, while modules load
        code = 130
    gc.freeze()  # a last garbage collection would cost 0.05 s
    sys.exit(code)


def process() -> NoReturn:
    """Run the command line as this process's only task, and exit with its code without tearing down the interpreter."""
    try:
        main()
    except SystemExit as ended:
        end_at_once(ended.code)
        raise


def end_at_once(code: object) -> None:
    """Exit as Python would, without tearing down modules and threads (saves 0.02 s).

    Exit handlers run, and output is flushed. Returns, so that Python exits normally, where a non-daemon thread is running or the output
    can't be written.
    """
    import atexit
    import os
    import threading

    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not isinstance(code, int) or any(not thread.daemon for thread in others):
        return
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def leave_garbage_while_starting() -> None:
    """Postpone garbage collection until start-up is over, where it would find nothing (0.06 s); then restore the usual thresholds."""
    before = gc.get_threshold()

    def as_ever(phase: str, _: object) -> None:
        if phase == "stop":
            gc.callbacks.remove(as_ever)
            gc.set_threshold(*before)

    gc.callbacks.append(as_ever)
    gc.set_threshold(STARTING)
