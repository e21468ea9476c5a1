"""Patterns of paths, as shells expand them."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path

ANY_DEPTH = "**"


def expanded(pattern: str) -> list[str]:
    """The paths that fit the pattern, sorted: `*`, `?` and `[...]` within a part of a path, `**` for any folders.

    `**` doesn't follow links: a link to a parent folder would give the same files again without end. As in shells, names with a leading
    dot fit only a pattern with one.
    """
    parts = Path(pattern).parts
    if ANY_DEPTH not in parts:
        return sorted(glob.glob(pattern))  # noqa: PTH207 - Path.glob takes no absolute patterns
    first = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first])
    wanted = [part if part == ANY_DEPTH else re.sub(r"\*+", "*", part) for part in parts[first:]]
    if wanted[-1] == ANY_DEPTH:
        wanted.append("*")
    return sorted(str(path) for path in base.glob("/".join(wanted)) if not any(_unasked(path.relative_to(base).parts, wanted)))


def _unasked(parts: tuple[str, ...], wanted: list[str]) -> Iterator[bool]:
    """For each part of a path, whether it is hidden and no part of the pattern begins with a dot."""
    asked = any(part.startswith(".") for part in wanted)
    return (part.startswith(".") and not asked for part in parts)
