"""Finds where unread payload turns out to be encrypted. Nothing behind that place can be read, so it isn't kept.

A part that begins in the middle of a connection doesn't know the bytes before it. But a TLS record of encrypted data ends all
reading, whatever came before. A record at the beginning of a packet counts, as in reassembly.py; anywhere else a second record must
follow directly.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.coverage import behind
from analyzer.flows.layout import ENCRYPTED, SEEMS_ENCRYPTED
from analyzer.packets.fields import u16
from analyzer.readers.records import MAX_RECORD, starts_like_application_data

RECORD_HEADER: Final = 5
ENOUGH: Final = 7  # bytes of such a record that are kept: with fewer than six a reader would wait for more


def needed_end(side, buf, cursor):
    """The end of the bytes at the cursor that a reader may still need; at or before the cursor: none.

    Stores in the side where its encrypted data begins, or seems to begin.
    """
    if side.marks & ENCRYPTED == 0:
        look_for_records(side, buf, cursor)
    if side.marks & ENCRYPTED == 0:
        return cursor.end
    return min(cursor.end, cursor.at + behind(side.head_end, cursor.seq) + ENOUGH)


def look_for_records(side, buf, cursor):
    """Mark the side where a packet begins with encrypted data, or an encrypted record is followed by another; or where one seems to be."""
    at, end, seq = cursor.at, cursor.end, cursor.seq
    if starts_like_application_data(buf, at, end):
        side.head_end = seq
        side.marks |= ENCRYPTED
        return
    if side.marks & SEEMS_ENCRYPTED:
        p = at + behind(as_u32(side.head_end + side.wanted), seq)
        if p >= end - 2:
            return
        side.marks &= ~SEEMS_ENCRYPTED
        if p >= at and starts_like_record(buf, p, end):
            side.marks |= ENCRYPTED
            return
    for p in range(at + 1, end - RECORD_HEADER + 1):
        if buf[p] == 23 and starts_like_application_data(buf, p, end):
            following = p + RECORD_HEADER + u16(buf, p + 3)
            if following >= end - 2 or starts_like_record(buf, following, end):
                side.head_end = as_u32(seq + p - at)
                side.wanted = following - p
                side.marks |= SEEMS_ENCRYPTED if following >= end - 2 and following != end else ENCRYPTED
                return


def starts_like_record(buf, at, end):
    """True when a TLS record may begin here; at least three bytes must be there."""
    if not (20 <= buf[at] <= 23 and buf[at + 1] == 3 and 1 <= buf[at + 2] <= 3):
        return False
    return end - at < RECORD_HEADER or 0 < u16(buf, at + 3) <= MAX_RECORD
