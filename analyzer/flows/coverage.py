"""The sequence numbers of a stream that were captured: [low, high) without a list of holes.

Bytes that arrive twice add nothing, so payload bytes minus distinct ones are the retransmitted ones.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import FREE_HOLE, N_HOLES

# With more holes than this in one stream the capture lost most of it; the lowest are then dropped, and payload that
# fills them later counts as retransmitted.
MAX_HOLES: Final = 64

# No window is larger than 1 GiB (RFC 7323 2.3), so no sender goes back further: payload more than that behind isn't the stream's
# beginning, and holes so far back that sequence numbers wrap around can't be filled any more.
MAX_WINDOW: Final = 1 << 30
OLD: Final = 3 << 30

HALF: Final = 1 << 31


def behind(seq, other):
    """The distance from `other` to seq, negative where seq is before it, in sequence number arithmetic (RFC 9293 3.4)."""
    return as_u32(seq - other + HALF) - HALF


def before(seq, high):
    """The distance from seq to the highest number of its stream, up to 4 GiB."""
    return as_u32(high - seq)


def cover(holes, counts, side, seq, size):
    """Add a packet's payload [seq, seq + size) to the side's coverage."""
    if seq == side.high:
        side.high = as_u32(seq + size)
        side.distinct += size
    else:
        cover_out_of_order(holes, counts, side, seq, size)


def cover_out_of_order(holes, counts, side, seq, size):
    """cover for payload that doesn't begin where the last ended."""
    end = as_u32(seq + size)
    if behind(seq, side.high) > 0:
        add_hole(holes, counts, side, side.high, seq)
        side.high = end
        side.distinct += size
        return
    if side.distinct < MAX_WINDOW and before(side.low, side.high) <= 2 * MAX_WINDOW and behind(seq, side.low) < 0:
        if behind(end, side.low) < 0:
            add_hole(holes, counts, side, end, side.low)
            side.distinct += size
        else:
            side.distinct += behind(side.low, seq)
        low = side.low
        side.low = seq
        seq = low
        if behind(end, seq) <= 0:
            return
    if behind(end, side.high) > 0:
        side.distinct += behind(end, side.high)
        fill(holes, counts, side, seq, side.high)
        side.high = end
    else:
        fill(holes, counts, side, seq, end)


def add_hole(holes, counts, side, start, end):
    """Add the hole [start, end) to the list, which is kept in order."""
    high = end if behind(end, side.high) > 0 else side.high
    forget_old(holes, counts, side, high)
    n = 0
    last = -1
    at = side.holes
    while at >= 0 and before((holes + at).end, high) > before(end, high):
        last, at = at, (holes + at).next
        n += 1
    while at >= 0 and n < MAX_HOLES:
        n += 1
        at = (holes + at).next
    if n >= MAX_HOLES:
        lowest = side.holes
        side.holes = (holes + lowest).next
        if last == lowest:
            last = -1
        (holes + lowest).next = counts[FREE_HOLE]
        counts[FREE_HOLE] = lowest
    new = counts[FREE_HOLE]
    if new >= 0:
        counts[FREE_HOLE] = (holes + new).next
    else:
        new = counts[N_HOLES]
        counts[N_HOLES] += 1
    (holes + new).start = start
    (holes + new).end = end
    if last < 0:
        (holes + new).next = side.holes
        side.holes = new
    else:
        (holes + new).next = (holes + last).next
        (holes + last).next = new


def forget_old(holes, counts, side, high):
    """Drop the holes that can't be filled any more."""
    while side.holes >= 0 and before((holes + side.holes).end, high) > OLD:
        oldest = side.holes
        side.holes = (holes + oldest).next
        (holes + oldest).next = counts[FREE_HOLE]
        counts[FREE_HOLE] = oldest


def fill(holes, counts, side, start, end):
    """Remove [start, end) from the holes, and count the bytes of it that were in them."""
    high = side.high
    last = -1
    at = side.holes
    while at >= 0:
        hole = holes + at
        following = hole.next
        if before(hole.start, high) <= before(end, high):
            return
        if before(hole.end, high) >= before(start, high):
            last, at = at, following
            continue
        from_ = start if behind(start, hole.start) > 0 else hole.start
        to = end if behind(end, hole.end) < 0 else hole.end
        side.distinct += behind(to, from_)
        if from_ == hole.start and to == hole.end:
            if last < 0:
                side.holes = following
            else:
                (holes + last).next = following
            hole.next = counts[FREE_HOLE]
            counts[FREE_HOLE] = at
        elif from_ == hole.start:
            hole.start = to
            last = at
        elif to == hole.end:
            hole.end = from_
            last = at
        else:
            tail = hole.end
            hole.end = from_
            add_hole(holes, counts, side, to, tail)
            return
        at = following
