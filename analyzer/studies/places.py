"""Line numbers of tables and keys in a TOML file, for messages about mistakes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Place = tuple[str | int, ...]
"""Keys and, in arrays of tables, positions from 0, as in pydantic's errors: ("test", 1, "session", 0, "logon")."""

_HEADER = re.compile(r"[ \t]*(\[\[?)[ \t]*([A-Za-z0-9_-]+(?:[ \t]*\.[ \t]*[A-Za-z0-9_-]+)*)[ \t]*\]\]?[ \t]*(?:#.*)?")
_KEY = re.compile(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*=")


class Places:
    """The lines of a file's tables and keys, by place.

    Headers and keys are searched line by line. If a found one isn't in the data of the TOML reader (a header inside a multi-line
    text), all lines are unknown, so that none is wrong.
    """

    def __init__(self, text: str, data: Mapping[str, Any]) -> None:
        self._tables, keys = _lines_of(text)
        if any(not _has(data, place) for place in (*self._tables, *keys)):
            self._tables, keys = {}, {}
        self._lines = keys | self._tables

    def line(self, place: Place) -> int | None:
        """The line of this place, else of the nearest table around it, from 1; None: unknown."""
        for end in range(len(place), 0, -1):
            if place[:end] in self._lines:
                return self._lines[place[:end]]
        return None

    def text(self, place: Place) -> str:
        """`[[test]] 2, [[test.session]] 1, logon (line 14)`; tables are counted from 1."""
        parts: list[str] = []
        names: list[str] = []
        numbered = {index for index, part in enumerate(place) if isinstance(part, int)}
        for index, part in enumerate(place):
            if isinstance(part, int):
                continue
            names.append(part)
            if index + 1 in numbered and place[: index + 2] in self._tables:
                parts.append(f"[[{'.'.join(names)}]] {int(place[index + 1]) + 1}")
            elif place[: index + 1] in self._tables:
                parts.append(f"[{'.'.join(names)}]")
            else:
                number = f" {int(place[index + 1]) + 1}" if index + 1 in numbered else ""
                parts.append(f"{part}{number}")
        line = self.line(place)
        return ", ".join(parts) + (f" (line {line})" if line is not None and parts else "")


def _lines_of(text: str) -> tuple[dict[Place, int], dict[Place, int]]:
    """(place → line of the headers, place → line of the keys)."""
    tables: dict[Place, int] = {}
    keys: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.fullmatch(line.rstrip("\r"))
        if header:
            table = _table(header[2], header[1] == "[[", counts)
            tables.setdefault(table, number)
        elif key := _KEY.match(line):
            keys.setdefault((*table, key[1]), number)
    return tables, keys


def _table(name: str, is_array: bool, counts: dict[Place, int]) -> Place:
    """The place of a header's table; an array of tables in its path means the array's last table (TOML 1.0, Array of Tables)."""
    place: Place = ()
    parts = [part.strip() for part in name.split(".")]
    for position, part in enumerate(parts):
        place = (*place, part)
        if position == len(parts) - 1 and is_array:
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def _has(data: Any, place: Place) -> bool:
    for part in place:
        if isinstance(part, int):
            if not isinstance(data, list) or part >= len(data):
                return False
        elif not isinstance(data, Mapping) or part not in data:
            return False
        data = data[part]
    return True
