"""A flow's stretches of activity, separated by pauses of more than ten seconds.

A record's first stretch begins with its first packet, and the last one ends with its last; its pauses are a list, the newest first, each
with the payload bytes of both sides before it. A flow without a pause costs nothing, and packets may come in any order: within a
stretch no two neighbours in time are further apart than a pause.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.flows.layout import N_PAUSES
from analyzer.packets.layout import NO_TIME

GAP_NS: Final = 10 * 1_000_000_000

# Stretches of one flow that are counted separately; later packets count to the last of them.
MAX_STRETCHES: Final = 256


def add_stretch(tables, row, start, end, bytes_a, bytes_b, total_a, total_b):
    """Add a stretch from `start` to `end` with these payload bytes to the record; updates its first and last time.

    total_a, total_b   the record's bytes without these
    """
    record, pauses = tables.records + row, tables.pauses
    if record.first_ns == NO_TIME:
        record.first_ns, record.last_ns = start, end
        return
    if start - record.last_ns > GAP_NS:
        if count_pauses(pauses, record) < MAX_STRETCHES - 1:
            record.pauses = new_pause(tables, record.last_ns, start, total_a, total_b, record.pauses)
        record.last_ns = end
        return
    newer, at, low = -1, record.pauses, 0
    while True:
        # Of the stretches from the newest on, this one is between the pauses `at` and `newer`.
        low = (pauses + at).start_ns if at >= 0 else record.first_ns
        high = (pauses + newer).end_ns if newer >= 0 else record.last_ns
        if start - high > GAP_NS:  # inside the pause `newer`, far from both of its ends
            if count_pauses(pauses, record) < MAX_STRETCHES - 1:
                older = pauses + newer
                (pauses + newer).next = new_pause(tables, older.end_ns, start, older.bytes_a - bytes_a, older.bytes_b - bytes_b, older.next)
            (pauses + newer).end_ns = end
            return
        if low - end <= GAP_NS:
            break
        if at < 0:  # before all others
            if count_pauses(pauses, record) < MAX_STRETCHES - 1:
                link(pauses, record, newer, new_pause(tables, end, low, bytes_a, bytes_b, -1))
            record.first_ns = start
            return
        (pauses + at).bytes_a += bytes_a
        (pauses + at).bytes_b += bytes_b
        newer, at = at, (pauses + at).next
    if newer >= 0:
        (pauses + newer).end_ns = max((pauses + newer).end_ns, end)
    else:
        record.last_ns = max(record.last_ns, end)
    while at >= 0 and start - (pauses + at).end_ns <= GAP_NS:  # it closes the pause
        at = (pauses + at).next
    link(pauses, record, newer, at)
    if at >= 0:
        (pauses + at).start_ns = min((pauses + at).start_ns, min(low, start))
    else:
        record.first_ns = min(record.first_ns, start)


def link(pauses, record, newer, at):
    """Put the pause `at` behind `newer` in the record's list; -1: at its beginning."""
    if newer >= 0:
        (pauses + newer).next = at
    else:
        record.pauses = at


def new_pause(tables, end_ns, start_ns, bytes_a, bytes_b, older):
    """The row of a new pause; there must be room."""
    n = tables.counts[N_PAUSES]
    tables.counts[N_PAUSES] = n + 1
    pause = tables.pauses + n
    pause.end_ns = end_ns
    pause.start_ns = start_ns
    pause.bytes_a = bytes_a
    pause.bytes_b = bytes_b
    pause.next = older
    return n


def count_pauses(pauses, record):
    """The number of the record's pauses."""
    n, at = 0, record.pauses
    while at >= 0:
        n += 1
        at = (pauses + at).next
    return n


def join_stretches(tables, into, row):
    """Add the stretches of a later record of the same flow, before its bytes are added; that record's own list is emptied."""
    record, pauses = tables.records + row, tables.pauses
    if record.first_ns == NO_TIME:
        return
    oldest, at = -1, record.pauses
    while at >= 0:
        following = (pauses + at).next
        (pauses + at).next = oldest
        oldest, at = at, following
    record.pauses = -1
    total_a, total_b = (tables.sides + 2 * into).bytes, (tables.sides + 2 * into + 1).bytes
    start, before_a, before_b = record.first_ns, 0, 0
    while True:
        if oldest >= 0:
            end, until_a, until_b = (pauses + oldest).end_ns, (pauses + oldest).bytes_a, (pauses + oldest).bytes_b
        else:
            end, until_a, until_b = record.last_ns, (tables.sides + 2 * row).bytes, (tables.sides + 2 * row + 1).bytes
        add_stretch(tables, into, start, end, until_a - before_a, until_b - before_b, total_a + before_a, total_b + before_b)
        if oldest < 0:
            return
        start, before_a, before_b = (pauses + oldest).start_ns, until_a, until_b
        oldest = (pauses + oldest).next


@kernel
def set_stretches(tables, row, times, sizes, ways, n):
    """Set the record's stretches to packets at these times (NO_TIME allowed), with these sizes and sides."""
    record = tables.records + row
    record.first_ns = NO_TIME
    record.last_ns = NO_TIME
    record.pauses = -1
    total_a, total_b = 0, 0
    for i in range(n):
        bytes_b = sizes[i] if ways[i] else 0
        bytes_a = sizes[i] - bytes_b
        if times[i] != NO_TIME:
            add_stretch(tables, row, times[i], times[i], bytes_a, bytes_b, total_a, total_b)
        total_a += bytes_a
        total_b += bytes_b
