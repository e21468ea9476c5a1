"""Decides when waiting payload is read again: as soon as it may be complete, and not before.

A reader that returned MORE set what is missing (SIDE.wanted): a number of bytes, a line's end, the empty line behind a head, or
handshake bytes from further TLS records. Each new byte is checked once, in place, so a head that comes a byte at a time costs linear
time, not quadratic. Where a sender repeats bytes with other content, they may be read later than possible, but they are read.
"""

from __future__ import annotations

from analyzer.flows.coverage import behind
from analyzer.readers.bodies import MAX_TRAILER
from analyzer.readers.records import HANDSHAKE, MAX_RECORD
from analyzer.readers.states import A_BLANK_LINE, TRAILER


def may_be_complete(tables, side):
    """True when the bytes waiting at `resume` may be complete now; otherwise they are marked as checked."""
    if side.tried == 0:
        return True
    there = contiguous_bytes(tables, side)
    if there <= side.tried:
        return False
    if side.lacking > 0:
        return records_are_there(tables, side, there)
    if side.wanted > 0:
        return there >= side.wanted
    if side.wanted == 0 or (side.state == TRAILER and there >= MAX_TRAILER):
        return True
    if has_line(tables, side, side.wanted == A_BLANK_LINE):
        return True
    side.tried = there
    return False


def contiguous_bytes(tables, side):
    """The number of bytes that wait from `resume` on without a gap."""
    n = 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        offset = behind(segment.seq, side.resume)
        if offset > n:
            break
        n = max(n, offset + segment.size)
        at = segment.next
    return n


def has_line(tables, side, blank):
    """True when a control character follows the bytes that were checked, or, for `blank`, an empty line ends behind them.

    The last one or two checked bytes are checked again, because their meaning depends on the next one.
    """
    n = 0
    first = side.tried - (2 if blank else 1)
    before, last = 0, 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        offset = behind(segment.seq, side.resume)
        if offset > n:
            break
        for k in range(max(n, first) - offset, segment.size):
            c = tables.arena[segment.at + k]
            if blank:
                if c == 10 and (last == 10 or (last == 13 and before == 10)):
                    return True
                before, last = last, c
            elif c < 32 and c != 9:
                return True
        n = max(n, offset + segment.size)
        at = segment.next
    return False


def byte_at(tables, side, offset):
    """The waiting byte at this offset from `resume`; it must be there."""
    n = 0
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        begins = behind(segment.seq, side.resume)
        n = max(n, begins + segment.size)
        if offset < n:
            return tables.arena[segment.at + offset - begins]
        at = segment.next
    return 0


def records_are_there(tables, side, there):
    """True when the missing handshake bytes are there, or something else than a handshake record follows."""
    while side.lacking > 0 and there >= side.wanted:
        header = side.wanted - 5
        size = byte_at(tables, side, header + 3) << 8 | byte_at(tables, side, header + 4)
        is_handshake = byte_at(tables, side, header) == HANDSHAKE and byte_at(tables, side, header + 1) == 3
        if not is_handshake or size == 0 or size > MAX_RECORD:
            return True
        if size >= side.lacking:
            side.wanted += side.lacking
            side.lacking = 0
        else:
            side.wanted += size + 5
            side.lacking -= size
    return side.lacking == 0 and there >= side.wanted
