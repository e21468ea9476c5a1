"""What each side acknowledged of the other, and since when something waits for that.

Only the highest number counts, so it doesn't matter in which order acknowledgements come. Numbers that no window allows are
passed over (RFC 7323 2.3: at most 1 GiB): a damaged packet must not acknowledge what was never sent.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.coverage import behind
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, KNOWS_ACKED, SENT_FIN, SENT_NEW, SENT_SYN, SENT_SYN_ACK

MAX_WINDOW: Final = 1 << 30
TURN: Final = 1 << 32  # sequence numbers begin again


def note_ack(side, other, ack):
    """Let `side` acknowledge all of the other's stream before `ack`."""
    if side.marks & HAS_ACKED and 0 < behind(ack, side.acked) <= MAX_WINDOW:
        if ack < side.acked:
            side.acked_turns += 1
        side.acked = ack
    else:
        note_odd_ack(side, other, ack)


def note_odd_ack(side, other, ack):
    """As note_ack, for the first one, for one that is lower than others, and for one that can't be."""
    if side.marks & HAS_ACKED == 0:
        if other.seen & HAS_BASE == 0 or -MAX_WINDOW <= behind(ack, other.high) <= MAX_WINDOW:
            side.marks |= HAS_ACKED
            let_acknowledge(side, ack, 0)
        return
    span = acked_span(side)
    lower = -behind(ack, side.acked)
    if span < lower <= span + MAX_WINDOW:
        let_acknowledge(side, side.acked, lower)


def acked_span(side):
    """How far the highest number that the side acknowledged lies from the lowest."""
    turns = side.acked_turns
    return turns * TURN + side.acked - side.acked_low


def let_acknowledge(side, highest, span):
    """Let the side have acknowledged everything up to `highest`, from a number on that lies so far from there."""
    side.acked = highest
    side.acked_low = as_u32(highest - span)
    side.acked_turns = (span - side.acked + side.acked_low) >> 32


def note_sending(side, other, seq, size, ts_ns, whole):
    """Before payload is covered: keep its time when it is new and all before it was acknowledged. `whole`: nothing came before."""
    if behind(seq + size, side.high) > 0:
        is_first = side.high == as_u32(side.base + 1) and side.distinct == 0
        acked = other.marks & HAS_ACKED != 0 and behind(other.acked, side.high) >= 0
        if is_first or acked:
            side.pending_ns = ts_ns
            side.marks |= SENT_NEW
            # The first packet may lie behind a gap: what comes before this piece says whether all of that was acknowledged.
            if other.marks & HAS_ACKED:
                side.acked_then = other.acked
                side.marks |= KNOWS_ACKED
            elif whole:
                side.acked_then = side.high
                side.marks |= KNOWS_ACKED


def join_acks(into, side):
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
    let_acknowledge(into, highest, max(0, end) - min(-span, start))


def join_sending(into, into_other, side):
    """Add when a later record's side sent what may wait; before the counts and acknowledgements of either side are joined."""
    if side.marks & SENT_NEW == 0:
        return
    sent_nothing = into.seen & HAS_BASE == 0 or into.high == as_u32(into.base + 1)
    knows = side.marks & KNOWS_ACKED != 0
    acked = side.acked_then
    if into_other.marks & HAS_ACKED and (not knows or behind(into_other.acked, acked) > 0):
        knows = True
        acked = into_other.acked
    if sent_nothing or (knows and behind(acked, into.high) >= 0 and behind(side.high, into.high) > 0):
        into.pending_ns = side.pending_ns
        into.acked_then = acked
        into.marks = (into.marks & ~KNOWS_ACKED) | (SENT_NEW | KNOWS_ACKED if knows else SENT_NEW)


def acknowledged_up_to(side, other):
    """(whether the other acknowledged payload of this side, which was captured, and up to where); a FIN's number is no payload's."""
    if other.marks & HAS_ACKED == 0 or not -MAX_WINDOW <= behind(other.acked, side.high) <= MAX_WINDOW:
        return False, 0
    if side.seen & SENT_FIN and behind(other.acked, side.high) > 0:
        return True, as_u32(other.acked - 1)
    return True, other.acked


def acknowledged_bytes(side, other):
    """How much of this side's payload the other acknowledged, -1 when none of its acknowledgements was captured.

    Where this side wasn't captured, what the other acknowledged from its first acknowledgement on; a single number more is
    the FIN that it didn't see, as nobody sends one byte alone.
    """
    if other.marks & HAS_ACKED == 0:
        return -1
    span = acked_span(other)
    if side.seen & HAS_BASE == 0:
        return span if span > 1 else 0
    known, end = acknowledged_up_to(side, other)
    if not known and span < MAX_WINDOW:
        return -1
    total = span - 1 if known and end != other.acked else span
    ahead = behind(other.acked_low, as_u32(side.base + 1))
    if side.seen & (SENT_SYN | SENT_SYN_ACK) or ahead > 0:
        total += ahead
    return max(0, total)
