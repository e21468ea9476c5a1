"""Numbers and lists in sentences."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Final

UNANSWERED, OTHER_PROTOCOL = -1, -2
"""The status of a request without an answer, and of one that was answered in another protocol than it was asked in."""

SOCKS_REPLIES: Final = {
    1: "general failure",
    2: "not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
    91: "rejected or failed",
    92: "no identd reachable",
    93: "identd names another user",
    255: "no method of authentication accepted",
}
"""Meanings of a SOCKS server's codes: RFC 1928 3 and 6, and SOCKS4's (91 to 93). HTTP's statuses are 100 to 599, and no refusal is 255."""


def status_text(status: int) -> str:
    """ "407"; "SOCKS 5 (connection refused)"."""
    if status in SOCKS_REPLIES:
        return f"SOCKS {status} ({SOCKS_REPLIES[status]})"
    return f"SOCKS {status}" if 0 <= status < 100 else str(status)


def failure_list(failures: Mapping[int, int]) -> str:
    """ "3 × 407, 1 unanswered"."""
    ordered = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    words = {UNANSWERED: "unanswered", OTHER_PROTOCOL: "answered in another protocol"}
    return ", ".join(f"{n} {words[status]}" if status in words else f"{n} × {status_text(status)}" for status, n in ordered)


def counted(number: int, one: str, many: str | None = None) -> str:
    """ "1 flow", "1,234 flows", "2 addresses"; `many` for an irregular plural."""
    return f"{number:,} {one if number == 1 else many or one + ('es' if one.endswith('s') else 's')}"


def listed(texts: Sequence[str], most: int = 3) -> str:
    """ "a", "a and b", "a, b, c and 4 more"; characters that could steer a terminal are escaped."""
    safe = [printable(text) for text in texts]
    if len(safe) > most + 1:
        return f"{', '.join(safe[:most])} and {len(safe) - most:,} more"
    return " and ".join(filter(None, [", ".join(safe[:-1]), safe[-1] if safe else ""]))


def printable(text: str) -> str:
    """The text with control, format and other unprintable characters as \\xNN: it came from the network."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def did_you_mean(wrong: str, known: Sequence[str]) -> str:
    """The remedy for a wrong name: the nearest known one, else the first few known ones."""
    by_form = {one.casefold(): one for one in reversed(known)}
    close = difflib.get_close_matches(wrong.casefold(), list(by_form), n=1)
    if close:
        return f"did you mean {printable(by_form[close[0]])}?"
    return f"there is {listed(known, 8)}" if known else "there is none"
