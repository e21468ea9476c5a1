"""A fleet's history as a file; the suffix says how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable
from analyzer.text.files import check_writable, write_whole

SUFFIXES: Final = (".html", ".htm", ".json")


def check_history_path(path: str | Path) -> None:
    """Raise Unusable now, before long work, if no history can be written there."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unusable(f"no history is written as {suffix or 'a file without a suffix'}", str(path), "use .html or .json")
    check_writable(path)


def write_history(path: str | Path, document: Mapping[str, Any]) -> None:
    """Write the history as its suffix says; who reads the page meanwhile has the old one or the new one, never half of it."""
    if Path(path).suffix.lower() == ".json":
        from analyzer.report.json import json_lines

        write_whole(path, (line.encode() for line in json_lines(document)))
    else:
        from analyzer.report.page.fleet import history_to_html

        write_whole(path, [history_to_html(document).encode()])
