"""The first bytes of each direction in order: read at once (dispatch.py), or kept until the bytes before them arrive.

A side's stream is read from `resume` on. Early segments wait, by sequence number, until the missing bytes arrive, too many bytes wait,
or the input ends. This holds however far ahead a segment is: one packet beyond every window must not end the reading of those before it.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.flows.coverage import behind
from analyzer.flows.held import payload_seq
from analyzer.flows.layout import (
    ARENA_USED,
    HELD_BACK,
    N_HELD,
    N_MESSAGES,
    N_SEGMENTS,
    POOL_USED,
    SENT_SYN,
    SENT_SYN_ACK,
    STORE_USED,
)
from analyzer.packets.layout import TCP
from analyzer.readers.heads import starts_like_head
from analyzer.readers.http import starts_like_answer
from analyzer.readers.states import DONE, FOUND_GAP, FOUND_HEAD_BEGINS, HEAD, SCAN, SCAN_WAIT_BYTES, WAIT_BYTES
from analyzer.readers.texts import other_side, own_side
from analyzer.streams.attempts import may_be_complete
from analyzer.streams.datagrams import keep_datagram
from analyzer.streams.dispatch import head_begins, read_stream
from analyzer.streams.transitions import move_on
from analyzer.streams.waiting import SEGMENT_COST, drop_all, drop_before, gather, kept_unread, wait

# Rows and bytes that one packet may need; reading stops before a packet when fewer are free.
ROOM_MESSAGES: Final = 1 << 14
ROOM_POOL: Final = 1 << 20
ROOM_ARENA: Final = 1 << 18


@kernel
def read_offers(buf, packets, offers, first, n, tables):
    """The number of offers[first:n] that were read; fewer than all when the tables must grow first.

    buf      uint8[n_bytes]    the block
    offers   int64[>= n, 3]    (row of the packet, record, side), from flows.table.count_packets; a packet's row of -1 marks the
                               last offer of that side
    """
    cursor = tables.cursor
    for k in range(first, n):
        if not has_room(tables):
            return k
        packet = packets + max(offers[3 * k], 0)
        cursor.record = offers[3 * k + 1]
        cursor.side = offers[3 * k + 2]
        cursor.final = offers[3 * k] < 0
        cursor.ts_ns = packet.ts_ns
        cursor.at = packet.payload
        cursor.end = cursor.at if cursor.final else cursor.at + min(packet.captured_bytes, packet.payload_bytes)
        side = own_side(tables, cursor)
        if packet.protocol != TCP and not cursor.final:
            keep_datagram(tables, buf, cursor, packet)
        elif side.state != DONE:
            cursor.seq = payload_seq(packet)
            cursor.ack = packet.ack
            if side.seen & HELD_BACK == 0 or not kept_unread(tables, buf, cursor):
                take(tables, buf, cursor)
    return n


def has_room(tables):
    """True while every table has room for what one packet may add."""
    counts = tables.counts
    return (
        counts[N_MESSAGES] + ROOM_MESSAGES < tables.len_messages
        and counts[POOL_USED] + ROOM_POOL < tables.len_pool
        and counts[ARENA_USED] + ROOM_ARENA < tables.len_arena
        and counts[N_SEGMENTS] + 4 < tables.len_segments
        and counts[N_HELD] + 1 < tables.len_held
        and counts[STORE_USED] + ROOM_ARENA < tables.len_store
    )


def take(tables, buf, cursor):
    """Read the bytes at the cursor and the segments that wait behind them, up to the next gap.

    Bytes before `resume` are skipped; early bytes wait. A gap is given up when too many bytes wait behind it, or at the side's last
    offer (cursor.final).
    """
    side, other = own_side(tables, cursor), other_side(tables, cursor)
    size = cursor.end - cursor.at
    fresh = size > 0
    final = cursor.final
    forced = final
    while True:
        waited = not fresh
        source = buf
        if fresh:
            fresh = False
            ahead = behind(cursor.seq, side.resume)
            if ahead < 0 and is_early_answer(side, other, buf, cursor):
                side.resume, ahead = cursor.seq, 0
            if ahead < 0 and is_late_beginning(side, buf, cursor):
                if side.state == SCAN:
                    move_on(side, other, FOUND_HEAD_BEGINS)
                side.tried = 0
                side.resume, ahead = cursor.seq, 0
            if ahead + size <= 0:
                return
            if ahead > 0 or side.waiting >= 0:
                most = SCAN_WAIT_BYTES if side.state == SCAN else WAIT_BYTES
                forced = forced or side.waiting_bytes + size + SEGMENT_COST > most
                wait(tables, side, buf, cursor)
                continue
            if ahead < 0:
                cursor.at -= ahead
                cursor.seq = side.resume
        else:
            drop_before(tables, side, side.resume)
            if side.waiting < 0:
                return
            segment = tables.segments + side.waiting
            gap = behind(segment.seq, side.resume)
            if gap > 0:
                if not forced:
                    return
                move_on(side, other, FOUND_GAP)
                forced = final  # what is missing is given up, not what lies behind it
            if side.state != SCAN and not forced and not may_be_complete(tables, side):
                return
            source = tables.arena
            cursor.seq = segment.seq if gap > 0 else side.resume
            cursor.at = segment.at + max(0, -gap)
            cursor.end = segment.at + segment.size
            cursor.ts_ns = segment.ts_ns
            cursor.ack = segment.ack
        if side.state == SCAN:
            if not head_begins(tables, source, cursor):
                if side.state == DONE:
                    drop_all(tables, side)
                    return
                continue
            cursor.at += behind(side.resume, cursor.seq)
        if waited:
            source = tables.scratch
            cursor.at = 0
            cursor.end = gather(tables, side, side.resume)
        cursor.final = final or (forced and waited)
        read_stream(tables, source, cursor, waited)
        if side.state == DONE:
            drop_all(tables, side)
            return
        side.tried = 0
        if cursor.at < cursor.end and side.state != SCAN:
            side.tried = cursor.end - cursor.at
            if not waited:
                wait(tables, side, source, cursor)
            if not (waited and forced):
                return


def is_late_beginning(side, buf, cursor):
    """True when a head begins before the first bytes captured, of a side whose beginning wasn't and of which nothing was recognized yet:
    its packets changed places where the capture began."""
    return (
        (side.state == SCAN or side.state == HEAD)
        and side.seen & (SENT_SYN | SENT_SYN_ACK) == 0
        and side.requests == 0
        and side.responses == 0
        and side.asked_socks == 0
        and starts_like_head(buf, cursor.at, cursor.end)
    )


def is_early_answer(side, other, buf, cursor):
    """True when an answer begins where the body before it should still continue: the body was shorter than its head declared, and a later
    request is being answered. Proxies do so with the page of a 407."""
    return (
        side.state == HEAD
        and 0 < side.responses < other.requests
        and behind(cursor.seq, side.head_end) > 0
        and starts_like_answer(buf, cursor.at, cursor.end)
    )
