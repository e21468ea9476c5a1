"""Payload that waits for the bytes before it, by sequence number.

Where segments overlap, the bytes of the one that begins earlier count, and of two that begin together those that came first.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.memory import copy_bytes
from analyzer.compiled.widths import as_u32
from analyzer.flows.coverage import behind
from analyzer.flows.held import hold
from analyzer.flows.layout import ARENA_LIVE, ARENA_USED, FREE_SEGMENT, GIVEN_UP, N_SEGMENTS
from analyzer.readers.heads import starts_like_head
from analyzer.readers.states import FOUND_GAP, WAIT_BYTES
from analyzer.readers.texts import other_side, own_side
from analyzer.streams.encrypted import needed_end
from analyzer.streams.transitions import move_on

# Added to a segment's bytes when they are counted, so that many small segments soon are too many: the list is walked.
SEGMENT_COST: Final = 64

# Smaller segments that continue the last one are appended to it. Larger ones stay apart, and those that begin like a head: among bytes of
# no known kind a head is looked for where a packet begins.
COALESCED: Final = 64
MOST_COALESCED: Final = 1024


def wait(tables, side, buf, cursor):
    """Add the bytes at the cursor to the waiting list, behind all segments that begin at or before them."""
    at, seq = cursor.at, cursor.seq
    size = cursor.end - at
    if size <= 0:
        return
    counts = tables.counts
    before = -1
    following = side.waiting
    while following >= 0 and behind((tables.segments + following).seq, seq) <= 0:
        before = following
        following = (tables.segments + following).next
    if before >= 0 and size < COALESCED and not starts_like_head(buf, at, cursor.end):
        last = tables.segments + before
        if as_u32(last.seq + last.size) == seq and last.size < MOST_COALESCED:
            # Done whatever else is in the arena: a stream's times must not depend on other streams.
            if last.at + last.size != counts[ARENA_USED]:
                copy_bytes(tables.arena, last.at, last.size, tables.arena, counts[ARENA_USED])
                last.at = counts[ARENA_USED]
                counts[ARENA_USED] += last.size
            copy_bytes(buf, at, size, tables.arena, counts[ARENA_USED])
            last.size += size
            counts[ARENA_USED] += size
            counts[ARENA_LIVE] += size
            side.waiting_bytes += size
            return
    new = counts[FREE_SEGMENT]
    if new >= 0:
        counts[FREE_SEGMENT] = (tables.segments + new).next
    else:
        new = counts[N_SEGMENTS]
        counts[N_SEGMENTS] = new + 1
    start = counts[ARENA_USED]
    copy_bytes(buf, at, size, tables.arena, start)
    counts[ARENA_USED] = start + size
    counts[ARENA_LIVE] += size
    segment = tables.segments + new
    segment.at = start
    segment.size = size
    segment.seq = seq
    segment.ts_ns = cursor.ts_ns
    segment.ack = cursor.ack
    side.waiting_bytes += size + SEGMENT_COST
    segment.next = following
    if before < 0:
        side.waiting = new
    else:
        (tables.segments + before).next = new


def drop_first(tables, side):
    """Drop the first waiting segment. Once none waits, the arena is used again from its beginning, which is still in the cache."""
    counts = tables.counts
    first = side.waiting
    segment = tables.segments + first
    side.waiting = segment.next
    side.waiting_bytes -= segment.size + SEGMENT_COST
    counts[ARENA_LIVE] -= segment.size
    if counts[ARENA_LIVE] == 0:
        counts[ARENA_USED] = 0
    segment.next = counts[FREE_SEGMENT]
    counts[FREE_SEGMENT] = first


def drop_before(tables, side, seq):
    """Drop the segments that end at or before seq, as far as they are the list's first."""
    while side.waiting >= 0:
        segment = tables.segments + side.waiting
        if behind(segment.seq + segment.size, seq) > 0:
            return
        drop_first(tables, side)


def drop_all(tables, side):
    """Drop all waiting segments."""
    while side.waiting >= 0:
        drop_first(tables, side)


def gather(tables, side, seq):
    """The number of bytes that wait from seq on without a gap; they are copied to the scratch buffer."""
    n = 0
    room = tables.len_scratch
    at = side.waiting
    while at >= 0:
        segment = tables.segments + at
        skip = n - behind(segment.seq, seq)
        if skip < 0:
            break
        size = min(segment.size - skip, room - n)
        copy_bytes(tables.arena, segment.at + skip, size, tables.scratch, n)
        n += max(0, size)
        at = segment.next
    return n


def arrival(tables, side):
    """(time, acknowledged) of the waiting segment whose byte counts at `resume`."""
    segment = tables.segments + side.waiting
    while behind(segment.seq + segment.size, side.resume) <= 0 and segment.next >= 0:
        segment = tables.segments + segment.next
    return segment.ts_ns, segment.ack


def rest_of_segment(tables, side):
    """The number of bytes from `resume` on of the waiting segment whose byte counts there."""
    segment = tables.segments + side.waiting
    while behind(segment.seq + segment.size, side.resume) <= 0 and segment.next >= 0:
        segment = tables.segments + segment.next
    return behind(segment.seq + segment.size, side.resume)


def kept_unread(tables, buf, cursor):
    """True when this payload, of a record that is held back, was kept for later, or no reader needs it.

    Once one side sent more than is kept, both sides are read from there on without their beginning.
    """
    side, other = own_side(tables, cursor), other_side(tables, cursor)
    if side.seen & GIVEN_UP:
        return False
    size = needed_end(side, buf, cursor) - cursor.at
    if size <= 0:
        return True
    if side.waiting_bytes + size <= WAIT_BYTES:
        hold(tables, buf, cursor, size)
        return True
    side.seen |= GIVEN_UP
    other.seen |= GIVEN_UP
    side.waiting_bytes = 0
    other.waiting_bytes = 0
    move_on(side, other, FOUND_GAP)
    move_on(other, side, FOUND_GAP)
    return False
