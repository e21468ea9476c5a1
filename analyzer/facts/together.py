"""Flows that were put away and flows that are open → one flow table, the same as if all had been in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.facts.lookups import answers_of, joined_answers
from analyzer.facts.table import Named, named_tables
from analyzer.flows.batches import Batch, in_groups, left_in
from analyzer.flows.layout import N_LABELS, Tables
from analyzer.packets.layout import NO_TIME
from analyzer.streams.offers import read_waiting

LAST = np.iinfo(np.int64).max


def named_together(batches: Sequence[Batch], tables: Tables, names: list[str], order_of_sources: list[int]) -> Named:
    """As facts.table.named_tables, of finished conversations too; so many at a time that memory holds rows, not tables.

    What waits is read first as far as it goes: nothing more will come. `tables` is used up.

    row_of, lookup_of and discovery_of are those of named_tables where there are no batches, and empty otherwise.
    """
    batches = [batch for batch in batches if batch.left]
    tables = read_waiting(tables)
    if not batches:
        return named_tables(tables, names, order_of_sources)
    answers = joined_answers([*(answers_of(left_in(batch)) for batch in batches if batch.names), answers_of(tables)])
    pieces = []
    for group in in_groups(batches):
        group.counts[N_LABELS] = tables.counts[N_LABELS]
        pieces.append(named_tables(read_waiting(group._replace(labels=tables.labels)), names, order_of_sources, answers))
    pieces.append(named_tables(tables, names, order_of_sources, answers))
    return joined(pieces)


def joined(pieces: list[Named]) -> Named:
    """All rows as one table of each kind, in its order. `pieces` is used up, so that no column is there twice for long."""
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
    return Named(taken(flows, order), lookups, discoveries, dict(sorted(missing.items())), nothing.astype(np.int32), nothing, nothing)


def in_order(flows: Sequence[pa.Table]) -> npt.NDArray[np.int64]:
    """The rows of all tables by first_seen, those without a time last, and then by id."""
    first = np.concatenate([ns_of(table["first_seen"], LAST) for table in flows])
    order = np.argsort(first, kind="stable")
    same = np.concatenate([[False], first[order][1:] == first[order][:-1], [False]])
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        rows = order[tied]
        ids = pa.chunked_array([chunk for table in flows for chunk in table["id"].chunks]).take(array(rows)).combine_chunks()
        order[tied] = rows[np.lexsort((np.asarray(pc.rank(ids, tiebreaker="dense")), first[rows]))]
    return order


def taken(flows: list[pa.Table], order: npt.NDArray[np.int64]) -> pa.Table:
    """The rows of all tables in this order, column by column. `flows` is used up."""
    schema, rows = flows[0].schema, array(order)
    columns = {name: [chunk for table in flows for chunk in table[name].chunks] for name in schema.names}
    flows.clear()
    pa.default_memory_pool().release_unused()  # what making the rows took
    arrays = []
    for name in schema.names:
        column = pa.chunked_array(columns.pop(name), schema.field(name).type)
        arrays.append(column.combine_chunks().take(rows))
        del column
    pa.default_memory_pool().release_unused()
    return pa.table(arrays, schema=schema)


def moved(rows: Sequence[npt.NDArray[np.int64]], begins: npt.NDArray[np.int64], place: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows of the pieces' tables as rows of the one."""
    result: npt.NDArray[np.int64] = place[np.concatenate([each + begin for each, begin in zip(rows, begins[:-1], strict=True)])]
    return result


def ns_of(times: Any, missing: int) -> npt.NDArray[np.int64]:
    """int64[n]: a column of times in nanoseconds."""
    result: npt.NDArray[np.int64] = np.asarray(pc.fill_null(times.cast(pa.int64()), missing).to_numpy())
    return result
