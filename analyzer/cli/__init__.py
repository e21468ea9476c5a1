"""The command `whichproxy`: a file per verb. Only this package prints and exits; data goes to stdout, all else to stderr."""

from __future__ import annotations

import gc
import sys
from typing import Final, NoReturn

STARTING: Final = 200_000
"""Objects that start-up and a small page make, 160,000 of T1; nearly all of them stay."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    leave_garbage_while_starting()
    try:
        from analyzer.cli.libraries import lean
        from analyzer.cli.run import run

        lean()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules load, or before anything of ours could say so
        code = 130
    gc.freeze()  # what is left ends with the process: looking through it for garbage costs 0.05 s
    sys.exit(code)


def process() -> NoReturn:
    """Run the command line as all that this process is for, and end it with its code: what it holds isn't taken apart before."""
    try:
        main()
    except SystemExit as ended:
        end_at_once(ended.code)
        raise


def end_at_once(code: object) -> None:
    """Leave the process as Python would, without taking modules and threads apart (0.02 s).

    Whoever wanted to be called at the end is called, and what was printed is written. Comes back, for Python to end in its own way,
    where a thread that has to be waited for is at work or what was printed can't be written.
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
    """Let Python look for garbage only behind what start-up makes, where it finds none (0.06 s), and from then on as ever."""
    before = gc.get_threshold()

    def as_ever(phase: str, _: object) -> None:
        if phase == "stop":
            gc.callbacks.remove(as_ever)
            gc.set_threshold(*before)

    gc.callbacks.append(as_ever)
    gc.set_threshold(STARTING)
