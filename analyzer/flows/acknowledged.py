"""The sequence numbers that each side acknowledged of the other's stream, and the time since which data waits for an acknowledgement.

Only the highest number counts, so the order of acknowledgements doesn't matter. Numbers beyond any window are ignored
(RFC 7323 2.3: at most 1 GiB): a damaged packet must not acknowledge bytes that were never sent.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.flows.coverage import behind
from analyzer.flows.layout import HAS_ACKED, HAS_BASE, KNOWS_ACKED, SENT_FIN, SENT_NEW, SENT_SYN, SENT_SYN_ACK

MAX_WINDOW: Final = 1 << 30
TURN: Final = 1 << 32  # the number of sequence numbers


def note_ack(side, other, ack):
    """Note that `side` acknowledged all of the other's stream before `ack`."""
    if side.marks & HAS_ACKED and 0 < behind(ack, side.acked) <= MAX_WINDOW:
        if ack < side.acked:
            side.acked_turns += 1
        side.acked = ack
    else:
        note_odd_ack(side, other, ack)


def note_odd_ack(side, other, ack):
    """note_ack for the first acknowledgement, for a number lower than others, and for an implausible one."""
    if side.marks & HAS_ACKED == 0:
        if other.seen & HAS_BASE == 0 or -MAX_WINDOW <= behind(ack, other.high) <= MAX_WINDOW:
            side.marks |= HAS_ACKED
            set_acknowledged(side, ack, 0)
        return
    span = acked_span(side)
    lower = -behind(ack, side.acked)
    if span < lower <= span + MAX_WINDOW:
        set_acknowledged(side, side.acked, lower)


def acked_span(side):
    """The distance between the lowest and the highest number that the side acknowledged."""
    turns = side.acked_turns
    return turns * TURN + side.acked - side.acked_low


def set_acknowledged(side, highest, span):
    """Set the side's acknowledgements to everything up to `highest`, from the number `span` before it."""
    side.acked = highest
    side.acked_low = as_u32(highest - span)
    side.acked_turns = (span - side.acked + side.acked_low) >> 32


def note_sending(side, other, seq, size, ts_ns, whole):
    """Before payload is covered: note its time where it is new and everything before it was acknowledged. `whole`: it is the first."""
    if behind(seq + size, side.high) > 0:
        is_first = side.high == as_u32(side.base + 1) and side.distinct == 0
        acked = other.marks & HAS_ACKED != 0 and behind(other.acked, side.high) >= 0
        if is_first or acked:
            side.pending_ns = ts_ns
            side.marks |= SENT_NEW
            # The first packet may follow a gap: the part before this one shows whether everything before it was acknowledged.
            if other.marks & HAS_ACKED:
                side.acked_then = other.acked
                side.marks |= KNOWS_ACKED
            elif whole:
                side.acked_then = side.high
                side.marks |= KNOWS_ACKED


def join_acks(into, side):
    """Add a later record's acknowledgements of one side."""
    if side.marks & HAS_ACKED == 0:
        return
    if into.marks & HAS_ACKED == 0:
        into.marks |= HAS_ACKED
        into.acked = side.acked
        into.acked_low = side.acked_low
        into.acked_turns = side.acked_turns
        return
    # Its lowest number is near to those acknowledged before, however far the later ones are from it.
    span = acked_span(into)
    start = behind(side.acked_low, into.acked)
    if start < -MAX_WINDOW - span or start > MAX_WINDOW:
        return
    end = start + acked_span(side)
    highest = side.acked if end > 0 else into.acked
    set_acknowledged(into, highest, max(0, end) - min(-span, start))


def join_sending(into, into_other, side):
    """Add a later record's time of unacknowledged data; before the counts and acknowledgements of either side are joined."""
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
    """(whether the other side acknowledged captured payload of this side, up to which number); a FIN's number doesn't count."""
    if other.marks & HAS_ACKED == 0 or not -MAX_WINDOW <= behind(other.acked, side.high) <= MAX_WINDOW:
        return False, 0
    if side.seen & SENT_FIN and behind(other.acked, side.high) > 0:
        return True, as_u32(other.acked - 1)
    return True, other.acked


def acknowledged_bytes(side, other):
    """The number of this side's payload bytes that the other acknowledged, -1 where none of its acknowledgements was captured.

    Where this side wasn't captured, the bytes acknowledged since the other's first acknowledgement; a single number is taken for an unseen
    FIN, because single bytes are hardly ever sent.
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
