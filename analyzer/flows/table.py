"""Counts a block of packets into the flow table: finds or begins each packet's record, and counts the packet.

A SYN that isn't the current record's own begins a new record. A packet without a SYN goes to the newest record of its conversation.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import prefetch
from analyzer.compiled.widths import as_u32
from analyzer.flows.acknowledged import note_ack, note_sending
from analyzer.flows.coverage import behind, cover
from analyzer.flows.duplicates import digest_place, seen_before
from analyzer.flows.held import payload_seq, prepare_packet
from analyzer.flows.keys import record_hash, same_conversation, same_ends
from analyzer.flows.layout import (
    CONTINUED,
    DONE,
    FIRST_CUT,
    HAS_ACKED,
    HAS_BASE,
    N_BY_STATUS,
    N_DUPLICATES,
    N_HOLES,
    N_PAUSES,
    N_RECORDS,
    N_SIGHTINGS,
    SENT_FIN,
    SENT_OTHER,
    SENT_RST,
    SENT_SYN,
    SENT_SYN_ACK,
    SOURCE_BITS,
)
from analyzer.flows.stretches import GAP_NS, add_stretch
from analyzer.packets.layout import ACK, FIN, MARK, NO_TIME, OK, RST, SYN, TCP, WHY_LINK

# How many packets ahead the hash slots of a packet are prefetched, and then its rows.
LOOK_AHEAD: Final = 16
ROW_AHEAD: Final = 8

ONE: Final = 1


@kernel
def count_packets(frames, packets, keys, first, n, tables, offers):
    """(number of packets[first:n] that were counted, number of offers); fewer than all when the tables must grow first.

    An offer is a packet with payload that `streams` may want to read, in a stream that isn't known to be encrypted:
    offers[k] is its row in packets, its record's row, and its side.

    Longer than a function should be: every packet passes here, and the tables' addresses stay in registers.
    """
    counts, slots, records, sides = tables.counts, tables.slots, tables.records, tables.sides
    recent, holes, sightings = tables.recent, tables.holes, tables.sightings
    room_records, room_holes = tables.len_records - 1, tables.len_holes - 2
    room_sightings, room_pauses = tables.len_sightings - 2, tables.len_pauses - 2
    mask = tables.len_slots - 1
    n_records, n_sightings = counts[N_RECORDS], counts[N_SIGHTINGS]
    continued = counts[CONTINUED] != 0
    n_offers = 0
    for i in range(first, n):
        # The rows are scattered over memory: prefetched, they are in the cache when they are needed.
        if i + LOOK_AHEAD < n:
            prefetch(slots, (keys + i + LOOK_AHEAD).conversation & mask)
            prefetch(recent, digest_place((keys + i + LOOK_AHEAD).digest))
        if i + ROW_AHEAD < n:
            row = slots[(keys + i + ROW_AHEAD).conversation & mask] - 1
            if row >= 0:
                prefetch(records, row)
                prefetch(sides, 2 * row)
                prefetch(sides, 2 * row + 1)
        packet = packets + i
        no_room = n_records >= room_records or n_sightings >= room_sightings
        if no_room or counts[N_HOLES] >= room_holes or counts[N_PAUSES] >= room_pauses:
            n = i
            break
        counts[N_BY_STATUS + packet.status] += 1
        if packet.status != OK and packet.status != MARK:
            continue
        conversation, digest, side_index = (keys + i).conversation, (keys + i).digest, (keys + i).side
        if packet.status == OK:
            place = digest_place(digest)
            if seen_before(recent + place, recent + place + 1, packet, digest):
                counts[N_DUPLICATES] += 1
                continue
        slot = conversation & mask
        row = slots[slot] - 1
        while row >= 0 and not same_conversation(records + row, packet, side_index):
            slot = (slot + 1) & mask
            row = slots[slot] - 1
        opening = packet.protocol == TCP and packet.flags & (SYN | ACK) == SYN and packet.status == OK
        if row < 0 or (opening and ((records + row).syn_side != side_index or (records + row).isn != packet.seq)):
            begin_record(records + n_records, sides + 2 * n_records, sides + 2 * n_records + 1, packet, side_index, row)
            row = n_records
            slots[slot] = row + 1
            n_records += 1
        record = records + row
        if packet.status == MARK:
            record.unreachable = 1
            continue
        if opening:
            record.syn_side = side_index
            record.isn = packet.seq
        source, number = (frames + packet.frame).source, (frames + packet.frame).number
        if packet.ts_ns != NO_TIME and (packet.ts_ns < record.last_ns or packet.ts_ns - record.last_ns > GAP_NS):
            note_odd_time(tables, row, side_index, packet, source, number)
        else:
            note_time(record, packet, source, number)
        if source != record.last_source:
            record.last_source = source
            if source < SOURCE_BITS:
                record.sources |= ONE << source
            else:
                (sightings + n_sightings).record = row
                (sightings + n_sightings).source = source
                n_sightings += 1
        if continued:
            prepare_packet(tables, row, side_index, packet, digest, source, number)
        if packet.protocol == TCP and record.end_side < 0:
            note_end(record, packet, side_index)
        side = sides + 2 * row + side_index
        if packet.ts_ns > side.last_ns:
            side.last_ns = packet.ts_ns
        if packet.protocol == TCP and packet.flags & (ACK | RST) == ACK and (packet.ack != side.acked or side.marks & HAS_ACKED == 0):
            note_ack(side, sides + 2 * row + 1 - side_index, packet.ack)
        if count_packet(side, packet):
            if packet.payload_bytes > 0 and (
                record.syn_side < 0 or record.syn_side == side_index
            ):  # the server's waiting data isn't reported
                other = sides + 2 * row + 1 - side_index
                note_sending(side, other, payload_seq(packet), packet.payload_bytes, packet.ts_ns, record.syn_side >= 0)
            cover(holes, counts, side, payload_seq(packet), packet.payload_bytes)
        if packet.captured_bytes > 0 and side.state != DONE and packet.flags & RST == 0:
            offers[3 * n_offers] = i
            offers[3 * n_offers + 1] = row
            offers[3 * n_offers + 2] = side_index
            n_offers += 1
    counts[N_RECORDS], counts[N_SIGHTINGS] = n_records, n_sightings
    return n, n_offers


@kernel
def place_records(tables, first):
    """Enter the records from row `first` on into the hash table: of each conversation the newest, with `previous` for the one before."""
    slots, records = tables.slots, tables.records
    mask = tables.len_slots - 1
    for row in range(first, tables.counts[N_RECORDS]):
        slot = record_hash(records + row) & mask
        while slots[slot] and not same_ends(records + (slots[slot] - 1), records + row):
            slot = (slot + 1) & mask
        (records + row).previous = slots[slot] - 1
        slots[slot] = row + 1


@kernel
def find_returning(tables, packets, keys, n, bits, mask, rows):
    """The number of packets of conversations without a record here whose bit is set; fills `rows` with their rows.

    bits   uint8[(mask + 1) / 8], indexed by conversation & mask;  rows   int64[n]
    """
    slots, records = tables.slots, tables.records
    slots_mask = tables.len_slots - 1
    n_found = 0
    for i in range(n):
        packet = packets + i
        place = (keys + i).conversation & mask
        if (bits[place >> 3] >> (place & 7)) & 1 == 0 or (packet.status != OK and packet.status != MARK):
            continue
        slot = (keys + i).conversation & slots_mask
        row = slots[slot] - 1
        while row >= 0 and not same_conversation(records + row, packet, (keys + i).side):
            slot = (slot + 1) & slots_mask
            row = slots[slot] - 1
        if row < 0:
            rows[n_found] = i
            n_found += 1
    return n_found


@kernel
def hash_records(records, n, hashes):
    """Fill hashes[row] with the `conversation` of the record's packets."""
    for row in range(n):
        hashes[row] = record_hash(records + row)


def begin_record(record, side_a, side_b, packet, side_index, previous):
    """Make the record an empty one of the packet's conversation."""
    if side_index == 0:
        record.a_hi, record.a_lo, record.a_port = packet.src_hi, packet.src_lo, packet.src_port
        record.b_hi, record.b_lo, record.b_port = packet.dst_hi, packet.dst_lo, packet.dst_port
    else:
        record.b_hi, record.b_lo, record.b_port = packet.src_hi, packet.src_lo, packet.src_port
        record.a_hi, record.a_lo, record.a_port = packet.dst_hi, packet.dst_lo, packet.dst_port
    record.protocol = packet.protocol
    record.version = packet.version
    record.first_ns = NO_TIME
    record.last_ns = NO_TIME
    record.data_ns = NO_TIME
    record.end_ns = NO_TIME
    record.end_side = -1
    record.end_reset = 0
    record.outer0 = 0
    record.outer1 = 0
    record.label = -1
    record.sources = 0
    record.isn = 0
    record.first_source = -1
    record.pauses = -1
    record.first_frame = 0
    record.last_source = -1
    record.previous = previous
    record.syn_side = -1
    record.unreachable = 0
    clear_side(side_a)
    clear_side(side_b)


def clear_side(side):
    """Reset a side to one that has sent nothing."""
    side.packets = 0
    side.bytes = 0
    side.distinct = 0
    side.last_ns = NO_TIME
    side.pending_ns = NO_TIME
    side.acked = 0
    side.acked_low = 0
    side.acked_turns = 0
    side.acked_then = 0
    side.marks = 0
    side.base = 0
    side.low = 0
    side.high = 0
    side.resume = 0
    side.holes = -1
    side.waiting = -1
    side.waiting_bytes = 0
    side.tried = 0
    side.wanted = 0
    side.lacking = 0
    side.requests = 0
    side.responses = 0
    side.head_end = 0
    side.heads = 0
    side.tunnels = 0
    side.seen = 0
    side.state = 0
    side.asked_socks = 0


def note_time(record, packet, source, number):
    """Keep the earliest and latest time, the earliest packet's wrappings and its place in its input, and the first label."""
    earliest = record.first_source < 0
    if packet.ts_ns != NO_TIME:
        if record.last_ns == NO_TIME:  # then it has no first time either, which is in another cache line
            record.first_ns = packet.ts_ns
            earliest = True
        record.last_ns = packet.ts_ns
    if earliest:
        note_first(record, packet, source, number)
    note_label(record, packet, earliest)


def note_odd_time(tables, row, side_index, packet, source, number):
    """note_time for a packet long after the last one, or before it."""
    record, sides = tables.records + row, tables.sides
    earliest = record.first_ns == NO_TIME or packet.ts_ns < record.first_ns
    if earliest:
        note_first(record, packet, source, number)
    note_label(record, packet, earliest)
    size = packet.payload_bytes
    bytes_b = size if side_index else 0
    bytes_a = size - bytes_b
    add_stretch(tables, row, packet.ts_ns, packet.ts_ns, bytes_a, bytes_b, (sides + 2 * row).bytes, (sides + 2 * row + 1).bytes)


def note_first(record, packet, source, number):
    """Keep the earliest packet's wrappings, and its place in its input."""
    record.outer0 = packet.outer0
    record.outer1 = packet.outer1
    record.first_source = source
    record.first_frame = number


def note_label(record, packet, earliest):
    """Keep the packet's label, unless the record has one."""
    if packet.note and packet.note < WHY_LINK and (earliest or record.label < 0):
        record.label = packet.note - 1


def note_end(record, packet, side_index):
    """Keep the time of the last data, and which side ends the connection first, when and how."""
    if packet.payload_bytes > 0 and packet.flags & RST == 0:
        record.data_ns = max(record.data_ns, packet.ts_ns)
    if packet.flags & (FIN | RST):
        record.end_side = side_index
        record.end_ns = packet.ts_ns
        record.end_reset = packet.flags & RST != 0


def count_packet(side, packet):
    """Count the packet on its side: packets, payload, flags. True when it has payload or shows some, to be compared with the coverage."""
    side.packets += 1
    side.bytes += packet.payload_bytes
    if packet.protocol != TCP:
        side.distinct += packet.payload_bytes
        side.seen |= SENT_OTHER
        return False
    flags = packet.flags
    if flags & (SYN | ACK) == SYN:
        side.seen |= SENT_SYN
    else:
        side.seen |= SENT_OTHER
        if flags & (SYN | FIN | RST):
            side.seen |= (SENT_SYN_ACK if flags & SYN else 0) | (SENT_FIN if flags & FIN else 0) | (SENT_RST if flags & RST else 0)
    if flags & RST:
        side.distinct += packet.payload_bytes  # RFC 9293 3.5.3: a reset may carry a text that is no part of the stream
        return False
    if side.seen & HAS_BASE == 0:
        first = payload_seq(packet)
        side.base = as_u32(first - 1)
        side.low = first
        side.high = first
        side.resume = first
        side.seen |= HAS_BASE
    if packet.captured_bytes < packet.payload_bytes and payload_seq(packet) == as_u32(side.base + 1):
        side.marks |= FIRST_CUT
    # A FIN further on shows that payload before it wasn't captured.
    return packet.payload_bytes > 0 or (flags & FIN != 0 and behind(payload_seq(packet), side.high) > 0)
