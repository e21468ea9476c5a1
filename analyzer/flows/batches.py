"""Finished conversations as packed columns: a few hundred bytes each, where tables take two thousand; unpacked on demand.

Nothing is lost: they can still be joined, read further or named. A conversation with a new packet is unpacked (finished.py) and continues
as if it had never been packed.
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

BATCH_RECORDS: Final = 1 << 11
"""Records that are packed together: with more, unpacking one costs more; with fewer, each takes more room."""

GROUP_RECORDS: Final = 1 << 14
"""Records that are unpacked together where all are needed."""

MAX_LEFT_UNPACKED: Final = 1 << 13
"""Up to so many finished records stay in tables."""

RELEASE_EVERY: Final = 64
"""Free memory is released to the system each time so many batches were unpacked."""

LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished records, packed.

    data      their rows and all that belongs to them
    rows      number of rows of each of concatenate.TABLES
    hashes    uint64[n_records]: the `conversation` of the keys of each record's packets
    returned  bool[n_records]: the records that were unpacked again
    lone      number of lone SYNs (lone.py)
    names     whether their messages include a DNS answer, which may name other flows
    unread    whether they have unread payload: waiting for earlier bytes, or QUIC's
    going_on  whether their conversations were still open when packed
    inputs    input i at packing time is now input inputs[i]; None: i
    labels    to be added to the rows' label numbers
    frames    to be added to the rows' frame numbers
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
        """Number of records still packed."""
        return len(self.returned) - int(np.count_nonzero(self.returned))

    def tables(self) -> Tables:
        """The unpacked rows, including the returned records."""
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
        """Number of conversations still packed."""
        return len(np.unique(self.hashes[~self.returned]))

    def without(self, taken: Flags) -> Batch:
        """The batch after these records were taken out. taken: bool[n_records]"""
        returned = self.returned | taken
        return GONE if returned.all() else replace(self, returned=returned)

    def renumbered(self, inputs: npt.NDArray[np.int64]) -> Batch:
        """The batch with input i renumbered to inputs[i]."""
        before = np.arange(len(inputs)) if self.inputs is None else np.array(self.inputs, np.int64)
        return replace(self, inputs=tuple(inputs[before].tolist()))


GONE: Final = Batch(b"", (0,) * len(TABLES), np.zeros(0, np.uint64), np.zeros(0, np.bool_), 0, names=False, unread=False)
"""A batch without any records left."""


def in_batches(tables: Tables, taken: Flags) -> Iterator[tuple[Batch, Ints]]:
    """The taken records (whole conversations) packed, with the row numbers of each batch. `tables` stays unchanged."""
    first = conversations(tables)
    rows = np.flatnonzero(taken)
    rows = rows[np.argsort(first[rows], kind="stable")]
    if not len(rows):
        return
    heads = np.flatnonzero(np.concatenate([[True], first[rows][1:] != first[rows][:-1]]))
    cuts = np.minimum(np.searchsorted(heads, np.arange(0, len(rows), BATCH_RECORDS)), len(heads) - 1)
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
    """These tables packed; they stay unchanged. hashes: of their records."""
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
    """The records `rows` of a batch's tables, whole conversations, with all that belongs to them."""
    if len(rows) == int(tables.counts[N_RECORDS]):
        return tables
    tables = picked(tables, rows, *belonging(tables, rows))
    pool = pack_texts(tables.pool, tables.messages)
    tables.counts[POOL_USED] = len(pool)
    return tables._replace(pool=pool)


def left_in(batch: Batch) -> Tables:
    """The records of the batch that weren't returned."""
    return chosen(batch.tables(), np.flatnonzero(~batch.returned))


def all_of(batches: list[Batch], tables: Tables) -> Tables:
    """New tables with the remaining records of the batches, then the rows of `tables`, which stays unchanged.

    Consumes `batches`: each is freed when its rows are copied.
    """
    room = {name: used(tables, name) + sum(batch.rows[i] for batch in batches) for i, name in enumerate(TABLES)}

    def emptied() -> Iterator[Tables]:
        while batches:
            yield left_in(batches.pop(0))
            if len(batches) % RELEASE_EVERY == 0:
                release_free_memory()

    return behind(emptied(), tables, with_room(empty_tables(), room))


def behind(pieces: Iterable[Tables], tables: Tables, whole: Tables | None = None) -> Tables:
    """New tables with the rows of all pieces (from batches), then those of `tables`, which stays unchanged.

    whole   empty tables with room for all of them, which avoids growing step by step
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
    """(the batches without the conversations of these hashes, the tables of those conversations from each batch, the earlier first)."""
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
    """The contents with the finished records of the tables packed, where there are many; the arguments stay unchanged."""
    taken = over(tables, 1.0) if int(tables.counts[N_RECORDS]) > MAX_LEFT_UNPACKED else np.zeros(0, np.bool_)
    if np.count_nonzero(taken) <= MAX_LEFT_UNPACKED:
        return batches, tables
    return [*batches, *all_packed(tables, taken)], only(tables, ~taken)._replace(recent=tables.recent)


def with_unread_open(batches: Sequence[Batch], tables: Tables) -> tuple[Sequence[Batch], Tables]:
    """The contents with all records that have unread payload moved from the batches to the tables."""
    wanted = [batch.hashes[unread_in(batch.tables()) & ~batch.returned] for batch in batches if batch.unread]
    if not wanted:
        return batches, tables
    kept, out = taken_out(batches, np.concatenate(wanted))
    return [anew(batch) if batch.unread else batch for batch in kept], behind(out, tables)


def all_packed(tables: Tables, taken: Flags) -> list[Batch]:
    """The taken records, whole conversations, packed."""
    return [batch for batch, _ in in_batches(tables, taken)]


def anew(batch: Batch) -> Batch:
    """The batch packed again without its returned records."""
    return replace(batch_of(left_in(batch), batch.hashes[~batch.returned]), going_on=batch.going_on)


def unread_in(tables: Tables) -> Flags:
    """bool[n_records]: whether it has unread payload: waiting, or QUIC's."""
    found: Flags = np.any(tables.sides["waiting"].reshape(-1, 2) >= 0, axis=1)
    found[tables.messages["record"][tables.messages["kind"] == DATAGRAM]] = True
    return found


def in_groups(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """The batches in groups that are large enough for array operations to pay."""
    group: list[Batch] = []
    n = 0
    for batch in batches:
        if batch.left:
            group.append(batch)
            n += batch.left
        if n >= GROUP_RECORDS:
            yield group
            group, n = [], 0
    if group:
        yield group


def all_left_in(batches: Iterable[Batch]) -> Tables:
    """The remaining records of the batches, as new tables."""
    tables = empty_tables()
    for batch in batches:
        tables = appended(tables, left_in(batch))
    return tables


class Piece(NamedTuple):
    """The row numbers of some records, whole conversations, and of all that belongs to them."""

    records: Ints
    messages: Ints
    sightings: Ints


def in_pieces(tables: Tables, most: int) -> Iterator[Piece]:
    """The rows of the tables in pieces of about `most` records."""
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
    """For each number below n the rows that have it, in order."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, n)))


def piece_of(tables: Tables, piece: Piece) -> Tables:
    """The piece in tables of its own, with room for further reading; texts stay in the shared pool."""
    place = np.empty(int(tables.counts[N_RECORDS]), np.int32)
    place[piece.records] = np.arange(len(piece.records))
    belongs = []
    for table, rows in ((tables.messages, piece.messages), (tables.sightings, piece.sightings)):
        some = table.take(rows)
        some["record"] = place[some["record"]]
        belongs.append(some)
    return with_room_to_read(picked(tables, piece.records, *belongs))


def with_room_to_read(tables: Tables) -> Tables:
    """The tables, grown where unread payload remains, and to at least one message."""
    return appended(empty_tables(), tables) if unread_in(tables).any() or not len(tables.messages) else tables


class Contents(NamedTuple):
    """All conversations: packed ones, tables of the open ones, and further conversations in tables of their own.

    apart   has no labels of its own: its records refer to those of `tables`
    """

    batches: Sequence[Batch]
    tables: Tables
    apart: list[Tables] | tuple[()] = ()


def with_tables_apart(contents: Contents) -> Contents:
    """The same contents with the open tables moved to `apart`, so that the caller can free each table when its rows are made.

    Unchanged where packets of an earlier piece may precede these: `tables` holds payload back for them.
    """
    batches, tables, apart = contents
    if tables.counts[CONTINUED]:
        return contents
    blank = without_rows()._replace(labels=tables.labels)
    blank.counts[N_LABELS] = tables.counts[N_LABELS]
    return Contents(batches, blank, [tables, *apart])


def without_most_strangers(contents: Contents) -> tuple[Contents, LeftOut | None]:
    """The contents without lone SYNs of strangers (lone.without_strangers). Where these are many, everything is unpacked, because another
    flow's facts may depend on any of them.

    Consumes the contents: the packed and the unpacked data together would take too much memory.
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
    tables = tables._replace(slots=without_rows().slots)  # no more packets come
    release_free_memory()  # frees the packed data
    kept, left_out = without_strangers(tables)
    return Contents((), kept), left_out
