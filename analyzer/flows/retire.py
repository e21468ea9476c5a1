"""Conversations taken out of the tables, so that a live capture's memory has an end.

What stays is packed, so that the room is really free. A conversation's records go together: which of them are one flow is
decided over all of them (fold.py). Rows are made of what goes while everything is still there: an answer names flows of others.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.concatenate import concatenated
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import (
    ARENA_LIVE,
    ARENA_USED,
    DNS_ANSWER,
    FREE_HOLE,
    FREE_SEGMENT,
    N_HOLES,
    N_MESSAGES,
    N_PAUSES,
    N_RECORDS,
    N_SEGMENTS,
    N_SIGHTINGS,
    POOL_USED,
    SENT_FIN,
    SENT_RST,
    TEXTS,
    Tables,
)
from analyzer.flows.lists import lists_of
from analyzer.flows.table import rehash
from analyzer.packets.layout import TCP

Rows = npt.NDArray[Any]

# How long a UDP conversation is quiet before it counts as over: what gateways wait before they forget one (RFC 4787 REQ-5).
UDP_QUIET_NS: Final[int] = 300 * 10**9


def conversations(tables: Tables) -> npt.NDArray[np.int64]:
    """int64[n_records]: each record's first record of the same conversation."""
    previous = tables.records["previous"][: int(tables.counts[N_RECORDS])].astype(np.int64)
    first = np.where(previous >= 0, previous, np.arange(len(previous)))
    while True:
        further = first[first]
        if np.array_equal(further, first):
            return first
        first = further


def oldest(tables: Tables, share: float) -> tuple[npt.NDArray[np.bool_], int]:
    """(bool[n_records]: the records to take out, how many conversations among them may still go on).

    First those that are over or were never answered, by their last packet, then the others; of all conversations, `share`.
    A UDP conversation is over when it was quiet for UDP_QUIET_NS. One with a DNS answer stays as long as those that go on: it
    may name what comes yet.
    """
    n = int(tables.counts[N_RECORDS])
    first = conversations(tables)
    sides = tables.sides
    packets, seen = (np.stack([sides[name][0 : 2 * n : 2], sides[name][1 : 2 * n : 2]], axis=1) for name in ("packets", "seen"))
    over = (seen & SENT_RST != 0).any(axis=1) | (seen & SENT_FIN != 0).all(axis=1)
    latest_ns = tables.records["last_ns"][:n].max(initial=0)
    over |= (tables.records["protocol"][:n] != TCP) & (tables.records["last_ns"][:n] < latest_ns - UDP_QUIET_NS)
    unanswered = (packets == 0).any(axis=1)
    last, goes_on = np.full(n, np.iinfo(np.int64).min), np.zeros(n, np.bool_)
    np.maximum.at(last, first, tables.records["last_ns"][:n])
    # The newest record says how the conversation stands; it comes after the others.
    goes_on[first] = ~(over | unanswered)
    heads = np.unique(first)
    names = np.zeros(n, np.bool_)
    names[first[answering(tables)]] = True
    order = heads[np.lexsort((last[heads], (goes_on | names)[heads]))]
    taken = np.zeros(n, np.bool_)
    chosen = order[: max(1, int(len(order) * share))]
    taken[chosen] = True
    return taken[first], int(goes_on[chosen].sum())


def answering(tables: Tables) -> npt.NDArray[np.int64]:
    """The records with a DNS answer."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    found: npt.NDArray[np.int64] = np.unique(messages["record"][messages["kind"] == DNS_ANSWER]).astype(np.int64)
    return found


def remaining(tables: Tables, taken: npt.NDArray[np.bool_]) -> Tables:
    """Tables without the records that are taken, which can go on growing; `tables` is used up.

    taken   bool[n_records], whole conversations
    """
    stay = only(tables, ~taken)
    stay = stay._replace(recent=tables.recent, slots=np.zeros(4 * len(stay.records), np.int32))
    rehash(stay)
    return stay


def only(tables: Tables, kept: npt.NDArray[np.bool_]) -> Tables:
    """New tables with these records alone, all that belongs to them packed; `slots` is empty."""
    n = len(kept)
    place = np.cumsum(kept) - 1
    records, sides = tables.records[:n][kept], tables.sides[: 2 * n][np.repeat(kept, 2)]
    earlier = records["previous"] >= 0
    records["previous"][earlier] = place[records["previous"][earlier]]
    counts = tables.counts.copy()
    sides["holes"], holes = lists_of(sides["holes"], tables.holes)
    records["pauses"], pauses = lists_of(records["pauses"], tables.pauses)
    sides["waiting"], segments = lists_of(sides["waiting"], tables.segments)
    arena, room = pack_waiting(tables, segments)
    messages = tables.messages[: int(counts[N_MESSAGES])]
    messages = messages[kept[messages["record"]]]
    messages["record"] = place[messages["record"]]
    pool = pack_texts(tables.pool, messages)
    sightings = tables.sightings[: int(counts[N_SIGHTINGS])]
    sightings = sightings[kept[sightings["record"]]]
    sightings["record"] = place[sightings["record"]]
    for count, rows in (
        (N_RECORDS, records),
        (N_HOLES, holes),
        (N_PAUSES, pauses),
        (N_SEGMENTS, segments),
        (N_MESSAGES, messages),
        (N_SIGHTINGS, sightings),
        (POOL_USED, pool),
        (ARENA_LIVE, arena),
    ):
        counts[count] = len(rows)
    counts[ARENA_USED] = len(arena) + room
    counts[FREE_HOLE] = counts[FREE_SEGMENT] = -1
    packed = empty_tables()._replace(
        records=records,
        sides=sides,
        holes=holes,
        pauses=pauses,
        segments=segments,
        arena=np.append(arena, np.zeros(room, np.uint8)),
        messages=messages,
        pool=pool,
        sightings=sightings,
        labels=tables.labels,
        counts=counts,
    )
    return concatenated(packed, empty_tables())


def with_waiting_packed(tables: Tables) -> Tables:
    """The tables, whose counts change, with the segments that wait and their bytes alone: no row that was let go, which points anywhere."""
    counts = tables.counts
    sides = tables.sides[: 2 * int(counts[N_RECORDS])].copy()
    sides["waiting"], segments = lists_of(sides["waiting"], tables.segments)
    arena, room = pack_waiting(tables, segments)
    counts[N_SEGMENTS], counts[ARENA_LIVE], counts[ARENA_USED] = len(segments), len(arena), len(arena) + room
    counts[FREE_SEGMENT] = -1
    return tables._replace(sides=sides, segments=segments, arena=np.append(arena, np.zeros(room, np.uint8)))


def pack_waiting(tables: Tables, segments: Rows) -> tuple[npt.NDArray[np.uint8], int]:
    """(the bytes of these segments, which point there from now on; how much room to leave behind them).

    The order stays, and so does whether a segment is the last: what comes next is put to that one (streams/waiting.py).
    """
    order = np.argsort(segments["at"], kind="stable")
    at, sizes = segments["at"][order], segments["size"][order].astype(np.int64)
    arena = gathered(tables.arena, at, sizes)
    room = int(len(at) > 0 and at[-1] + sizes[-1] != tables.counts[ARENA_USED])
    segments["at"][order] = starts_of(sizes)
    return arena, room


def starts_of(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each of pieces of these sizes begins when they lie one behind the other."""
    ends: npt.NDArray[np.int64] = np.cumsum(sizes)
    return ends - sizes


def gathered(data: npt.NDArray[np.uint8], at: Rows, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The pieces data[at[i] : at[i] + sizes[i]], one behind the other."""
    return data[np.arange(int(sizes.sum())) + np.repeat(at - starts_of(sizes), sizes)]


def pack_texts(pool: npt.NDArray[np.uint8], messages: Rows) -> npt.NDArray[np.uint8]:
    """A pool with the texts of these messages alone, which point there from now on."""
    parts, used = [], 0
    for text in TEXTS:
        sizes = np.maximum(messages[f"{text}_size"], 0).astype(np.int64)
        parts.append(gathered(pool, messages[f"{text}_at"], sizes))
        messages[f"{text}_at"] = used + starts_of(sizes)
        used += len(parts[-1])
    return np.concatenate(parts)
