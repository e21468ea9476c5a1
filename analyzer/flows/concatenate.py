"""Concatenates tables, with every index adjusted; and drops rows that are no longer needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import (
    ARENA_LIVE,
    ARENA_USED,
    FREE_HOLE,
    FREE_SEGMENT,
    MAX_FIRSTS,
    N_BY_STATUS,
    N_DUPLICATES,
    N_FIRSTS,
    N_HELD,
    N_HOLES,
    N_LABELS,
    N_MESSAGES,
    N_PAUSES,
    N_RECORDS,
    N_SEGMENTS,
    N_SIGHTINGS,
    POOL_USED,
    SOURCE_BITS,
    STORE_USED,
    Tables,
)
from analyzer.flows.table import place_records
from analyzer.packets.layout import STATUS_NAMES

Rows = npt.NDArray[Any]

# The count with the number of used rows of each table; a record has two sides.
USED = {
    "records": N_RECORDS,
    "sides": N_RECORDS,
    "holes": N_HOLES,
    "pauses": N_PAUSES,
    "segments": N_SEGMENTS,
    "arena": ARENA_USED,
    "messages": N_MESSAGES,
    "pool": POOL_USED,
    "sightings": N_SIGHTINGS,
    "labels": N_LABELS,
    "held": N_HELD,
    "store": STORE_USED,
}
ADDED = (*set(USED.values()), N_DUPLICATES, ARENA_LIVE, *range(N_BY_STATUS, N_BY_STATUS + len(STATUS_NAMES)))
# Columns that are indices into another table (-1: none), and the count by which they are moved.
MOVED = {
    "records": (("previous", N_RECORDS), ("label", N_LABELS), ("pauses", N_PAUSES)),
    "sides": (("holes", N_HOLES), ("waiting", N_SEGMENTS)),
    "holes": (("next", N_HOLES),),
    "pauses": (("next", N_PAUSES),),
    "segments": (("next", N_SEGMENTS), ("at", ARENA_USED)),
    "messages": (
        ("record", N_RECORDS),
        ("host_at", POOL_USED),
        ("path_at", POOL_USED),
        ("agent_at", POOL_USED),
        ("field_at", POOL_USED),
        ("scheme_at", POOL_USED),
    ),
    "sightings": (("record", N_RECORDS),),
    "held": (("record", N_RECORDS), ("at", STORE_USED)),
}

TABLES = tuple(name for name in USED if name not in ("labels", "held", "store"))
"""The tables whose rows belong to one record; labels, which are shared, and held-back data are separate."""


def used(tables: Tables, name: str) -> int:
    """Number of used rows of a table."""
    return int(tables.counts[USED[name]]) * (2 if name == "sides" else 1)


def concatenated(left: Tables, right: Tables) -> Tables:
    """New tables with the rows of both, the right's after the left's; `slots` is empty, `recent` and `firsts` are the left's."""
    tables = empty_tables()
    changed: dict[str, Any] = {}
    for name in USED:
        n_left, n_right = used(left, name), used(right, name)
        table = getattr(tables, name)
        room = 2 * (n_left + n_right)
        if name in ("holes", "pauses"):  # joining records can create each of them again, and one for each side
            room += n_left + n_right + used(left, "sides") + used(right, "sides") + 16
        if room > len(table):
            table = changed[name] = np.zeros(1 << (room - 1).bit_length(), table.dtype)
        copy_rows(getattr(left, name), n_left, table, 0)
        copy_rows(getattr(right, name), n_right, table, n_left)
        for column, count in MOVED.get(name, ()):
            moved = table[column][n_left : n_left + n_right]
            moved[moved >= 0] += left.counts[count]
    tables = tables._replace(**changed)
    tables.counts[:] = left.counts
    for count in ADDED:
        tables.counts[count] += right.counts[count]
    for count, rows in ((FREE_HOLE, N_HOLES), (FREE_SEGMENT, N_SEGMENTS)):
        if left.counts[count] < 0 <= right.counts[count]:
            tables.counts[count] = right.counts[count] + left.counts[rows]
    copy_rows(left.recent, len(left.recent), tables.recent, 0)
    copy_rows(left.firsts, len(left.firsts), tables.firsts, 0)
    return tables


def copy_rows(rows: Rows, n: int, table: Rows, begin: int) -> None:
    """Copy the first n rows into a table of the same type, as bytes: by fields it takes five times as long."""
    size, at = n * table.itemsize, begin * table.itemsize
    table.view(np.uint8)[at : at + size] = rows.view(np.uint8)[:size]


def appended(tables: Tables, more: Tables) -> Tables:
    """The tables with the rows of `more` appended and indexed; consumes `tables`.

    more   has no labels of its own, and is the later of two with the same conversation
    """
    n_records = int(tables.counts[N_RECORDS])
    roomy = with_room(tables, {name: used(tables, name) + used(more, name) for name in TABLES})
    placed, tables = roomy.slots is tables.slots, roomy
    for name in TABLES:
        begin, n = used(tables, name), used(more, name)
        table = getattr(tables, name)
        copy_rows(getattr(more, name), n, table, begin)
        for column, count in MOVED.get(name, ()):
            if count != N_LABELS:
                moved = table[column][begin : begin + n]
                moved[moved >= 0] += tables.counts[count]
    for count in {USED[name] for name in TABLES} | set(ADDED):
        tables.counts[count] += more.counts[count]
    place_records(tables, n_records if placed else 0)
    return tables


def with_room(tables: Tables, wanted: dict[str, int]) -> Tables:
    """The tables with room for so many rows of each of TABLES, and as many more; `slots` is empty where it has to grow."""
    grows: dict[str, Any] = {}
    for name in TABLES:
        n = max(wanted[name], 2 * wanted["records"] if name == "sides" else 0)
        table = getattr(tables, name)
        if n > len(table) // 2:
            grows[name] = np.zeros(1 << (2 * n - 1).bit_length(), table.dtype)
            copy_rows(table, used(tables, name), grows[name], 0)
    if "records" in grows:
        grows["slots"] = np.zeros(4 * len(grows["records"]), np.int32)
    return tables._replace(**grows)


def with_slots(tables: Tables) -> Tables:
    """The tables with a hash index of their records, so that packets find them."""
    tables = tables._replace(slots=np.zeros(4 * len(tables.records), np.int32))
    place_records(tables, 0)
    return tables


def add_recent(tables: Tables, right: Rows) -> None:
    """Replace the last seen packets by those of `right`, keeping the table's own where it has none."""
    newer, older = right["digest"][0::2] != 0, right["digest"][1::2] != 0
    own, others = (rows.view(f"V{rows.itemsize}").reshape(-1, 2) for rows in (tables.recent, right))  # whole rows, not their fields
    np.copyto(own[:, 1], own[:, 0], where=newer & ~older)
    np.copyto(own[:, 1], others[:, 1], where=older)
    np.copyto(own[:, 0], others[:, 0], where=newer)


def add_firsts(tables: Tables, firsts: Rows) -> None:
    """Append to the first packets, up to their limit."""
    n = int(tables.counts[N_FIRSTS])
    more = firsts[: MAX_FIRSTS - n]
    tables.firsts[n : n + len(more)] = more
    tables.counts[N_FIRSTS] = n + len(more)


def renumbered(tables: Tables, numbers: npt.NDArray[np.int64]) -> Tables:
    """A copy of the tables with input i renumbered to numbers[i]."""
    n, n_sightings = int(tables.counts[N_RECORDS]), int(tables.counts[N_SIGHTINGS])
    records, sightings = tables.records[:n].copy(), tables.sightings[:n_sightings].copy()
    for column in ("first_source", "last_source"):
        seen = records[column] >= 0
        records[column][seen] = numbers[records[column][seen]]
    late = [np.stack([sightings["record"].astype(np.int64), numbers[sightings["source"]]], axis=1)]
    masks = records["sources"].copy()
    records["sources"] = 0
    for bit, source in enumerate(numbers[:SOURCE_BITS].tolist()):
        rows = np.flatnonzero((masks >> np.uint64(bit)) & np.uint64(1))
        if source < SOURCE_BITS:
            records["sources"][rows] |= np.uint64(1) << np.uint64(source)
        else:
            late.append(np.stack([rows, np.full(len(rows), source)], axis=1))
    seen = np.concatenate(late)
    fits = seen[:, 1] < SOURCE_BITS
    np.bitwise_or.at(records["sources"], seen[fits, 0], np.uint64(1) << seen[fits, 1].astype(np.uint64))
    sightings = np.zeros(int((~fits).sum()), sightings.dtype)
    sightings["record"], sightings["source"] = seen[~fits].T
    firsts = tables.firsts.copy()
    firsts["source"][: tables.counts[N_FIRSTS]] = numbers[firsts["source"][: tables.counts[N_FIRSTS]]]
    counts = tables.counts.copy()
    counts[N_SIGHTINGS] = len(sightings)
    return tables._replace(records=records, sightings=sightings, firsts=firsts, counts=counts)


def without(tables: Tables, into: npt.NDArray[np.int64], gone: npt.NDArray[np.bool_], read_now: npt.NDArray[np.bool_]) -> Tables:
    """The tables without the records that have an `into`, to whose records their rows now belong, without the gone messages and the held
    data that was read.

    gone, read_now   flags of the messages and of the rows of `held` that existed at the start; later ones stay
    """
    n = len(into)
    kept = into < 0
    place = np.cumsum(kept) - 1
    place = np.where(kept, place, place[into])
    records, sides, messages, counts = tables.records, tables.sides, tables.messages, tables.counts
    n_kept = int(kept.sum())
    if n_kept < n:
        records[:n_kept] = records[:n][kept]
        sides[: 2 * n_kept] = sides[: 2 * n][np.repeat(kept, 2)]
        counts[N_RECORDS] = n_kept
        previous = records["previous"][:n_kept]
        previous[previous >= 0] = place[previous[previous >= 0]]
    stays = np.ones(int(counts[N_MESSAGES]), np.bool_)
    stays[: len(gone)] = ~gone
    counts[N_MESSAGES] = int(stays.sum())
    messages[: counts[N_MESSAGES]] = messages[: len(stays)][stays]
    for table, count in ((messages, N_MESSAGES), (tables.sightings, N_SIGHTINGS), (tables.firsts, N_FIRSTS)):
        table["record"][: counts[count]] = place[table["record"][: counts[count]]]
    keep_held(tables, tables.held[: len(read_now)][~read_now], place)
    return tables


def keep_held(tables: Tables, held: Rows, place: npt.NDArray[np.int64]) -> None:
    """Keep only these rows in `held` and their bytes in `store`; place[row] is a record's new row."""
    held["record"] = place[held["record"]]
    sizes = held["size"].astype(np.int64)
    ends = np.cumsum(sizes)
    used = int(ends[-1]) if len(ends) else 0
    starts = ends - sizes
    tables.store[:used] = tables.store[np.arange(used) + np.repeat(held["at"] - starts, sizes)]
    held["at"] = starts
    tables.held[: len(held)] = held
    tables.counts[N_HELD], tables.counts[STORE_USED] = len(held), used
