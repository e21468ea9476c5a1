"""Conversations that are over, as packed columns: a few hundred bytes each where tables take two thousand, and whole again when asked.

Nothing of them is lost: what may still be joined, read on or named is there. Whoever has a packet of one of them takes it out
again (finished.py), and it goes on as if it had never been put away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.flows.concatenate import TABLES, USED, appended, used
from analyzer.flows.grow import empty_tables, without_rows
from analyzer.flows.layout import (
    ARENA_LIVE,
    DNS_ANSWER,
    FREE_HOLE,
    FREE_SEGMENT,
    N_FIRSTS,
    N_HELD,
    N_RECORDS,
    POOL_USED,
    Tables,
)
from analyzer.flows.lone import LeftOut, are_few, lone_syns, without_strangers
from analyzer.flows.packed import packed, packed_size, unpacked
from analyzer.flows.relative import absolute, relative
from analyzer.flows.retire import belonging, conversations, pack_texts, picked

Rows = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BATCH: Final = 1 << 11
"""Records that are packed together: with more, one that returns costs more; with fewer, each takes more room."""

GROUP: Final = 1 << 14
"""Records that are unpacked together where all are wanted."""

LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Finished records, packed.

    data      their rows and all that belongs to them
    rows      how many rows of each of concatenate.TABLES
    returned  bool[n_records]: those that were taken out again
    lone      how many of them are lone SYNs (lone.py)
    names     whether a DNS answer is among their messages, that may name other flows
    waits     whether payload waits in it for what came before
    """

    data: bytes
    rows: tuple[int, ...]
    returned: Flags
    lone: int
    names: bool
    waits: bool

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
        return tables


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
    belongs = [table.take(np.argsort(table["record"], kind="stable")) for table in belonging(tables, rows)]
    for begin, end in pairwise(bounds):
        mine = []
        for table in belongs:
            among = table[slice(*np.searchsorted(table["record"], (begin, end)))].copy()
            among["record"] -= begin
            mine.append(among)
        yield batch_of(picked(tables, rows[begin:end], *mine)), rows[begin:end]


def batch_of(tables: Tables) -> Batch:
    """These tables packed; they stay as they are."""
    lone, names = int(np.count_nonzero(lone_syns(tables))), bool((tables.messages["kind"] == DNS_ANSWER).any())
    waits = bool((tables.sides["waiting"] >= 0).any())
    tables = relative(tables)
    tables.counts[POOL_USED] = len(tables.pool)
    columns = [getattr(tables, name)[: used(tables, name)] for name in TABLES]
    data = bytes(pa.Codec("zstd", compression_level=LEVEL).compress(b"".join(packed(column) for column in columns)))
    n = int(tables.counts[N_RECORDS])
    return Batch(data, tuple(len(column) for column in columns), np.zeros(n, np.bool_), lone, names, waits)


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


def all_of(batches: Iterable[Batch], tables: Tables) -> Tables:
    """New tables with everything: what didn't return of the batches, then the rows of `tables`, which stays as it is."""
    whole = empty_tables()
    for batch in batches:
        if batch.left:
            whole = appended(whole, left_in(batch))
    before = int(whole.counts[N_RECORDS])
    whole = appended(whole, tables)
    own = np.isin(np.arange(len(whole.counts)), [*(USED[name] for name in TABLES), ARENA_LIVE])
    whole.counts[:] = np.where(own, whole.counts, tables.counts)
    whole.counts[FREE_HOLE] = whole.counts[FREE_SEGMENT] = -1
    held, firsts = tables.held.copy(), tables.firsts.copy()
    held["record"][: tables.counts[N_HELD]] += before
    firsts["record"][: tables.counts[N_FIRSTS]] += before
    return whole._replace(labels=tables.labels, recent=tables.recent.copy(), held=held, store=tables.store.copy(), firsts=firsts)


def in_groups(batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
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


class Contents(NamedTuple):
    """Everything that is known: what was put away, tables of what is open, and further conversations that lie in tables of their own.

    apart   has no labels of its own: its records count those of `tables`
    """

    batches: Sequence[Batch]
    tables: Tables
    apart: Sequence[Tables] = ()


def without_most_strangers(contents: Contents) -> tuple[Contents, LeftOut | None]:
    """As lone.without_strangers, of everything. Where lone SYNs are many, all is unpacked: another's facts may depend on any."""
    batches, tables, apart = contents
    lone = sum(batch.lone for batch in batches) + sum(int(np.count_nonzero(lone_syns(each))) for each in (tables, *apart))
    if are_few(lone):
        return contents, None
    for each in apart:
        tables = appended(tables, each)
    kept, left_out = without_strangers(all_of(batches, tables) if batches else tables)
    return (contents, None) if left_out is None else (Contents((), kept), left_out)
