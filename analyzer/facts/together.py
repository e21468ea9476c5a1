"""Packed and open conversations → one flow table, the same as from a single set of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import all_null, array, release_free_memory
from analyzer.facts.lookups import answers_of, joined_answers
from analyzer.facts.table import Named, named_tables
from analyzer.flows.batches import Batch, Contents, Piece, all_left_in, in_groups, in_pieces, left_in, piece_of
from analyzer.flows.layout import N_LABELS, N_RECORDS, Tables
from analyzer.packets.layout import NO_TIME
from analyzer.spill import MAX_MEMORY_BYTES, Spill
from analyzer.streams.offers import read_waiting

LAST = np.iinfo(np.int64).max

RECORDS_AT_ONCE: Final = 1 << 15
"""Records that are named at once: more need more memory, fewer more time."""

Group = Tables | tuple[Tables, Piece] | list[Batch]
"""A set of conversations that is named at once."""

MapAll = Callable[..., Iterable[Any]]
"""The built-in `map`, or a parallel one."""

MIN_RUN: Final = 1 << 10
"""Runs of at least so many consecutive rows are copied as a whole."""


def named_together(
    contents: Contents, names: list[str], order_of_sources: list[int], workers: int | None = None, beside: Contents | None = None
) -> Named:
    """The rows of facts.table.named_tables, for packed conversations too; made in groups, so that memory holds rows and not all tables.

    Waiting payload is read first, as no more packets come. Consumes `contents`.

    workers   threads that make rows, each of some conversations; None: one table is named as a whole
    beside    conversations that get no rows, but whose DNS answers name others; unchanged

    row_of, lookup_of and discovery_of are filled where everything was named at once, and empty otherwise.
    """
    batches = [batch for batch in contents.batches if batch.left]
    labels, n_labels = contents.tables.labels, contents.tables.counts[N_LABELS]

    def with_labels(tables: Tables) -> Tables:
        tables.counts[N_LABELS] = n_labels
        return tables._replace(labels=labels)

    open_ones = [read_waiting(each) for each in (contents.tables, *contents.apart)]
    if contents.apart:
        contents.apart.clear()  # so that each is freed as soon as its rows are made
    sizes = [int(each.counts[N_RECORDS]) for each in open_ones]
    is_large = workers is not None and max(sizes) >= 2 * RECORDS_AT_ONCE
    if not batches and np.count_nonzero(sizes) < 2 and not is_large and beside is None:
        return named_tables(with_labels(open_ones[int(np.argmax(sizes))]), names, order_of_sources)
    naming = [batch for batch in (*batches, *(() if beside is None else beside.batches)) if batch.names and batch.left]
    others = (*open_ones, *(() if beside is None else (beside.tables,)))
    answers = joined_answers([*(answers_of(left_in(batch)) for batch in naming), *(answers_of(each) for each in others)])
    del others
    if workers is not None and sum(sizes) >= 2 * RECORDS_AT_ONCE:
        release_free_memory()  # memory that the reading threads' allocators kept

    rows = Spill(None if workers is None else MAX_MEMORY_BYTES)

    def name(group: Group) -> tuple[Named, int]:
        if isinstance(group, list):
            group = read_waiting(all_left_in(group))
        elif not isinstance(group, Tables):
            group = piece_of(*group)
        named = named_tables(with_labels(group), names, order_of_sources, answers, alone=workers is None or workers < 2)
        return named._replace(flows=named.flows.schema.empty_table()), rows.put(named.flows)

    groups: Iterable[Group] = chain(some_at_a_time(open_ones, RECORDS_AT_ONCE if workers is not None else None), in_groups(batches))

    def together(map_all: MapAll) -> Named:
        pieces = list(map_all(name, groups))
        return joined(with_rows(pieces, rows.tables()), map_all, in_file=rows.in_file)

    if workers is None or workers < 2:
        return together(map)
    with ThreadPoolExecutor(workers) as threads:
        return together(threads.map)


def with_rows(pieces: Sequence[tuple[Named, int]], tables: Sequence[pa.Table]) -> list[Named]:
    """Each piece with the table of its number; only this list refers to the tables, so that they are freed with it."""
    return [named._replace(flows=tables[number]) for named, number in pieces]


def some_at_a_time(open_ones: list[Tables], most: int | None) -> Iterator[Group]:
    """All conversations of these tables, large tables in pieces of about `most` records; empties the list."""
    while open_ones:
        tables = open_ones.pop(0)
        if most is None or int(tables.counts[N_RECORDS]) < 2 * most:
            yield tables
        else:
            yield from ((tables, piece) for piece in in_pieces(tables, most))


def joined(pieces: list[Named], map_all: MapAll = map, *, in_file: bool = False) -> Named:
    """All rows as one table of each kind, in its order. Consumes `pieces`, so that no column is duplicated for long.

    map_all   like `map`, possibly parallel over columns
    in_file   the rows are in a file, and so will be the table
    """
    flows = [piece.flows for piece in pieces]
    order = in_order(flows)
    begins = np.cumsum([0, *(len(each) for each in flows)])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    lookups, lookup_of = pa.concat_tables([piece.lookups for piece in pieces]), moved([piece.lookup_of for piece in pieces], begins, place)
    discoveries = pa.concat_tables([piece.discoveries for piece in pieces])
    discovery_of = moved([piece.discovery_of for piece in pieces], begins, place)
    missing: dict[int, tuple[int, int]] = {}
    for piece in pieces:
        for source, (n_flows, n_bytes) in piece.missing.items():
            before = missing.get(source, (0, 0))
            missing[source] = (before[0] + n_flows, before[1] + n_bytes)
    del piece
    pieces.clear()
    asked = lookups["asked"].to_numpy() > 0
    seen = np.where(asked, ns_of(lookups["asked_at"], NO_TIME), ns_of(lookups["answered_at"], NO_TIME))
    lookups = lookups.take(array(np.lexsort((np.arange(len(seen)), lookup_of, seen))))
    seen = ns_of(discoveries["seen_at"], NO_TIME)
    discoveries = discoveries.take(array(np.lexsort((np.arange(len(seen)), discovery_of, seen))))
    nothing = np.zeros(0, np.int64)
    table = taken(flows, order, map_all, in_file=in_file)
    return Named(table, lookups, discoveries, dict(sorted(missing.items())), nothing.astype(np.int32), nothing, nothing)


def in_order(flows: Sequence[pa.Table]) -> npt.NDArray[np.int64]:
    """The rows of all tables by first_seen, those without a time last, then by id."""
    first = np.concatenate([ns_of(table["first_seen"], LAST) for table in flows])
    order = np.argsort(first, kind="stable")
    same = np.concatenate([[False], first[order][1:] == first[order][:-1], [False]])
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        rows = order[tied]
        ids = pa.chunked_array([chunk for table in flows for chunk in table["id"].chunks]).take(array(rows)).combine_chunks()
        order[tied] = rows[np.lexsort((np.asarray(pc.rank(ids, tiebreaker="dense")), first[rows]))]
    return order


def taken(flows: list[pa.Table], order: npt.NDArray[np.int64], map_all: MapAll, *, in_file: bool = False) -> pa.Table:
    """The rows of all tables in this order, column by column; in_file: each goes to a file. Consumes `flows`."""
    spill = Spill(0 if in_file else None)
    # Released memory has to be requested again, which takes longer: only for large tables.
    is_large = in_file or sum(table.nbytes for table in flows) > MAX_MEMORY_BYTES
    schema, parts = flows[0].schema, parts_of(order)
    columns = {name: [chunk for table in flows for chunk in table[name].chunks] for name in schema.names}
    flows.clear()
    if is_large:
        release_free_memory()  # memory from making the rows

    def in_this_order(name: str) -> int:
        array = laid_out(pa.chunked_array(columns.pop(name), schema.field(name).type), parts)
        if is_large:
            pa.default_memory_pool().release_unused()  # frees the pieces' column before the next one is made
        return spill.put(pa.table({name: array}))

    places = list(map_all(in_this_order, schema.names))
    tables = spill.tables()
    if is_large:
        release_free_memory()
    return pa.table([tables[number].column(0) for number in places], schema=schema)


class Stretch(NamedTuple):
    """Consecutive rows of the new order: those of the ranges (first, count); `ranks` gives their order, None: as they are."""

    ranges: Sequence[tuple[int, int]]
    ranks: pa.Array | None = None


def parts_of(order: npt.NDArray[np.int64], least: int = MIN_RUN) -> list[Stretch]:
    """The order as runs of at least `least` consecutive rows, and the stretches between them.

    A span's rows follow those of the span before, except where a border cuts: most rows are only copied, which takes a fifth of the time of
    selecting them by number (measured).
    """
    turns = np.flatnonzero(np.diff(order) != 1) + 1
    begins, ends = np.concatenate([[0], turns]), np.concatenate([turns, [len(order)]])
    long = ends - begins >= max(least, len(order) // 32)
    bounds = sorted({*begins[long].tolist(), *ends[long].tolist(), 0, len(order)})
    runs = set(begins[long].tolist())
    return [Stretch([(int(order[begin]), end - begin)]) if begin in runs else mixed(order[begin:end]) for begin, end in pairwise(bounds)]


def mixed(rows: npt.NDArray[np.int64]) -> Stretch:
    """These rows in this order, taken from ranges that contain no other rows."""
    by_number = np.argsort(rows)
    ranks = np.empty(len(rows), np.int64)
    ranks[by_number] = np.arange(len(rows))
    known = rows[by_number]
    turns = np.flatnonzero(np.diff(known) != 1) + 1
    bounds = [0, *turns.tolist(), len(rows)]
    return Stretch([(int(known[begin]), end - begin) for begin, end in pairwise(bounds)], array(ranks))


def laid_out(column: pa.ChunkedArray, parts: Sequence[Stretch]) -> pa.Array:
    """The column's rows in their new order, as one array."""
    if column.null_count == len(column):
        return all_null(len(column), column.type)
    laid = []
    for ranges, ranks in parts:
        chunks = [chunk for first, n in ranges for chunk in column.slice(first, n).chunks]
        laid += chunks if ranks is None else [pa.concat_arrays(chunks).take(ranks)]
    return pa.concat_arrays(laid) if laid else pa.array([], column.type)


def moved(rows: Sequence[npt.NDArray[np.int64]], begins: npt.NDArray[np.int64], place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Row numbers of the pieces' tables as row numbers of the joined table."""
    result: npt.NDArray[np.int64] = place[np.concatenate([each + begin for each, begin in zip(rows, begins[:-1], strict=True)])]
    return result


def ns_of(times: Any, missing: int) -> npt.NDArray[np.int64]:
    """int64[n]: a column of times in nanoseconds."""
    result: npt.NDArray[np.int64] = np.asarray(pc.fill_null(times.cast(pa.int64()), missing).to_numpy())
    return result
