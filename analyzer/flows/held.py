"""What a part that isn't the first keeps for the parts before it: payload that may continue their streams, and its first packets.

A connection without its beginning in this part may have been read up to any point before. So the payload of both sides is kept
unread, until the part before is merged (merge.py) or is known not to exist.
"""

from __future__ import annotations

from analyzer.compiled.memory import copy_bytes
from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import HAS_BASE, HELD_BACK, MAX_FIRSTS, N_FIRSTS, N_HELD, STORE_USED
from analyzer.packets.layout import RST, SYN, TCP


def payload_seq(packet):
    """The sequence number of a packet's first payload byte: a SYN takes one itself (RFC 9293 3.4)."""
    return as_u32(packet.seq + 1) if packet.flags & SYN else packet.seq


def prepare_packet(tables, row, side_index, packet, digest, source, number):
    """Before a packet is counted: keep it if it is one of the first, and mark its record if it is to be held back."""
    n = tables.counts[N_FIRSTS]
    if n < MAX_FIRSTS:
        tables.counts[N_FIRSTS] = n + 1
        first = tables.firsts + n
        first.digest = digest
        first.ts_ns = packet.ts_ns
        first.record = row
        first.source = source
        first.payload_bytes = packet.payload_bytes
        first.seq = packet.seq
        first.number = number
        first.ip_id = packet.ip_id
        first.flags = packet.flags
        first.ttl = packet.ttl
        first.side = side_index
        first.protocol = packet.protocol
        first.copy = 0
    if packet.protocol == TCP and packet.flags & RST == 0 and may_continue(tables, row, side_index, packet):
        (tables.sides + 2 * row).seen |= HELD_BACK
        (tables.sides + 2 * row + 1).seen |= HELD_BACK


def may_continue(tables, row, side_index, packet):
    """True when this packet is the first to show that its record's streams may have begun in an earlier part.

    Only a conversation's first record can have, and the one begun by its first SYN, which may have been sent before.
    """
    records = tables.records
    record, side = records + row, tables.sides + 2 * row + side_index
    before = record.previous
    if before >= 0 and ((records + before).previous >= 0 or (records + before).syn_side >= 0):
        return False
    if record.syn_side < 0 or before >= 0:
        return True
    if side.distinct > 0 or (tables.sides + 2 * row + 1 - side_index).distinct > 0:
        return False
    if side.seen & HAS_BASE == 0:
        return packet.flags & SYN == 0
    return packet.payload_bytes > 0 and payload_seq(packet) != side.high


def hold(tables, buf, cursor, size):
    """Keep `size` bytes from the cursor on unread; there must be room."""
    counts = tables.counts
    start = counts[STORE_USED]
    copy_bytes(buf, cursor.at, size, tables.store, start)
    counts[STORE_USED] = start + size
    held = tables.held + counts[N_HELD]
    counts[N_HELD] += 1
    held.ts_ns = cursor.ts_ns
    held.at = start
    held.record = cursor.record
    held.size = size
    held.seq = cursor.seq
    held.ack = cursor.ack
    held.side = cursor.side
    (tables.sides + 2 * cursor.record + cursor.side).waiting_bytes += size


def is_fresh(side):
    """True for a side of which no payload was read yet, and none waits."""
    begun = side.state != 0 or side.waiting >= 0 or side.requests > 0 or side.asked_socks != 0
    return not begun and (side.seen & HAS_BASE == 0 or side.resume == as_u32(side.base + 1))
