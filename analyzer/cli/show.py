"""A report on stdout: in colour and as wide as the screen on a terminal, else plain and unwrapped."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


def show(report: RenderableType, plain: Callable[[int], str]) -> None:
    """Print the report; `plain` returns its text at a width, for a pipe or a file."""
    from rich.console import Console

    from analyzer.text.inert import UNWRAPPED

    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(report)
        return
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() else 0  # some shells export 0 for an unknown width
    sys.stdout.write(plain(width or UNWRAPPED))
