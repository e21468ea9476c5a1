"""records → flows: finds the records that are one connection, and adds up their counts.

A SYN begins a new flow only where its side sent something before with another initial sequence number, as in Wireshark.
This is decided here, over all records in order, so that the result doesn't depend on where a capture was cut.
"""

from __future__ import annotations

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32
from analyzer.flows.acknowledged import join_acks, join_sending
from analyzer.flows.coverage import MAX_WINDOW, before, behind, cover
from analyzer.flows.keys import record_hash, same_ends
from analyzer.flows.layout import FIRST_CUT, HAS_BASE, N_RECORDS, SENT_FIN
from analyzer.flows.stretches import join_stretches
from analyzer.packets.layout import NO_TIME


@kernel
def fold_records(tables, slots, n_slots, flow_of, heads):
    """The number of flows; fills flow_of[record] and heads[flow], the record in which the flow's counts are added up.

    slots     int32[n_slots = 2**k >= 2 * n_records], all 0; a hash table of the newest flow of each conversation, plus one
    flow_of   int32[n_records];  heads  int32[n_records]
    """
    records, sides = tables.records, tables.sides
    mask = n_slots - 1
    n_flows = 0
    for row in range(tables.counts[N_RECORDS]):
        slot = record_hash(records + row) & mask
        while slots[slot] and not same_ends(records + heads[slots[slot] - 1], records + row):
            slot = (slot + 1) & mask
        flow = slots[slot] - 1
        if flow >= 0 and continues_flow(sides + 2 * heads[flow], sides + 2 * heads[flow] + 1, records + row):
            flow_of[row] = flow
            head = heads[flow]
            join_records(tables, head, row)
            join_both_sides(tables, head, row)
        else:
            heads[n_flows] = row
            flow_of[row] = n_flows
            n_flows += 1
            slots[slot] = n_flows
    return n_flows


def continues_flow(side_a, side_b, record):
    """True when the record continues the flow with these sides."""
    if record.syn_side < 0:
        return True
    if record.syn_side == 0:
        return side_a.seen & HAS_BASE == 0 or side_a.base == record.isn
    return side_b.seen & HAS_BASE == 0 or side_b.base == record.isn


def join_records(tables, head, row):
    """Add a later record of the same flow to the record `head`, without its sides."""
    into, record = tables.records + head, tables.records + row
    if record.first_source >= 0:
        earlier = record.first_ns != NO_TIME and (into.first_ns == NO_TIME or record.first_ns < into.first_ns)
        if earlier or into.first_source < 0:
            into.outer0 = record.outer0
            into.outer1 = record.outer1
            into.first_source = record.first_source
            into.first_frame = record.first_frame
        if record.label >= 0 and (earlier or into.label < 0):
            into.label = record.label
        join_stretches(tables, head, row)
    if into.end_side < 0:
        into.data_ns = max(into.data_ns, record.data_ns)
        into.end_side, into.end_ns, into.end_reset = record.end_side, record.end_ns, record.end_reset
    into.sources |= record.sources
    into.unreachable |= record.unreachable
    if into.syn_side < 0:
        into.syn_side = record.syn_side
        into.isn = record.isn


def join_both_sides(tables, into, row):
    """Add both sides of the record `row` to those of the record `into`, which is the earlier one."""
    sides = tables.sides
    for k in range(2):
        join_sending(sides + 2 * into + k, sides + 2 * into + 1 - k, sides + 2 * row + k)
    for k in range(2):
        join_sides(tables.holes, tables.counts, sides + 2 * into + k, sides + 2 * row + k)


def join_sides(holes, counts, into, side):
    """Add a later record's side: counts, flags, and payload that wasn't captured before."""
    into.packets += side.packets
    into.bytes += side.bytes
    into.last_ns = max(into.last_ns, side.last_ns)
    join_acks(into, side)
    if into.seen & HAS_BASE == 0 or side.base == into.base:
        into.marks |= side.marks & FIRST_CUT
    if side.seen & HAS_BASE:
        if into.seen & HAS_BASE:
            join_coverage(holes, counts, into, side)
        else:
            into.base, into.low, into.high = side.base, side.low, side.high
            into.distinct += side.distinct
            into.holes = side.holes
            side.holes = -1
    else:
        into.distinct += side.distinct
    into.seen |= side.seen


def join_coverage(holes, counts, into, side):
    """Add the payload of `side` that `into` lacks: the stretches between side's holes, one by one."""
    # The counts give the stream's length, but for missing bytes: sequence numbers wrap around.
    outside = -before(as_u32(side.low + side.distinct), side.high)
    if outside < -2 * MAX_WINDOW:  # bytes outside of the stream (a reset's text) were counted too
        outside += 4 * MAX_WINDOW
    hole = side.holes
    at = side.low
    while hole >= 0:
        outside += behind((holes + hole).end, (holes + hole).start)
        cover_stretch(holes, counts, into, at, before(at, (holes + hole).start))
        at = (holes + hole).end
        hole = (holes + hole).next
    cover_stretch(holes, counts, into, at, before(at, side.high))
    if side.seen & SENT_FIN and behind(side.high, into.high) > 0:
        cover(holes, counts, into, side.high, 0)  # no payload before the FIN was captured
    into.distinct += outside


def cover_stretch(holes, counts, into, at, size):
    """Cover a stretch of any length, in pieces short enough for sequence number arithmetic."""
    while size > 0:
        piece = min(size, MAX_WINDOW)
        cover(holes, counts, into, at, piece)
        at = as_u32(at + piece)
        size -= piece
