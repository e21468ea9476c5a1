"""Drops lone SYNs before rows are made, where a flood has so many that no result depends on a single one.

A flood of two million forged addresses takes 3.4 GB as rows, and the verdict only counts them. SYNs on which another row's facts may depend
stay: the first ones, one for each server and port, the last packet of each input, and every SYN with the sequence number of another
connection, as behind a NAT.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import HAS_BASE, N_MESSAGES, N_RECORDS, N_SIGHTINGS, SENT_SYN, SENT_SYN_ACK, Tables
from analyzer.flows.retire import only
from analyzer.packets.layout import NO_TIME, TCP

FIRST_LISTED: Final = 1 << 15
"""So many lone SYNs stay, the earliest ones; with fewer, none is dropped. A page has room for half as many flows."""

Rows = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]


class LeftOut(NamedTuple):
    """Counts of the flows without a row.

    flows     number of flows
    clients   addresses all of whose flows were dropped
    """

    flows: int
    clients: int


def without_strangers(tables: Tables) -> tuple[Tables, LeftOut | None]:
    """(the tables without the many lone SYNs of addresses that sent nothing else, the dropped counts); the unchanged tables and None where
    these are few.

    Consumes `tables`.
    """
    n = int(tables.counts[N_RECORDS])
    lone = lone_syns(tables)
    if are_few(int(np.count_nonzero(lone))):
        return tables, None
    records = tables.records[:n]
    a, b = ends_as_numbers(records)
    from_a = records["syn_side"] == 0
    client, server = np.where(from_a, a, b), np.where(from_a, b, a)
    strange = strangers_among(tables, lone, a, b, client, server)
    stays = strange & shown_by(records, strange, server)
    left = strange & ~stays
    names = np.zeros(int(max(a.max(), b.max())) + 1, np.bool_)
    names[client[left]] = True
    names[client[stays]] = False
    clients = np.count_nonzero(names)
    if clients <= FIRST_LISTED:
        return tables, None
    return only(tables, ~left), LeftOut(int(np.count_nonzero(left)), int(clients))


def are_few(lone: int) -> bool:
    """Whether so few lone SYNs are all kept."""
    return lone <= FIRST_LISTED


def lone_syns(tables: Tables) -> Flags:
    """bool[n_records]: one SYN of the client, no payload in either direction, and no second record between the same ends."""
    n = int(tables.counts[N_RECORDS])
    records, sides = tables.records[:n], tables.sides
    alone: Flags = (records["protocol"] == TCP) & (records["syn_side"] >= 0) & (records["previous"] < 0) & (records["pauses"] < 0)
    followed = records["previous"]
    alone[followed[followed >= 0]] = False
    alone[tables.messages["record"][: int(tables.counts[N_MESSAGES])]] = False
    alone[tables.sightings["record"][: int(tables.counts[N_SIGHTINGS])]] = False
    for side in (0, 1):
        mine = sides[side : 2 * n : 2]
        sent = (mine["packets"] == 1) & (mine["seen"] & (SENT_SYN | SENT_SYN_ACK) == SENT_SYN)
        alone &= (mine["bytes"] == 0) & (mine["holes"] < 0) & (mine["waiting"] < 0) & (sent | (records["syn_side"] != side))
    return alone


def ends_as_numbers(records: Rows) -> tuple[Rows, Rows]:
    """(int32[n], int32[n]): a number for the address of side 0 and of side 1 of each record, equal for equal addresses."""
    low = np.concatenate([records["a_lo"], records["b_lo"]])
    columns = [low]
    if not (records["version"] == 4).all():
        columns += [np.concatenate([records["a_hi"], records["b_hi"]]), np.tile(records["version"], 2)]
    order = np.lexsort(columns)
    other = np.zeros(max(0, len(low) - 1), np.bool_)
    for column in columns:
        in_order = column[order]
        other |= in_order[1:] != in_order[:-1]
    codes = np.zeros(len(low), np.int32)
    codes[order[1:]] = np.cumsum(other, dtype=np.int32)
    return codes[: len(records)], codes[len(records) :]


def strangers_among(tables: Tables, lone: Flags, a: Rows, b: Rows, client: Rows, server: Rows) -> Flags:
    """bool[n]: the lone SYNs of addresses that sent nothing else, received nothing, and share no sequence number with others."""
    n = len(lone)
    isn, bases = tables.records["isn"][:n], tables.sides["base"][: 2 * n].reshape(n, 2)
    begun = (tables.sides["seen"][: 2 * n] & HAS_BASE != 0).reshape(n, 2)
    known = np.zeros(int(max(a.max(), b.max())) + 1, np.bool_)
    known[a[~lone]] = known[b[~lone]] = known[server[lone]] = True
    while True:
        strange: Flags = lone & ~known[client]
        others = bases[~strange][begun[~strange]]
        shared = strange & np.isin(isn, others)
        if not shared.any():
            return strange
        known[client[shared]] = True


def shown_by(records: Rows, strange: Flags, server: Rows) -> Flags:
    """bool[n]: the first of these by time, the first to each server and port, and of each set of inputs the one with the last packet."""
    rows = np.flatnonzero(strange)
    shown = np.zeros(len(records), np.bool_)
    first = records["first_ns"][rows]
    first = np.where(first == NO_TIME, np.iinfo(np.int64).max, first)
    shown[rows[np.argsort(first, kind="stable")[:FIRST_LISTED]]] = True
    port = np.where(records["syn_side"][rows] == 0, records["b_port"][rows], records["a_port"][rows]).astype(np.int64)
    shown[rows[np.unique((server[rows].astype(np.int64) << 16) + port, return_index=True)[1]]] = True
    inputs, last = records["sources"][rows], records["last_ns"][rows]
    for one in np.unique(inputs).tolist():
        of_these = np.flatnonzero(inputs == one)
        shown[rows[of_these[np.argmax(last[of_these])]]] = True
    return shown
