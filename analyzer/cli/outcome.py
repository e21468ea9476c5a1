"""The end of a run: exit codes, and one line on stderr per cause."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from analyzer.errors import WhichproxyError
from analyzer.text.inert import inert
from analyzer.text.urls import without_secrets

DONE = 0
UNMET = 1
UNUSABLE = 2
MISTAKE = 70
INTERRUPTED = 130


def causes(error: WhichproxyError) -> Iterator[str]:
    """One text per cause: of each error in `causes`, else each line of the error's text."""
    parts: Sequence[WhichproxyError] = getattr(error, "causes", ())
    for part in parts:
        yield from causes(part)
    if not parts:
        yield from str(error).splitlines()


def complain(*lines: str) -> None:
    """Print each line on stderr, inert, after the program's name; URLs without their credentials."""
    for line in lines:
        print(f"whichproxy: {inert(without_secrets(line))}", file=sys.stderr)
