"""The command `whichproxy`: a file per verb. Only this package prints and exits; data goes to stdout, all else to stderr."""

from __future__ import annotations

import gc
import sys
from typing import Final, NoReturn

STARTING: Final = 100_000
"""Objects that start-up and a small report make; nearly all of them stay."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    leave_garbage_while_starting()
    try:
        from analyzer.cli.run import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules load, or before anything of ours could say so
        code = 130
    gc.freeze()  # what is left ends with the process: looking through it for garbage costs 0.05 s
    sys.exit(code)


def leave_garbage_while_starting() -> None:
    """Let Python look for garbage only behind what start-up makes, where it finds none (0.06 s), and from then on as ever."""
    before = gc.get_threshold()

    def as_ever(phase: str, _: object) -> None:
        if phase == "stop":
            gc.callbacks.remove(as_ever)
            gc.set_threshold(*before)

    gc.callbacks.append(as_ever)
    gc.set_threshold(STARTING)
