"""Text for a terminal with a code page of few characters: our typographic marks become the nearest that it has.

Everything else that it can't show is spelled out, as `backslashreplace` does.
"""

from __future__ import annotations

import codecs
from typing import Final

NAME: Final = "whichproxy.plain"

NEAREST: Final = {
    "▶": ">", "✗": "x", "✓": "+", "×": "x", "·": "-", "•": "*", "→": ">", "─": "-", "━": "-", "│": "|", "≠": "!", "–": "-", "—": "-",
    "’": "'", "‘": "'", "“": '"', "”": '"', "■": "#",
}  # fmt: skip
"""A mark of ours → what stands for it, as wide as the mark: tables keep their columns, and no line becomes longer than the screen."""


def register() -> None:
    """Make NAME known to codecs as a way to deal with what an encoding can't hold."""
    codecs.register_error(NAME, nearest)


def nearest(error: UnicodeError) -> tuple[str, int]:
    """What to write instead, and where to go on, as codecs ask for it."""
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
    """How many blanks that fill the line behind an ellipsis make room for its dots: two at most, and none between words."""
    if text[end - 1] != "…":
        return 0
    rest = text[end : text.find("\n", end) if "\n" in text[end:] else len(text)]
    return min(2, len(rest)) if not rest.strip(" ") else 0


def _spelled(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
