"""Where payload that is kept unread turns out to be encrypted: from there on nobody reads it, so it isn't kept.

A piece that begins in the middle of a connection can't know what was said before. But a TLS record of encrypted data ends all
reading, whatever came before it. Where a packet begins with one that is taken as read.py takes it; anywhere else a second record
has to follow right behind it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.layout import ENCRYPTED, SEEMS_ENCRYPTED
from analyzer.kernels import kernel
from analyzer.names.fields import u16
from analyzer.names.sides import behind
from analyzer.names.tls import MAX_RECORD, starts_like_application_data

HEADER: Final = 5
ENOUGH: Final = 7  # of such a record: with fewer bytes than six a reader would wait for more


@kernel
def needed_end(side, buf, at, end, seq):  # type: ignore[no-untyped-def]
    """How far buf[at:end], which begins at sequence number seq, may yet be read; at or before `at`: nothing of it.

    Remembers in the side where it is encrypted, or seems to be.
    """
    if side.marks & ENCRYPTED == 0:
        look_for_records(side, buf, at, end, seq)
    if side.marks & ENCRYPTED == 0:
        return end
    return min(end, at + np.int64(behind(side.head_end, seq)) + ENOUGH)


@kernel
def look_for_records(side, buf, at, end, seq):  # type: ignore[no-untyped-def]
    """Mark the side where a packet begins with encrypted data, or a record of it is followed by another; or where one may be."""
    if starts_like_application_data(buf, at, end):
        side.head_end = seq
        side.marks |= ENCRYPTED
        return
    if side.marks & SEEMS_ENCRYPTED:
        p = at + np.int64(behind(np.uint32(side.head_end + np.uint32(side.wanted)), seq))
        if p >= end - 2:
            return
        side.marks &= ~SEEMS_ENCRYPTED
        if p >= at and starts_like_record(buf, p, end):
            side.marks |= ENCRYPTED
            return
    for p in range(at + 1, end - HEADER + 1):
        if buf[p] == 23 and starts_like_application_data(buf, p, end):
            following = p + HEADER + np.int64(u16(buf, p + 3))
            if following >= end - 2 or starts_like_record(buf, following, end):
                side.head_end = np.uint32(seq + np.uint32(p - at))
                side.wanted = following - p
                side.marks |= SEEMS_ENCRYPTED if following >= end - 2 and following != end else ENCRYPTED
                return


@kernel
def starts_like_record(buf, at, end):  # type: ignore[no-untyped-def]
    """True when a TLS record may begin here, of which at least three bytes are there."""
    if not (20 <= buf[at] <= 23 and buf[at + 1] == 3 and 1 <= buf[at + 2] <= 3):
        return False
    return end - at < HEADER or 0 < u16(buf, at + 3) <= MAX_RECORD
