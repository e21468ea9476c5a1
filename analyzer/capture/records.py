"""Common to files with a header before each packet: how their reading begins and ends.

A kernel goes from header to header and returns why it stopped: FULL (no room), NEED_MORE (bytes), BAD (an implausible header).
"""

from __future__ import annotations

from typing import Final

from analyzer.capture.block import Damage
from analyzer.capture.stream import Window

FULL: Final = 0
NEED_MORE: Final = 1
BAD: Final = 2


def file_header(window: Window, size: int, damage: list[Damage]) -> bytes | None:
    """The next `size` bytes, which the window then has consumed; None where the file ends before, which is added to `damage`."""
    while window.end - window.start < size:
        if not window.more():
            damage.append(Damage("capture-damaged", "the file header is cut short", window.offset + window.start, window.rest()))
            return None
    head = bytes(window.data[window.start : window.start + size])
    window.start += size
    return head


def is_over(window: Window, status: int, damage: list[Damage]) -> bool:
    """Whether no packet can be read any more from the window's start; the unread rest of the file is added to `damage`.

    Nothing marks where the next header begins, so an implausible one ends the file, as in Wireshark.
    """
    at = window.offset + window.start
    if status == BAD:
        text = "a packet's length can't be true; the rest of the file was not read"
        damage.append(Damage("capture-damaged", text, at, window.rest()))
        return True
    if status != NEED_MORE or window.more():
        return False
    rest = window.end - window.start
    if rest:
        damage.append(Damage("capture-damaged", "the file ends in the middle of a packet", at, rest))
    return True
