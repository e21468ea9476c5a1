"""Merges the flow tables of two parts, as if their packets had been read in one pass.

A record of the right part that continues the left's newest record of the same conversation, by its first packets, is joined to it and
removed. Counts can be added in any order (fold.py), but reading can't, so the payload that the right part held back (held.py) is read
here as the left's next packets. `streams` does the reading, and passes it as `read`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32, as_u64
from analyzer.flows.concatenate import add_firsts, add_recent, concatenated, without
from analyzer.flows.copies import leave_unread, take_back_copies
from analyzer.flows.coverage import behind
from analyzer.flows.fold import join_both_sides, join_records
from analyzer.flows.held import is_fresh
from analyzer.flows.keys import record_hash, same_ends
from analyzer.flows.layout import (
    CONTINUED,
    DONE,
    ENCRYPTED,
    GIVEN_UP,
    HAS_BASE,
    HELD_BACK,
    N_FIRSTS,
    N_HELD,
    N_MESSAGES,
    N_RECORDS,
    SEEMS_ENCRYPTED,
    Tables,
)
from analyzer.packets.layout import ACK, PACKET, TCP

Read = Callable[[npt.NDArray[np.uint8], npt.NDArray[Any], npt.NDArray[np.int64], int, Tables], Tables]
"""read(bytes, packets, offers, n_offers, tables): the tables after every offer was read."""

# The fate of messages that a side read on its own, once the bytes before them are known (columns of `fates`).
KEEP: Final = 0
DROP: Final = 1
DROP_BEFORE: Final = 2  # those before the sequence number in the next column
NUMBER_ON: Final = 3  # datagrams: their numbers continue from the one in the next column


def merged_tables(left: Tables, right: Tables, read: Read, most_datagrams: int) -> Tables:
    """The tables of both parts' packets; left and right stay unchanged.

    read             reads offers, as streams.reassembly.read_offers does
    most_datagrams   the most datagrams kept for one side
    """
    n_left = int(left.counts[N_RECORDS])
    tables = concatenated(left, right)
    firsts = right.firsts[: right.counts[N_FIRSTS]].copy()
    firsts["record"] += n_left
    add_firsts(tables, take_back_copies(tables, left.recent, firsts))
    leave_unread(tables, firsts[firsts["copy"] != 0], int(left.counts[N_HELD]))
    add_recent(tables, right.recent)
    n = int(tables.counts[N_RECORDS])
    into = np.full(n, -1, np.int64)
    begun = tables.records["previous"][:n] < 0
    slots = np.zeros(1 << max(4, (2 * n).bit_length()), np.int32)
    link_records(tables, slots, len(slots), n_left, into)
    gone = np.zeros(int(tables.counts[N_MESSAGES]), np.bool_)
    read_now = np.zeros(int(tables.counts[N_HELD]), np.bool_)
    joined = into >= 0
    # A conversation's first record, then the one begun by its first SYN: the second continues where the first ends.
    for rows in (np.flatnonzero(joined & begun), np.flatnonzero(joined & ~begun)):
        if len(rows):
            tables = joined_tables(tables, rows, into, gone, read_now, read, most_datagrams)
    return without(tables, into, gone, read_now)


def joined_tables(
    tables: Tables,
    rows: npt.NDArray[np.int64],
    into: npt.NDArray[np.int64],
    gone: npt.NDArray[np.bool_],
    read_now: npt.NDArray[np.bool_],
    read: Read,
    most_datagrams: int,
) -> Tables:
    """The tables with each record of `rows` joined to its record in `into`; marks removed messages and read rows of Tables.held."""
    own = tables.sides[np.stack([2 * rows, 2 * rows + 1], axis=1).ravel()]
    join_counts(tables, rows, len(rows), into)
    held = tables.held[: len(read_now)]
    target = into[held["record"]]
    is_due = np.zeros(len(into), np.bool_)
    is_due[rows] = tables.sides["seen"][2 * into[rows]] & (HELD_BACK | GIVEN_UP) != HELD_BACK
    due = is_due[held["record"]]
    read_now |= due
    tables = read_held(tables, held[due], target[due], read)
    fates = np.zeros((len(own), 2), np.int64)
    join_reading(tables, rows, into[rows], len(rows), own, fates, most_datagrams)
    settle_messages(tables, rows, fates, gone, most_datagrams)
    return tables


def read_held(tables: Tables, held: npt.NDArray[Any], records: npt.NDArray[np.int64], read: Read) -> Tables:
    """The tables after this kept payload was read on these records."""
    packets = np.zeros(len(held), PACKET)
    packets["protocol"] = TCP
    packets["flags"] = ACK
    packets["payload"] = held["at"]
    packets["captured_bytes"] = packets["payload_bytes"] = held["size"]
    for column in ("ts_ns", "seq", "ack"):
        packets[column] = held[column]
    offers = np.stack([np.arange(len(held)), records, held["side"].astype(np.int64)], axis=1)
    return read(tables.store, packets, offers, len(held), tables)


def released_tables(tables: Tables, read: Read) -> Tables:
    """The tables after all held-back payload was read, because no part comes before. `tables` must not be used any more."""
    n = int(tables.counts[N_RECORDS])
    rows = np.flatnonzero(tables.sides["seen"][: 2 * n : 2] & HELD_BACK)
    if len(rows):
        pairs = np.stack([2 * rows, 2 * rows + 1], axis=1).ravel()
        own = tables.sides[pairs]
        gone = np.zeros(int(tables.counts[N_MESSAGES]), np.bool_)
        reset_sides(tables, pairs, len(pairs))
        held = tables.held[: int(tables.counts[N_HELD])]
        tables = read_held(tables, held, held["record"].astype(np.int64), read)
        fates = np.zeros((len(own), 2), np.int64)
        join_reading(tables, rows, rows, len(rows), own, fates, 0)
        settle_messages(tables, rows, fates, gone, 0)
        tables = without(tables, np.full(n, -1, np.int64), gone, np.ones(len(held), np.bool_))
    # A record's messages in the order of its packets; those of a conversation's newer records come behind.
    n_messages = int(tables.counts[N_MESSAGES])
    order = np.argsort(tables.messages["record"][:n_messages], kind="stable")
    tables.messages[:n_messages] = tables.messages[:n_messages][order]
    return tables


def settle_messages(
    tables: Tables, rows: npt.NDArray[np.int64], fates: npt.NDArray[np.int64], gone: npt.NDArray[np.bool_], most_datagrams: int
) -> None:
    """Mark in `gone` the older messages of `rows` that are void now; continue the numbers of datagrams."""
    place = np.full(int(tables.counts[N_RECORDS]), -1, np.int64)
    place[rows] = np.arange(len(rows))
    messages = tables.messages[: len(gone)]
    which = place[messages["record"]]
    fate = np.where((which >= 0)[:, None], fates[2 * which + messages["side"]], KEEP)
    before = (messages["seq"] - fate[:, 1].astype(np.uint32)).astype(np.int32) < 0
    gone |= (fate[:, 0] == DROP) | ((fate[:, 0] == DROP_BEFORE) & before)
    on = fate[:, 0] == NUMBER_ON
    messages["seq"][on] += fate[on, 1].astype(np.uint32)
    gone |= on & (messages["seq"] > most_datagrams)


@kernel
def link_records(tables, slots, n_slots, n_left, into):
    """Fill into[row], for the rows from n_left on, with the record that they continue; it stays -1 for rows that begin a record.

    slots   int32[n_slots = 2**k >= 2 * n_records], all 0
    """
    records = tables.records
    mask = n_slots - 1
    for row in range(tables.counts[N_RECORDS]):
        slot = record_hash(records + row) & mask
        while slots[slot] and not same_ends(records + (slots[slot] - 1), records + row):
            slot = (slot + 1) & mask
        newest = slots[slot] - 1
        if row >= n_left and newest >= 0 and is_rest(records + newest, records + row):
            into[row] = newest
        else:
            (records + row).previous = newest
            slots[slot] = row + 1


def is_rest(record, later):
    """True when table.count_packets would have counted the packets of `later` in `record`."""
    return later.syn_side < 0 or (later.syn_side == record.syn_side and later.isn == record.isn)


@kernel
def join_counts(tables, rows, n, into):
    """Add each record's times, counts, flags and coverage to those of its record in `into`."""
    records, sides = tables.records, tables.sides
    for i in range(n):
        row, target = rows[i], into[rows[i]]
        join_records(tables, target, row)
        # A SYN after which nothing was read yet may itself be a retransmission.
        unread = is_fresh(sides + 2 * target) and is_fresh(sides + 2 * target + 1)
        waits = tables.counts[CONTINUED] != 0 and unread and (sides + 2 * row).seen & HELD_BACK != 0
        if (records + row).last_source >= 0:
            (records + target).last_source = (records + row).last_source
        before_a, before_b = (sides + 2 * target).seen, (sides + 2 * target + 1).seen
        join_both_sides(tables, target, row)
        for k in range(2):
            to, before = sides + 2 * target + k, before_b if k else before_a
            marks = HELD_BACK if waits else before & (HELD_BACK | GIVEN_UP)
            if before & HAS_BASE == 0 and to.seen & HAS_BASE:
                to.resume = as_u32(to.base + 1)
            to.seen = (to.seen & ~(HELD_BACK | GIVEN_UP)) | marks


@kernel
def join_reading(tables, rows, targets, n, own, fates, most_datagrams):
    """Continue each target's reading from where the record's own reading ended, where that is further.

    rows    int64[n], as targets;  own  SIDE[2 * n], the sides of `rows` before;  fates  int64[2 * n, 2], all 0
    """
    sides = tables.sides
    for i in range(n):
        first = 2 * targets[i]
        held = (own + 2 * i).seen & (HELD_BACK | GIVEN_UP) == HELD_BACK
        if (tables.records + rows[i]).protocol != TCP:
            for k in range(2):
                fates[4 * i + 2 * k] = NUMBER_ON
                fates[4 * i + 2 * k + 1] = (sides + first + k).requests
                (sides + first + k).requests = min(most_datagrams, (sides + first + k).requests + (own + 2 * i + k).requests)
                (sides + first + k).responses += (own + 2 * i + k).responses
        elif (sides + first).seen & (HELD_BACK | GIVEN_UP) == HELD_BACK:
            if held:
                for k in range(2):
                    (sides + first + k).waiting_bytes += (own + 2 * i + k).waiting_bytes
                    if (sides + first + k).marks & ENCRYPTED == 0 and (own + 2 * i + k).marks & ENCRYPTED:
                        (sides + first + k).head_end = (own + 2 * i + k).head_end
                        (sides + first + k).marks = ((sides + first + k).marks & ~SEEMS_ENCRYPTED) | ENCRYPTED
            elif not is_fresh(own + 2 * i) or not is_fresh(own + 2 * i + 1):
                for k in range(2):
                    (sides + first + k).waiting_bytes = 0
                    take_over(sides + first + k, own + 2 * i + k)
                    (sides + first + k).seen |= GIVEN_UP
        elif not held:
            for k in range(2):
                side, read_alone = sides + first + k, own + 2 * i + k
                if is_fresh(read_alone):
                    continue
                if is_fresh(side):
                    take_over(side, read_alone)
                elif side.state == DONE:
                    fates[4 * i + 2 * k] = DROP
                else:
                    fates[4 * i + 2 * k] = DROP_BEFORE
                    fates[4 * i + 2 * k + 1] = side.resume
                    if behind(read_alone.resume, side.resume) > 0:
                        take_over(side, read_alone)


def take_over(side, later):
    """Let `side` be read on from the state and position of `later`."""
    turn = side.requests & 63
    side.heads |= as_u64(later.heads << turn) | (later.heads >> ((64 - turn) & 63) if turn else 0)
    side.tunnels |= as_u64(later.tunnels << turn) | (later.tunnels >> ((64 - turn) & 63) if turn else 0)
    side.requests += later.requests
    side.responses += later.responses
    side.state = later.state
    side.resume = later.resume
    side.head_end = later.head_end
    side.waiting = later.waiting
    side.waiting_bytes = later.waiting_bytes
    side.tried = 0
    if later.asked_socks:
        side.asked_socks = later.asked_socks


@kernel
def reset_sides(tables, pairs, n):
    """Reset these sides to unread, with nothing held back."""
    for i in range(n):
        side = tables.sides + pairs[i]
        side.seen &= ~(HELD_BACK | GIVEN_UP)
        side.marks &= ~(ENCRYPTED | SEEMS_ENCRYPTED)
        side.state = 0
        side.wanted = 0
        if side.seen & HAS_BASE:
            side.resume = as_u32(side.base + 1)
        side.waiting = -1
        side.waiting_bytes = 0
        side.tried = 0
        side.requests = 0
        side.responses = 0
        side.head_end = 0
        side.heads = 0
        side.tunnels = 0
        side.asked_socks = 0
