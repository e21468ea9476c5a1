"""Which sequence numbers of a stream were seen: [low, high) less a list of holes.

What arrives twice adds nothing, so payload bytes less distinct ones are what was retransmitted.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.layout import FREE_HOLE, N_HOLES
from analyzer.kernels import inlined, kernel

# More holes than this in one stream at a time are a capture that lost most of it; the lowest are then given up, and what
# fills them later counts as sent again.
MAX_HOLES: Final = 64


@inlined
def behind(seq, other):  # type: ignore[no-untyped-def]
    """How far seq lies behind other, negative when before it, in the arithmetic of sequence numbers (RFC 9293 3.4)."""
    return np.int64(np.int32(np.uint32(seq) - np.uint32(other)))


@inlined
def cover(holes, counts, side, seq, size):  # type: ignore[no-untyped-def]
    """Count the payload [seq, seq + size) of a packet on this side."""
    if seq == side.high:
        side.high = np.uint32(seq + np.uint32(size))
        side.distinct += size
    else:
        cover_out_of_order(holes, counts, side, seq, size)


@kernel
def cover_out_of_order(holes, counts, side, seq, size):  # type: ignore[no-untyped-def]
    """As cover, for payload that doesn't begin where the last ended."""
    end = np.uint32(seq + np.uint32(size))
    if behind(seq, side.high) > 0:
        add_hole(holes, counts, side, side.high, seq)
        side.high = end
        side.distinct += size
        return
    if behind(seq, side.low) < 0:
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


@kernel
def add_hole(holes, counts, side, start, end):  # type: ignore[no-untyped-def]
    """Remember that [start, end) was not seen; holes are kept in order."""
    n = 0
    before = -1
    at = side.holes
    while at >= 0 and behind(holes[at].start, start) < 0:
        before, at = at, holes[at].next
        n += 1
    while at >= 0 and n < MAX_HOLES:
        n += 1
        at = holes[at].next
    if n >= MAX_HOLES:
        lowest = side.holes
        side.holes = holes[lowest].next
        if before == lowest:
            before = -1
        holes[lowest].next = np.int32(counts[FREE_HOLE])
        counts[FREE_HOLE] = lowest
    new = counts[FREE_HOLE]
    if new >= 0:
        counts[FREE_HOLE] = holes[new].next
    else:
        new = counts[N_HOLES]
        counts[N_HOLES] += 1
    holes[new].start = start
    holes[new].end = end
    if before < 0:
        holes[new].next = side.holes
        side.holes = np.int32(new)
    else:
        holes[new].next = holes[before].next
        holes[before].next = np.int32(new)


@kernel
def fill(holes, counts, side, start, end):  # type: ignore[no-untyped-def]
    """Take [start, end) out of the holes and count what of it was in them."""
    before = -1
    at = side.holes
    while at >= 0:
        hole = holes[at]
        following = hole.next
        if behind(hole.start, end) >= 0:
            return
        from_ = start if behind(start, hole.start) > 0 else hole.start
        to = end if behind(end, hole.end) < 0 else hole.end
        if behind(to, from_) <= 0:
            before, at = at, following
            continue
        side.distinct += behind(to, from_)
        if from_ == hole.start and to == hole.end:
            if before < 0:
                side.holes = following
            else:
                holes[before].next = following
            hole.next = np.int32(counts[FREE_HOLE])
            counts[FREE_HOLE] = at
        elif from_ == hole.start:
            hole.start = to
            before = at
        elif to == hole.end:
            hole.end = from_
            before = at
        else:
            tail = hole.end
            hole.end = from_
            add_hole(holes, counts, side, to, tail)
            return
        at = following
