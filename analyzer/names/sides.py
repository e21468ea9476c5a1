"""What the kernels that Numba compiles ask of flows: the same as in flows/, whose own kernels they can't call.

Sequence numbers (flows/coverage.py), what was acknowledged (flows/acknowledged.py), whether a side was read (flows/merge.py), and
payload that is kept unread (flows/held.py).
"""

from __future__ import annotations

import numpy as np

from analyzer.flows.acknowledged import MAX_WINDOW
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, N_HELD, SENT_FIN, SENT_SYN, SENT_SYN_ACK, STORE_USED
from analyzer.kernels import inlined, kernel
from analyzer.memory import copy_bytes


@inlined
def behind(seq, other):  # type: ignore[no-untyped-def]
    """How far seq lies behind other, negative when before it, in the arithmetic of sequence numbers (RFC 9293 3.4)."""
    return np.int64(np.int32(np.uint32(seq) - np.uint32(other)))


@kernel
def acked_span(side):  # type: ignore[no-untyped-def]
    """How far the highest number that the side acknowledged lies from the lowest."""
    return (np.int64(side.acked_turns) << 32) + np.int64(side.acked) - np.int64(side.acked_low)


@kernel
def acknowledged_up_to(side, other):  # type: ignore[no-untyped-def]
    """(whether the other acknowledged payload of this side, which was captured, and up to where); a FIN's number is no payload's."""
    if other.marks & HAS_ACKED == 0 or not -MAX_WINDOW <= behind(other.acked, side.high) <= MAX_WINDOW:
        return False, np.uint32(0)
    fin = side.seen & SENT_FIN != 0 and behind(other.acked, side.high) > 0
    return True, np.uint32(other.acked - np.uint32(fin))


@kernel
def acknowledged_bytes(side, other):  # type: ignore[no-untyped-def]
    """How much of this side's payload the other acknowledged, -1 when none of its acknowledgements was captured.

    Where this side wasn't captured, what the other acknowledged from its first acknowledgement on; a single number more is
    the FIN that it didn't see, as nobody sends one byte alone.
    """
    if other.marks & HAS_ACKED == 0:
        return np.int64(-1)
    span = acked_span(other)
    if side.seen & HAS_BASE == 0:
        return span if span > 1 else np.int64(0)
    known, end = acknowledged_up_to(side, other)
    if not known and span < MAX_WINDOW:
        return np.int64(-1)
    total = span - np.int64(known and end != other.acked)
    ahead = behind(other.acked_low, np.uint32(side.base + np.uint32(1)))
    if side.seen & (SENT_SYN | SENT_SYN_ACK) or ahead > 0:
        total += ahead
    return max(np.int64(0), total)


@kernel
def is_fresh(side):  # type: ignore[no-untyped-def]
    """True for a side of which nothing was read yet, and nothing waits."""
    begun = side.state != 0 or side.waiting >= 0 or side.requests > 0 or side.asked_socks != 0
    return not begun and (side.seen & HAS_BASE == 0 or side.resume == np.uint32(side.base + np.uint32(1)))


@kernel
def hold(tables, buf, at, end, row, side_index, seq, ts_ns, ack):  # type: ignore[no-untyped-def]
    """Keep buf[at:end], which begins at sequence number seq, unread; there is room for it."""
    counts = tables.counts
    start = counts[STORE_USED]
    copy_bytes(buf, at, end - at, tables.store, start)
    counts[STORE_USED] = start + end - at
    held = tables.held[counts[N_HELD]]
    counts[N_HELD] += 1
    held.ts_ns = ts_ns
    held.at = start
    held.record = row
    held.size = end - at
    held.seq = seq
    held.ack = ack
    held.side = side_index
    tables.sides[2 * row + side_index].waiting_bytes += end - at
