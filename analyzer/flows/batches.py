"""Conversations that are over, as packed columns: a few hundred bytes each where tables take two thousand, and whole again when asked.

Nothing of them is lost: what may still be joined, read on or named is there. Whoever has a packet of one of them takes it out
again (finished.py), and it goes on as if it had never been put away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import release_free_memory
from analyzer.flows.concatenate import TABLES, USED, appended, renumbered, used, with_room
from analyzer.flows.grow import empty_tables, without_rows
from analyzer.flows.layout import (
    ARENA_LIVE,
    CONTINUED,
    DATAGRAM,
    DNS_ANSWER,
    FREE_HOLE,
    FREE_SEGMENT,
    N_FIRSTS,
    N_HELD,
    N_LABELS,
    N_RECORDS,
    POOL_USED,
    Tables,
)
from analyzer.flows.lone import LeftOut, are_few, lone_syns, without_strangers
from analyzer.flows.packed import packed, packed_size, unpacked
from analyzer.flows.relative import absolute, relative
from analyzer.flows.retire import belonging, conversations, hashes_of, only, over, pack_texts, picked

Rows = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BATCH: Final = 1 << 11
"""Records that are packed together: with more, one that returns costs more; with fewer, each takes more room."""

GROUP: Final = 1 << 14
"""Records that are unpacked together where all are wanted."""

FEW: Final = 1 << 13
"""So many that are over are no burden in tables."""

GIVEN_BACK: Final = 64
"""After so many that were unpacked, what they took goes back to the system."""

LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished records, packed.

    data      their rows and all that belongs to them
    rows      how many rows of each of concatenate.TABLES
    hashes    uint64[n_records]: what the keys of each record's packets have as `conversation`
    returned  bool[n_records]: those that were taken out again
    lone      how many of them are lone SYNs (lone.py)
    names     whether a DNS answer is among their messages, that may name other flows
    unread    whether payload is in it that wasn't read yet: it waits for what came before, or is QUIC's
    going_on  whether its conversations weren't over when they were put away
    inputs    what was input i when it was packed is input inputs[i] now; None: i is
    labels    how many labels came before those that the rows count
    frames    how many frames of the input came before those that the rows count
    """

    data: bytes
    rows: tuple[int, ...]
    hashes: npt.NDArray[np.uint64]
    returned: Flags
    lone: int
    names: bool
    unread: bool
    going_on: bool = False
    inputs: tuple[int, ...] | None = None
    labels: int = 0
    frames: int = 0

    @property
    def left(self) -> int:
        """How many records are still there."""
        return len(self.returned) - int(np.count_nonzero(self.returned))

    def tables(self) -> Tables:
        """The rows as they were, of records that returned too."""
        types = {name: getattr(without_rows(), name).dtype for name in TABLES}
        sizes = [packed_size(n, types[name]) for name, n in zip(TABLES, self.rows, strict=True)]
        body = memoryview(pa.Codec("zstd").decompress(self.data, sum(sizes)))
        found: dict[str, Any] = {}
        at = 0
        for name, n, size in zip(TABLES, self.rows, sizes, strict=True):
            found[name] = unpacked(body[at : at + size], n, types[name])
            at += size
        tables = without_rows()._replace(**found)
        for name in TABLES:
            tables.counts[USED[name]] = len(found[name]) // (2 if name == "sides" else 1)
        tables.counts[ARENA_LIVE] = tables.segments["size"].sum()
        absolute(tables)
        tables.records["label"][tables.records["label"] >= 0] += self.labels
        tables.records["first_frame"][tables.records["first_frame"] > 0] += self.frames
        return tables if self.inputs is None else renumbered(tables, np.array(self.inputs, np.int64))

    @property
    def conversations(self) -> int:
        """How many conversations are still there."""
        return len(np.unique(self.hashes[~self.returned]))

    def without(self, taken: Flags) -> Batch:
        """The batch as it is when these records were taken out of it. taken: bool[n_records]"""
        returned = self.returned | taken
        return GONE if returned.all() else replace(self, returned=returned)

    def renumbered(self, inputs: npt.NDArray[np.int64]) -> Batch:
        """The batch, what was input i being input inputs[i] from now on."""
        before = np.arange(len(inputs)) if self.inputs is None else np.array(self.inputs, np.int64)
        return replace(self, inputs=tuple(inputs[before].tolist()))


GONE: Final = Batch(b"", (0,) * len(TABLES), np.zeros(0, np.uint64), np.zeros(0, np.bool_), 0, names=False, unread=False)
"""A batch of which nothing is there any more."""


def in_batches(tables: Tables, taken: Flags) -> Iterator[tuple[Batch, Ints]]:
    """The records that are taken, whole conversations, packed; with the rows that each batch has. `tables` stays as it is."""
    first = conversations(tables)
    rows = np.flatnonzero(taken)
    rows = rows[np.argsort(first[rows], kind="stable")]
    if not len(rows):
        return
    heads = np.flatnonzero(np.concatenate([[True], first[rows][1:] != first[rows][:-1]]))
    cuts = np.minimum(np.searchsorted(heads, np.arange(0, len(rows), BATCH)), len(heads) - 1)
    bounds = [*np.unique(heads[cuts]).tolist(), len(rows)]
    hashes = hashes_of(tables)[rows]
    belongs = [table.take(np.argsort(table["record"], kind="stable")) for table in belonging(tables, rows)]
    for begin, end in pairwise(bounds):
        mine = []
        for table in belongs:
            among = table[slice(*np.searchsorted(table["record"], (begin, end)))].copy()
            among["record"] -= begin
            mine.append(among)
        yield batch_of(picked(tables, rows[begin:end], *mine), hashes[begin:end]), rows[begin:end]


def batch_of(tables: Tables, hashes: npt.NDArray[np.uint64]) -> Batch:
    """These tables packed; they stay as they are. hashes: of their records."""
    kinds = tables.messages["kind"]
    lone, names = int(np.count_nonzero(lone_syns(tables))), bool((kinds == DNS_ANSWER).any())
    unread = bool((kinds == DATAGRAM).any() or (tables.sides["waiting"] >= 0).any())
    tables = relative(tables)
    tables.counts[POOL_USED] = len(tables.pool)
    columns = [getattr(tables, name)[: used(tables, name)] for name in TABLES]
    data = bytes(pa.Codec("zstd", compression_level=LEVEL).compress(b"".join(packed(column) for column in columns)))
    n = int(tables.counts[N_RECORDS])
    return Batch(data, tuple(len(column) for column in columns), hashes, np.zeros(n, np.bool_), lone, names, unread)


def chosen(tables: Tables, rows: Ints) -> Tables:
    """The records `rows` of a batch's tables, whole conversations, and what belongs to them."""
    if len(rows) == int(tables.counts[N_RECORDS]):
        return tables
    tables = picked(tables, rows, *belonging(tables, rows))
    pool = pack_texts(tables.pool, tables.messages)
    tables.counts[POOL_USED] = len(pool)
    return tables._replace(pool=pool)


def left_in(batch: Batch) -> Tables:
    """The records of the batch that didn't return."""
    return chosen(batch.tables(), np.flatnonzero(~batch.returned))


def all_of(batches: list[Batch], tables: Tables) -> Tables:
    """New tables with everything: what didn't return of the batches, then the rows of `tables`, which stays as it is.

    `batches` is used up: each goes when its rows are there.
    """
    room = {name: used(tables, name) + sum(batch.rows[i] for batch in batches) for i, name in enumerate(TABLES)}

    def emptied() -> Iterator[Tables]:
        while batches:
            yield left_in(batches.pop(0))
            if len(batches) % GIVEN_BACK == 0:
                release_free_memory()

    return behind(emptied(), tables, with_room(empty_tables(), room))


def behind(pieces: Iterable[Tables], tables: Tables, whole: Tables | None = None) -> Tables:
    """New tables with the rows of all pieces, which came out of batches, then those of `tables`, which stays as it is.

    whole   empty tables that have room for all of them, which then isn't made again and again as they come
    """
    whole = empty_tables() if whole is None else whole
    for piece in pieces:
        whole = appended(whole, piece)
    before = int(whole.counts[N_RECORDS])
    whole = appended(whole, tables)
    own = np.isin(np.arange(len(whole.counts)), [*(USED[name] for name in TABLES), ARENA_LIVE])
    whole.counts[:] = np.where(own, whole.counts, tables.counts)
    whole.counts[FREE_HOLE] = whole.counts[FREE_SEGMENT] = -1
    held, firsts = tables.held.copy(), tables.firsts.copy()
    held["record"][: tables.counts[N_HELD]] += before
    firsts["record"][: tables.counts[N_FIRSTS]] += before
    return whole._replace(labels=tables.labels, recent=tables.recent.copy(), held=held, store=tables.store.copy(), firsts=firsts)


def taken_out(batches: Iterable[Batch], wanted: npt.NDArray[np.uint64]) -> tuple[list[Batch], list[Tables]]:
    """(the batches without the conversations of these hashes, what of those each held, the earlier first)."""
    kept, out = [], []
    for batch in batches:
        rows = np.isin(batch.hashes, wanted) & ~batch.returned
        if rows.any():
            out.append(chosen(batch.tables(), np.flatnonzero(rows)))
            batch = batch.without(rows)
        if batch.left:
            kept.append(batch)
    return kept, out


def with_over_packed(batches: Sequence[Batch], tables: Tables) -> tuple[Sequence[Batch], Tables]:
    """The same, what is over in the tables being packed, where that is much; they stay as they are."""
    taken = over(tables, 1.0) if int(tables.counts[N_RECORDS]) > FEW else np.zeros(0, np.bool_)
    if np.count_nonzero(taken) <= FEW:
        return batches, tables
    return [*batches, *all_packed(tables, taken)], only(tables, ~taken)._replace(recent=tables.recent)


def with_unread_open(batches: Sequence[Batch], tables: Tables) -> tuple[Sequence[Batch], Tables]:
    """The same, the tables holding all of what payload wasn't read yet of: none of it is among what was put away."""
    wanted = [batch.hashes[unread_in(batch.tables()) & ~batch.returned] for batch in batches if batch.unread]
    if not wanted:
        return batches, tables
    kept, out = taken_out(batches, np.concatenate(wanted))
    return [anew(batch) if batch.unread else batch for batch in kept], behind(out, tables)


def all_packed(tables: Tables, taken: Flags) -> list[Batch]:
    """The records that are taken, whole conversations, packed."""
    return [batch for batch, _ in in_batches(tables, taken)]


def anew(batch: Batch) -> Batch:
    """What didn't return of the batch, packed without the rows of what did."""
    return replace(batch_of(left_in(batch), batch.hashes[~batch.returned]), going_on=batch.going_on)


def unread_in(tables: Tables) -> Flags:
    """bool[n_records]: payload of theirs wasn't read yet: it waits, or is QUIC's."""
    found: Flags = np.any(tables.sides["waiting"].reshape(-1, 2) >= 0, axis=1)
    found[tables.messages["record"][tables.messages["kind"] == DATAGRAM]] = True
    return found


def in_groups(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """The batches, so many together that a step over their records is worth its while."""
    group: list[Batch] = []
    n = 0
    for batch in batches:
        if batch.left:
            group.append(batch)
            n += batch.left
        if n >= GROUP:
            yield group
            group, n = [], 0
    if group:
        yield group


def all_left_in(batches: Iterable[Batch]) -> Tables:
    """What didn't return of the batches, as new tables."""
    tables = empty_tables()
    for batch in batches:
        tables = appended(tables, left_in(batch))
    return tables


class Piece(NamedTuple):
    """Rows of some records, whole conversations, and of all that belongs to them."""

    records: Ints
    messages: Ints
    sightings: Ints


def in_pieces(tables: Tables, most: int) -> Iterator[Piece]:
    """The rows of all tables, those of about so many records at a time."""
    first = conversations(tables)
    rows = np.argsort(first, kind="stable")
    heads = np.flatnonzero(np.diff(first[rows], prepend=-1))
    cuts = np.unique(heads[np.minimum(np.searchsorted(heads, np.arange(0, len(rows), most)), len(heads) - 1)])
    numbers = np.empty(len(rows), np.int32)
    numbers[rows] = np.searchsorted(cuts, np.arange(len(rows)), side="right") - 1
    messages, sightings = (
        of_each(numbers[table["record"][: used(tables, name)]], len(cuts))
        for name, table in (("messages", tables.messages), ("sightings", tables.sightings))
    )
    for begin, end, *belongs in zip(cuts.tolist(), [*cuts[1:].tolist(), len(rows)], messages, sightings, strict=True):
        yield Piece(np.sort(rows[begin:end]), *belongs)


def of_each(numbers: npt.NDArray[np.int32], n: int) -> list[Ints]:
    """For each number below n the rows that have it, in their order."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, n)))


def piece_of(tables: Tables, piece: Piece) -> Tables:
    """The piece in tables of its own, with room for what may still be read; texts stay where they lie."""
    place = np.empty(int(tables.counts[N_RECORDS]), np.int32)
    place[piece.records] = np.arange(len(piece.records))
    belongs = []
    for table, rows in ((tables.messages, piece.messages), (tables.sightings, piece.sightings)):
        some = table.take(rows)
        some["record"] = place[some["record"]]
        belongs.append(some)
    return with_room_to_read(picked(tables, piece.records, *belongs))


def with_room_to_read(tables: Tables) -> Tables:
    """The same tables, with room for what may still be read of them, where payload waits or is QUIC's, and for one message at least."""
    return appended(empty_tables(), tables) if unread_in(tables).any() or not len(tables.messages) else tables


class Contents(NamedTuple):
    """Everything that is known: what was put away, tables of what is open, and further conversations that lie in tables of their own.

    apart   has no labels of its own: its records count those of `tables`
    """

    batches: Sequence[Batch]
    tables: Tables
    apart: list[Tables] | tuple[()] = ()


def set_apart(contents: Contents) -> Contents:
    """The same, all that is open lying apart, so that whoever gets it can let go of each of its tables.

    As it is where packets of an earlier piece may come before these: what is held back for them is in `tables`.
    """
    batches, tables, apart = contents
    if tables.counts[CONTINUED]:
        return contents
    blank = without_rows()._replace(labels=tables.labels)
    blank.counts[N_LABELS] = tables.counts[N_LABELS]
    return Contents(batches, blank, [tables, *apart])


def without_most_strangers(contents: Contents) -> tuple[Contents, LeftOut | None]:
    """As lone.without_strangers, of everything. Where lone SYNs are many, all is unpacked: another's facts may depend on any.

    The contents are used up then: beside what is unpacked, the packed would be too much.
    """
    batches, tables, apart = contents
    lone = sum(batch.lone for batch in batches) + sum(int(np.count_nonzero(lone_syns(each))) for each in (tables, *apart))
    if are_few(lone):
        return contents, None
    del contents
    batches = list(batches)
    if batches:
        tables = all_of(batches, tables)
    while apart:
        tables = appended(tables, apart.pop(0))
    tables = tables._replace(slots=without_rows().slots)  # no packet comes any more
    release_free_memory()  # what was packed
    kept, left_out = without_strangers(tables)
    return Contents((), kept), left_out
