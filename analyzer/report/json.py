"""The verdict document as JSON text: the same bytes for the same verdict, in the document's own key order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_json(verdict: Mapping[str, Any]) -> str:
    """Indented JSON, one newline at the end.

    Everything outside printable ASCII is written as an escape, so that the text is inert on a terminal and survives any
    encoding. A lone surrogate (an undecodable byte of a file name) becomes a visible \\xNN: many readers refuse it in JSON.
    Errors  ValueError for a number that JSON doesn't have (NaN, infinity)
    """
    text = json.dumps(_without_surrogates(verdict), ensure_ascii=True, allow_nan=False, indent=2)
    return text.replace("\x7f", "\\u007f") + "\n"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(entry) for entry in value]
    return value
