"""What each side acknowledged of the other, and since when something waits for that.

Only the highest number counts, so it doesn't matter in which order acknowledgements come. Numbers that no window allows are
passed over (RFC 7323 2.3: at most 1 GiB): a damaged packet must not acknowledge what was never sent.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.coverage import behind
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, SENT_AFTER_ALL, SENT_FIN, SENT_NEW, SENT_SYN, SENT_SYN_ACK
from analyzer.kernels import inlined, kernel

MAX_WINDOW: Final = 1 << 30


@inlined
def note_ack(side, other, ack):  # type: ignore[no-untyped-def]
    """Let `side` acknowledge all of the other's stream before `ack`."""
    if side.marks & HAS_ACKED and 0 < behind(ack, side.acked) <= MAX_WINDOW:
        if ack < side.acked:
            side.acked_turns += 1
        side.acked = ack
    else:
        note_odd_ack(side, other, ack)


@kernel
def note_odd_ack(side, other, ack):  # type: ignore[no-untyped-def]
    """As note_ack, for the first one, for one that is lower than others, and for one that can't be."""
    if side.marks & HAS_ACKED == 0:
        if other.seen & HAS_BASE == 0 or -MAX_WINDOW <= behind(ack, other.high) <= MAX_WINDOW:
            side.marks |= HAS_ACKED
            let_acknowledge(side, ack, np.int64(0))
        return
    span = acked_span(side)
    lower = -behind(ack, side.acked)
    if span < lower <= span + MAX_WINDOW:
        let_acknowledge(side, side.acked, lower)


@kernel
def acked_span(side):  # type: ignore[no-untyped-def]
    """How far the highest number that the side acknowledged lies from the lowest."""
    return (np.int64(side.acked_turns) << 32) + np.int64(side.acked) - np.int64(side.acked_low)


@kernel
def let_acknowledge(side, highest, span):  # type: ignore[no-untyped-def]
    """Let the side have acknowledged everything up to `highest`, from a number on that lies so far from there."""
    side.acked = highest
    side.acked_low = np.uint32(np.int64(highest) - span)
    side.acked_turns = (span - np.int64(side.acked) + np.int64(side.acked_low)) >> 32


@inlined
def note_sending(side, other, seq, size, ts_ns, whole):  # type: ignore[no-untyped-def]
    """Before payload is covered: keep its time when it is new and all before it was acknowledged. `whole`: nothing came before."""
    if behind(seq + np.uint32(size), side.high) > 0:
        is_first = side.high == np.uint32(side.base + np.uint32(1)) and side.distinct == 0
        acked = other.marks & HAS_ACKED != 0 and behind(other.acked, side.high) >= 0
        if is_first or acked:
            side.pending_ns = ts_ns
            side.marks |= (SENT_NEW | SENT_AFTER_ALL) if acked or whole else SENT_NEW


@kernel
def join_acks(into, side):  # type: ignore[no-untyped-def]
    """Add what a later record's side acknowledged."""
    if side.marks & HAS_ACKED == 0:
        return
    if into.marks & HAS_ACKED == 0:
        into.marks |= HAS_ACKED
        into.acked = side.acked
        into.acked_low = side.acked_low
        into.acked_turns = side.acked_turns
        return
    # Its lowest number lies near to what was acknowledged before, however far it went from there.
    span = acked_span(into)
    start = behind(side.acked_low, into.acked)
    if start < -MAX_WINDOW - span or start > MAX_WINDOW:
        return
    end = start + acked_span(side)
    highest = side.acked if end > 0 else into.acked
    let_acknowledge(into, np.uint32(highest), max(np.int64(0), end) - min(-span, start))


@kernel
def join_sending(into, into_other, side):  # type: ignore[no-untyped-def]
    """Add when a later record's side sent what may wait; before the counts and acknowledgements of either side are joined."""
    if side.marks & SENT_NEW == 0:
        return
    sent_nothing = into.seen & HAS_BASE == 0 or into.high == np.uint32(into.base + np.uint32(1))
    reference = np.uint32(side.base + np.uint32(1)) if sent_nothing else into.high
    acked = into_other.marks & HAS_ACKED != 0 and behind(into_other.acked, reference) >= 0
    if side.marks & SENT_AFTER_ALL:
        if sent_nothing or behind(side.high, into.high) > 0:
            into.pending_ns = side.pending_ns
            into.marks |= SENT_NEW | SENT_AFTER_ALL
    elif sent_nothing or (acked and behind(side.high, into.high) > 0):
        into.pending_ns = side.pending_ns
        into.marks |= (SENT_NEW | SENT_AFTER_ALL) if acked else SENT_NEW


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
