"""Takes conversations out of the tables, so that a live capture's memory is bounded.

The remaining rows are packed, so that memory is really freed. A conversation's records are kept together: fold.py decides over all of them
which form one flow. The rows of evicted conversations are made while all others are present, because a DNS answer may name them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.flows.concatenate import appended
from analyzer.flows.gather import gathered, starts_of
from analyzer.flows.grow import FLOW_BYTES, empty_tables, without_rows
from analyzer.flows.layout import (
    ARENA_LIVE,
    ARENA_USED,
    DNS_ANSWER,
    FREE_HOLE,
    FREE_SEGMENT,
    GIVEN_UP,
    HELD_BACK,
    N_FIRSTS,
    N_HELD,
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
from analyzer.flows.table import hash_records
from analyzer.packets.layout import TCP

Rows = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

# Idle time after which a conversation counts as finished: the timeouts of gateways (RFC 4787 REQ-5, RFC 5382 REQ-5).
UDP_QUIET_NS: Final[int] = 300 * 10**9
TCP_QUIET_NS: Final[int] = 124 * 60 * 10**9


def conversations(tables: Tables) -> npt.NDArray[np.int64]:
    """int64[n_records]: the first record of each record's conversation."""
    previous = tables.records["previous"][: int(tables.counts[N_RECORDS])].astype(np.int64)
    first = np.where(previous >= 0, previous, np.arange(len(previous)))
    while True:
        further = first[first]
        if np.array_equal(further, first):
            return first
        first = further


def hashes_of(tables: Tables) -> npt.NDArray[np.uint64]:
    """uint64[n_records]: the `conversation` of the keys of each record's packets."""
    n = int(tables.counts[N_RECORDS])
    hashes = np.zeros(n, np.uint64)
    hash_records(tables.records, n, hashes)
    return hashes


def oldest(tables: Tables, share: float) -> list[tuple[bool, Flags]]:
    """The records to take out, as (whether their conversations may continue, bool[n_records]), in this order.

    First finished or unanswered ones, by their last packet, then the others; `share` of all conversations. A UDP conversation is finished
    after UDP_QUIET_NS without packets. One with a DNS answer stays as long as open ones: it may name later flows.
    """
    first, last, goes_on = standing(tables)
    heads = np.unique(first)
    names = np.zeros(len(first), np.bool_)
    names[first[answering(tables)]] = True
    order = heads[np.lexsort((last[heads], (goes_on | names)[heads]))]
    taken = order[: max(1, int(len(order) * share))]
    over, others = _whole(first, taken[~goes_on[taken]]), _whole(first, taken[goes_on[taken]])
    return [(False, over), (True, others[~over])]


def over(tables: Tables, share: float) -> Flags:
    """bool[n_records]: `share` of the finished or unanswered conversations, those silent longest."""
    first, last, goes_on = standing(tables)
    heads = np.unique(first)
    goes_on[first[before_it(tables)]] = True
    done = heads[~goes_on[heads]]
    return _whole(first, done[np.argsort(last[done], kind="stable")][: int(len(done) * share)])


def before_it(tables: Tables) -> Flags:
    """bool[n_records]: those that may have begun before this piece, or whose packets may have copies in an earlier one."""
    n = int(tables.counts[N_RECORDS])
    found: Flags = np.any((tables.sides["seen"][: 2 * n] & (HELD_BACK | GIVEN_UP) != 0).reshape(n, 2), axis=1)
    found[tables.firsts["record"][: int(tables.counts[N_FIRSTS])]] = True
    return found


def standing(tables: Tables) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Flags]:
    """(the first record of each record's conversation; at those: the time of its last packet, whether it may continue)."""
    n = int(tables.counts[N_RECORDS])
    first = conversations(tables)
    sides, records = tables.sides, tables.records[:n]
    packets, seen = (np.stack([sides[name][0 : 2 * n : 2], sides[name][1 : 2 * n : 2]], axis=1) for name in ("packets", "seen"))
    done = (seen & SENT_RST != 0).any(axis=1) | (seen & SENT_FIN != 0).all(axis=1)
    latest_ns = records["last_ns"].max(initial=0)
    done |= records["last_ns"] < latest_ns - np.where(records["protocol"] != TCP, UDP_QUIET_NS, TCP_QUIET_NS)
    unanswered = (packets == 0).any(axis=1)
    last, goes_on = np.full(n, np.iinfo(np.int64).min), np.zeros(n, np.bool_)
    np.maximum.at(last, first, records["last_ns"])
    # The newest record, which comes last, decides the conversation's state.
    goes_on[first] = ~(done | unanswered)
    return first, last, goes_on


def _whole(first: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]) -> Flags:
    taken = np.zeros(len(first), np.bool_)
    taken[chosen] = True
    return taken[first]


def answering(tables: Tables) -> npt.NDArray[np.int64]:
    """The records with a DNS answer."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    found: npt.NDArray[np.int64] = np.unique(messages["record"][messages["kind"] == DNS_ANSWER]).astype(np.int64)
    return found


def remaining(tables: Tables, taken: Flags) -> Tables:
    """Tables without the taken records, able to grow; consumes `tables`.

    taken   bool[n_records], whole conversations
    """
    return only(tables, ~taken)._replace(recent=tables.recent)


def only(tables: Tables, kept: Flags) -> Tables:
    """New tables with only these records, all that belongs to them packed, and room to grow.

    Data kept for an earlier piece (`held`, `firsts`) belongs to these records.
    """
    rows = np.flatnonzero(kept)
    belongs = belonging(tables, rows)
    packed = picked(tables, rows, *belongs)
    pool = pack_texts(tables.pool, belongs.messages)
    packed.counts[POOL_USED] = len(pool)
    # With room for as many as before: tables that double again after each eviction leave memory behind that the system doesn't get back.
    roomy = appended(empty_tables(FLOW_BYTES * len(tables.records)), packed._replace(pool=pool))
    place, held, firsts = np.cumsum(kept) - 1, tables.held.copy(), tables.firsts.copy()
    for table, count in ((held, N_HELD), (firsts, N_FIRSTS)):
        n = int(tables.counts[count])
        table["record"][:n] = place[table["record"][:n]]
    return roomy._replace(labels=tables.labels, counts=packed.counts, held=held, store=tables.store, firsts=firsts)


class Belonging(NamedTuple):
    """Messages and sightings of chosen records, copied; `record` is an index into the chosen ones."""

    messages: Rows
    sightings: Rows


def belonging(tables: Tables, rows: npt.NDArray[np.int64]) -> Belonging:
    """The messages and sightings of the records `rows`."""
    place = np.full(int(tables.counts[N_RECORDS]), -1, np.int64)
    place[rows] = np.arange(len(rows))
    found = []
    for table, count in ((tables.messages, N_MESSAGES), (tables.sightings, N_SIGHTINGS)):
        which = place[table["record"][: int(tables.counts[count])]]
        chosen = table.take(np.flatnonzero(which >= 0))
        chosen["record"] = which[which >= 0]
        found.append(chosen)
    return Belonging(*found)


def picked(tables: Tables, rows: npt.NDArray[np.int64], messages: Rows, sightings: Rows) -> Tables:
    """New tables with the records `rows` (whole conversations) in that order, and all that belongs to them; texts stay in the shared
    pool."""
    place = np.full(int(tables.counts[N_RECORDS]), -1, np.int64)
    place[rows] = np.arange(len(rows))
    records, sides = tables.records.take(rows), tables.sides.take(np.stack([2 * rows, 2 * rows + 1], axis=1).ravel())
    earlier = records["previous"] >= 0
    records["previous"][earlier] = place[records["previous"][earlier]]
    counts = tables.counts.copy()
    sides["holes"], holes = lists_of(sides["holes"], tables.holes)
    records["pauses"], pauses = lists_of(records["pauses"], tables.pauses)
    sides["waiting"], segments = lists_of(sides["waiting"], tables.segments)
    arena, room = pack_waiting(tables, segments)
    for count, table in (
        (N_RECORDS, records),
        (N_HOLES, holes),
        (N_PAUSES, pauses),
        (N_SEGMENTS, segments),
        (N_MESSAGES, messages),
        (N_SIGHTINGS, sightings),
        (ARENA_LIVE, arena),
    ):
        counts[count] = len(table)
    counts[ARENA_USED] = len(arena) + room
    counts[FREE_HOLE] = counts[FREE_SEGMENT] = -1
    return without_rows()._replace(
        records=records,
        sides=sides,
        holes=holes,
        pauses=pauses,
        segments=segments,
        arena=np.append(arena, np.zeros(room, np.uint8)),
        messages=messages,
        sightings=sightings,
        pool=tables.pool,
        counts=counts,
    )


def with_waiting_packed(tables: Tables) -> Tables:
    """The tables with only the waiting segments and their bytes; changes their counts. Freed rows, whose links are invalid, are dropped."""
    counts = tables.counts
    sides = tables.sides[: 2 * int(counts[N_RECORDS])].copy()
    sides["waiting"], segments = lists_of(sides["waiting"], tables.segments)
    arena, room = pack_waiting(tables, segments)
    counts[N_SEGMENTS], counts[ARENA_LIVE], counts[ARENA_USED] = len(segments), len(arena), len(arena) + room
    counts[FREE_SEGMENT] = -1
    return tables._replace(sides=sides, segments=segments, arena=np.append(arena, np.zeros(room, np.uint8)))


def pack_waiting(tables: Tables, segments: Rows) -> tuple[npt.NDArray[np.uint8], int]:
    """(the bytes of these segments, whose `at` is changed to point there; the number of spare bytes to leave after them).

    The order stays, and so does whether a segment is the last: the next bytes are appended to that one (streams/waiting.py).
    """
    order = np.argsort(segments["at"], kind="stable")
    at, sizes = segments["at"][order], segments["size"][order].astype(np.int64)
    arena = gathered(tables.arena, at, sizes)
    room = int(len(at) > 0 and at[-1] + sizes[-1] != tables.counts[ARENA_USED])
    segments["at"][order] = starts_of(sizes)
    return arena, room


def pack_texts(pool: npt.NDArray[np.uint8], messages: Rows) -> npt.NDArray[np.uint8]:
    """A pool with the texts of these messages alone, whose offsets are changed accordingly."""
    parts, used = [], 0
    for text in TEXTS:
        sizes = np.maximum(messages[f"{text}_size"], 0).astype(np.int64)
        parts.append(gathered(pool, messages[f"{text}_at"], sizes))
        messages[f"{text}_at"] = used + starts_of(sizes)
        used += len(parts[-1])
    return np.concatenate(parts)
