"""A fleet's history as a file; the suffix chooses the form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from analyzer.errors import Unusable
from analyzer.text.files import check_writable, write_whole

SUFFIXES: Final = (".html", ".htm", ".json")


def check_history_path(path: str | Path) -> None:
    """Raise Unusable before the work starts if no history can be written there."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unusable(f"no history is written as {suffix or 'a file without a suffix'}", str(path), "use .html or .json")
    check_writable(path)


def write_history(path: str | Path, document: Mapping[str, Any]) -> None:
    """Write the history in the form of the suffix; a concurrent reader gets the old file or the new one, never a part."""
    if Path(path).suffix.lower() == ".json":
        from analyzer.report.json import json_lines

        write_whole(path, (line.encode() for line in json_lines(document)))
    else:
        from analyzer.report.page.fleet import history_to_html

        write_whole(path, [history_to_html(document).encode()])
