"""The command `whichproxy`: a file per verb. Only this package prints and exits; data goes to stdout, all else to stderr."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    try:
        from analyzer.cli.run import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules load, or before anything of ours could say so
        code = 130
    sys.exit(code)
