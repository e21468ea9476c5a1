"""Escapes captured text for display: the only place where a stranger's text becomes text that may be shown.

Host names, user agents, reason phrases and file names come from the senders of the packets. Terminals, spreadsheets, Markdown
viewers and browsers each interpret some characters; here those characters are made visible instead.
"""

from __future__ import annotations

import re

UNWRAPPED = 10_000
"""Width of text that isn't for a screen: no line is this long, so none is wrapped and no name is shortened."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets take a cell that begins with one of these for a formula (OWASP, CSV injection)."""

_MARKDOWN_ACTIVE = re.compile(r"([\\`*_\[\]|~$#!])")
_MARKDOWN_BLOCKS = re.compile(r"\A(?: |[-+=](?=\W|\Z)|\d{1,9}(?=[.)](?: |\Z)))")
_MARKDOWN_LINKS = re.compile(r"(?i)(?<![a-z0-9])(www)\.|:(?=//)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def inert(text: str) -> str:
    """The text on one line with everything that isn't a visible character shown as \\xNN, \\uNNNN or \\UNNNNNNNN.

    That covers C0 and C1 controls (ESC, CSI, newline, tab), bidirectional marks and overrides, zero-width characters,
    line separators, lone surrogates (undecodable file names) and every space but U+0020.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _visible(c) for c in text)


def _visible(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape: the byte that was in the file name
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shorten(text: str, width: int) -> str:
    """The text, or its two ends with an ellipsis between them when it is longer than width characters (at least 3)."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def markdown(text: str) -> str:
    """The text as Markdown that shows exactly it: no emphasis, code, link, image, table cell, HTML or formula.

    Bare `www.` and `://` are broken up too: viewers turn them into links, and a hostile name is not to be clicked on.
    """
    escaped = _MARKDOWN_ACTIVE.sub(r"\\\1", inert(text))
    escaped = re.sub("[&<>]", lambda m: _ENTITIES[m.group()], escaped)
    escaped = _MARKDOWN_BLOCKS.sub(lambda m: _not_a_block(m.group()), escaped)
    return _MARKDOWN_LINKS.sub(lambda m: f"{m.group(1)}\\." if m.group(1) else "\\:", escaped)


def _not_a_block(start: str) -> str:
    """The escaped start of a list, a rule, an underline or a code block."""
    if start == " ":
        return "&#32;"
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def html(text: str) -> str:
    """The text for an HTML element or a quoted attribute."""
    from html import escape  # loads a table of all HTML entities, needed for pages only

    return escape(inert(text), quote=True)


def csv_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: a ' is put before such a beginning. Quoting is left to the writer."""
    shown = inert(text)
    return f"'{shown}" if text.startswith(FORMULA_STARTS) else shown
