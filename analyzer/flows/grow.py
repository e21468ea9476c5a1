"""Tables that grow: small at first, doubled when full."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes
from analyzer.flows.layout import (
    ARENA_LIVE,
    ARENA_USED,
    CURSOR,
    DIGITS,
    DUPLICATE_SLOTS,
    FIRST,
    FREE_HOLE,
    FREE_SEGMENT,
    HELD,
    HELLO,
    HOLE,
    LABEL,
    MAX_FIRSTS,
    MAX_LISTED,
    MEMO_LISTED,
    MEMO_SLOTS,
    MESSAGE,
    N_COUNTS,
    N_HELD,
    N_HOLES,
    N_LABELS,
    N_MESSAGES,
    N_PAUSES,
    N_RECORDS,
    N_SEGMENTS,
    N_SIGHTINGS,
    PAUSE,
    POOL_USED,
    RECENT,
    RECORD,
    SEGMENT,
    SIDE,
    SIGHTING,
    STORE_USED,
    Tables,
)
from analyzer.flows.table import place_records

# Tables begin as large as a short capture needs. Larger ones cost 1.8 ms each to clear, and a part of a capture has several.
RECORDS = 1 << 12
# For a large capture there is room at once for one flow per so many bytes; untouched room takes no memory.
MOST_RECORDS = 1 << 17
FLOW_BYTES = 1 << 14
# Room for each of these flows, and the least: more than twice what one packet may add (streams/reassembly.py), but less than 4 MiB,
# because numpy asks for pages of 2 MiB for larger arrays. Clearing one takes 0.2 ms, and up to 9 ms on a virtual machine (measured).
MESSAGES_EACH = 4
TEXT_EACH = 1 << 8
LEAST_MESSAGES = 5 << 13
LEAST_TEXT = 3 << 20
# The arena is packed whenever it is full, and each packing goes through all sides.
ARENA = 3 << 20
SCRATCH = 1 << 17

CACHE_LINE = 64


def empty_tables(n_bytes: int = 0) -> Tables:
    """Empty tables. n_bytes: of the capture they are for; a large one has thousands of flows."""
    n_records = RECORDS
    while n_records < min(MOST_RECORDS, n_bytes // FLOW_BYTES):
        n_records *= 2
    counts = np.zeros(N_COUNTS, np.int64)
    counts[FREE_HOLE] = counts[FREE_SEGMENT] = -1
    return Tables(
        slots=cleared(4 * n_records, np.int32),
        records=cleared(n_records, RECORD),
        sides=cleared(2 * n_records, SIDE),
        holes=np.zeros(1 << 10, HOLE),
        pauses=np.zeros(1 << 10, PAUSE),
        segments=np.zeros(1 << 10, SEGMENT),
        arena=np.zeros(ARENA, np.uint8),
        messages=np.zeros(max(LEAST_MESSAGES, MESSAGES_EACH * n_records), MESSAGE),
        pool=np.zeros(max(LEAST_TEXT, TEXT_EACH * n_records), np.uint8),
        sightings=np.zeros(1 << 8, SIGHTING),
        labels=np.zeros(1 << 8, LABEL),
        recent=cleared(DUPLICATE_SLOTS, RECENT),
        held=np.zeros(1 << 10, HELD),
        store=np.zeros(1 << 21, np.uint8),
        firsts=np.zeros(MAX_FIRSTS, FIRST),
        cursor=np.zeros(1, CURSOR),
        hello=np.zeros(1, HELLO),
        scratch=np.zeros(SCRATCH, np.uint8),
        handshake=np.zeros(SCRATCH, np.uint8),
        suites=np.zeros(MAX_LISTED, np.uint16),
        extensions=np.zeros(2 * MAX_LISTED, np.uint16),
        text=np.zeros(5 * 2 * MAX_LISTED + 256, np.uint8),
        memo=np.zeros(MEMO_SLOTS * MEMO_LISTED, np.uint16),
        memo_sizes=np.zeros(MEMO_SLOTS, np.int32),
        memo_digests=np.zeros(MEMO_SLOTS * DIGITS, np.uint8),
        state=np.zeros(8, np.uint32),
        schedule=np.zeros(64, np.uint32),
        counts=counts,
    )


def cleared(n: int, dtype: Any) -> npt.NDArray[Any]:
    """n rows of zeros, the first at the beginning of a cache line."""
    size = n * np.dtype(dtype).itemsize
    room = np.zeros(size + CACHE_LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % CACHE_LINE
    return room[start : start + size].view(dtype)


def without_rows() -> Tables:
    """Empty tables without room."""
    blank = _no_rows()
    return blank._replace(counts=blank.counts.copy())


@cache
def _no_rows() -> Tables:
    tables = empty_tables()
    return tables._replace(**{name: getattr(tables, name)[:0].copy() for name in Tables._fields if name != "counts"})


def grown(tables: Tables) -> Tables:
    """The same tables, doubled where less than a quarter is free; the arena is packed first.

    If no table grows that way, those with less than half free are doubled: one packet never needs more than half of a table.
    """
    counts = tables.counts
    packed = counts[ARENA_USED] >= 2 * counts[ARENA_LIVE] + (1 << 18)
    if packed:
        pack_arena(tables, tables.arena[: counts[ARENA_USED]].copy())
    changed = _larger(tables, 4) or ({} if packed else _larger(tables, 2))
    if "records" in changed:
        changed["sides"] = doubled(tables.sides, 2 * int(counts[N_RECORDS]))
        changed["slots"] = np.zeros(2 * len(tables.slots), np.int32)
    tables = tables._replace(**changed)
    if "slots" in changed:
        place_records(tables, 0)
    return tables


def _larger(tables: Tables, share: int) -> dict[str, npt.NDArray[Any]]:
    """The tables with less than 1 / share free, doubled, by name."""
    counts = tables.counts
    found = {}
    for name, used in (
        ("records", counts[N_RECORDS]),
        ("messages", counts[N_MESSAGES]),
        ("pool", counts[POOL_USED]),
        ("arena", counts[ARENA_USED]),
        ("holes", counts[N_HOLES]),
        ("pauses", counts[N_PAUSES]),
        ("segments", counts[N_SEGMENTS]),
        ("sightings", counts[N_SIGHTINGS]),
        ("labels", counts[N_LABELS]),
        ("held", counts[N_HELD]),
        ("store", counts[STORE_USED]),
    ):
        table = getattr(tables, name)
        if used > len(table) - len(table) // share:
            found[name] = doubled(table, int(used))
    return found


def with_room_to_fold(tables: Tables) -> Tables:
    """The same tables with room for the holes and pauses that joining records can add: as many again, and one for each side."""
    changed = {}
    for name, count in (("holes", N_HOLES), ("pauses", N_PAUSES)):
        table, used = getattr(tables, name), int(tables.counts[count])
        changed[name] = np.zeros(3 * used + 2 * int(tables.counts[N_RECORDS]) + 16, table.dtype)
        changed[name][:used] = table[:used]
    return tables._replace(**changed)


def doubled(table: npt.NDArray[Any], used: int) -> npt.NDArray[Any]:
    """The used rows, with twice the room."""
    larger = cleared(2 * len(table), table.dtype)
    size = used * table.itemsize  # as bytes: rows are copied field by field, which takes five times as long
    larger.view(np.uint8)[:size] = table.view(np.uint8)[:size]
    return larger


@kernel
def pack_arena(tables, before):
    """Move the waiting bytes to the arena's beginning; `before` is a copy of the arena."""
    counts = tables.counts
    used = 0
    for s in range(2 * counts[N_RECORDS]):
        at = (tables.sides + s).waiting
        while at >= 0:
            segment = tables.segments + at
            copy_bytes(before, segment.at, segment.size, tables.arena, used)
            segment.at = used
            used += segment.size
            at = segment.next
    counts[ARENA_USED] = used
