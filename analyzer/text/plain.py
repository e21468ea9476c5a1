"""Text for a terminal whose code page has few characters: our typographic marks become the nearest one it has.

Every other character that it can't show is escaped, as `backslashreplace` does.
"""

from __future__ import annotations

import codecs
from typing import Final

NAME: Final = "whichproxy.plain"

NEAREST: Final = {
    "▶": ">", "✗": "x", "✓": "+", "×": "x", "·": "-", "•": "*", "→": ">", "─": "-", "━": "-", "│": "|", "≠": "!", "–": "-", "—": "-",
    "’": "'", "‘": "'", "“": '"', "”": '"', "■": "#",
}  # fmt: skip
"""A mark of ours → its replacement of the same width: tables keep their columns, and no line becomes longer than the screen."""


def register() -> None:
    """Register NAME with codecs as an error handler."""
    codecs.register_error(NAME, nearest)


def nearest(error: UnicodeError) -> tuple[str, int]:
    """(the replacement, where to go on), as codecs' error handlers return it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object
    written = []
    for at in range(error.start, error.end):
        written.append(_ellipsis(text, at) if text[at] == "…" else NEAREST.get(text[at]) or _spelled(text[at]))
    return "".join(written), error.end + _blanks(text, error.end)


def _ellipsis(text: str, at: int) -> str:
    """Three dots before or behind words; one mark within a word that was shortened, whose column stays as wide."""
    return "..." if not text[at + 1 : at + 2].strip() else "~"


def _blanks(text: str, end: int) -> int:
    """The number of blanks behind an ellipsis at a line's end that its dots may take: two at most, and none between words."""
    if text[end - 1] != "…":
        return 0
    rest = text[end : text.find("\n", end) if "\n" in text[end:] else len(text)]
    return min(2, len(rest)) if not rest.strip(" ") else 0


def _spelled(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
