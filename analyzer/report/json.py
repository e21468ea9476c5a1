"""Documents as JSON text: the same bytes for the same document, in the document's own key order.

One line for each row of its lists (sources, findings, proxies), so that grep and diff find rows. The standard library's C encoder writes
each row; it has no indentation, and is seven times as fast as the encoder that has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from analyzer.text.files import as_utf8

LEVELS: Final = 2
"""Depth down to which objects get a line per key: the document, and the objects that group its lists (direct)."""

SAMPLE: Final = 1_000
"""Rows that are examined for values shared between rows."""

MOST_KEPT: Final = 4_096
"""Texts of shared lists and dicts that are cached."""

# Documents are trees: skipping the check for circular references saves a fifth of the time.
_ENCODE: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, default=dict, check_circular=False).encode


def to_json(document: Mapping[str, Any]) -> str:
    """The document's text, one newline at the end; see json_lines."""
    return "".join(json_lines(document))


def json_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """The document's text in pieces of about a line, for large documents.

    Everything outside printable ASCII is escaped, so that the text is inert on a terminal and survives any encoding. A lone surrogate (an
    undecodable byte of a file name) becomes a visible \\xNN, because many readers reject it in JSON.

    Errors  ValueError for a number that JSON doesn't have (NaN, infinity)
    """
    yield from _opened(document, 1)
    yield "\n"


def _opened(value: Any, level: int) -> Iterator[str]:
    """The value as JSON, in pieces; lists and objects with several lines are indented."""
    if isinstance(value, Mapping) and value and level <= LEVELS:
        before, room = "{\n", " " * level
        for key, entry in value.items():
            yield f"{before}{room}{_text(key)}: "
            yield from _opened(entry, level + 1)
            before = ",\n"
        yield f"\n{' ' * (level - 1)}}}"
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping) and level <= LEVELS + 1:
        before, room, written = "[\n", " " * level, _Written(value)
        for entry in value:
            yield f"{before}{room}{written.text(entry)}"
            before = ",\n"
        yield f"\n{' ' * (level - 1)}]"
    else:
        yield _text(value)


class _Written:
    """The rows of one list as text. A list or dict object that many rows share is encoded once."""

    def __init__(self, rows: Sequence[Any]) -> None:
        ids: dict[str, list[int]] = {}
        for row in rows[:SAMPLE]:
            for key, value in row.items() if isinstance(row, Mapping) else ():
                if isinstance(value, list | dict) and value:
                    ids.setdefault(key, []).append(id(value))
        self._keys = {key: f"{_text(key)}: " for key, found in ids.items() if 2 * len(set(found)) <= len(found)}
        self._known: dict[int, str] = {}

    def text(self, row: Any) -> str:
        if not self._keys or not isinstance(row, Mapping) or self._keys.keys().isdisjoint(row):
            return _text(row)
        parts: list[str] = []
        own: dict[str, Any] = {}
        for key, value in row.items():
            if key in self._keys:
                parts += [_text(own)[1:-1]] if own else []
                parts.append(self._keys[key] + self._shared(value))
                own = {}
            else:
                own[key] = value
        return "{" + ", ".join([*parts, _text(own)[1:-1]] if own else parts) + "}"

    def _shared(self, value: Any) -> str:
        known = self._known.get(id(value))  # the document keeps it alive, so its id is unique
        if known is None:
            known = _text(value)
            if len(self._known) < MOST_KEPT:
                self._known[id(value)] = known
        return known


def _text(value: Any) -> str:
    text = _ENCODE(value)
    if "\\" in text and "\\ud" in text:  # a surrogate, lone or in a pair
        text = _ENCODE(_without_surrogates(value))
    return text.replace("\x7f", "\\u007f")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return as_utf8(value)
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(entry) for entry in value]
    return value
