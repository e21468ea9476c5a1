"""The tables of any number of pieces merged: conversations that a border may have cut are joined, all others are appended once.

A conversation that only one piece has, and that can't have begun before it, is complete. The others are few: those open at a piece's
beginning or end, and ports that are reused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import Batch, Contents, behind, taken_out
from analyzer.flows.concatenate import TABLES, USED, appended, used, with_room
from analyzer.flows.gather import copy_pieces
from analyzer.flows.layout import ARENA_LIVE, FREE_HOLE, FREE_SEGMENT, N_LABELS, N_MESSAGES, N_RECORDS, N_SIGHTINGS, Tables
from analyzer.flows.retire import before_it, belonging, hashes_of, only, picked

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[Any]


def all_merged(pieces: Sequence[Contents], merge: Callable[[Sequence[Tables]], Tables]) -> Contents:
    """The merged contents of all pieces, whose inputs are numbered alike, without tables apart. merge: joins what borders cut.

    Packed conversations stay packed, unless a border cut them.
    """
    batches: list[Batch] = []
    cut, inside = [], []
    n_labels = 0
    for piece, wanted in zip(pieces, across_borders(pieces), strict=True):
        kept, out = taken_out(piece.batches, wanted)
        batches += [replace(batch, labels=batch.labels + n_labels) for batch in kept]
        chosen = are_among(hashes_of(piece.tables), wanted)
        border = at_border(piece.tables, chosen)
        cut.append(behind(out, border) if out else border)
        inside.append(within(piece.tables, ~chosen, n_labels))
        n_labels += int(piece.tables.counts[N_LABELS])
    whole = merge(cut)
    whole = with_room(whole, {name: used(whole, name) + sum(used(tables, name) for tables in inside) for name in TABLES})
    for tables in inside:
        whole = appended(whole, tables)
    return Contents(batches, whole)


def across_borders(pieces: Sequence[Contents]) -> list[Hashes]:
    """For each piece the sorted hashes of conversations that another piece has too, or that may have begun before the piece."""
    open_ones = [hashes_of(piece.tables) for piece in pieces]
    over = [[batch.hashes[~batch.returned] for batch in piece.batches] for piece in pieces]
    own = [each_once(np.concatenate([hashes, *others])) for hashes, others in zip(open_ones, over, strict=True)]
    known = np.sort(np.concatenate(own))
    shared = each_once(known[1:][known[1:] == known[:-1]])
    early = [hashes[before_it(piece.tables)] for hashes, piece in zip(open_ones, pieces, strict=True)]
    return [each_once(np.concatenate([shared[are_among(shared, mine)], first])) for mine, first in zip(own, early, strict=True)]


def each_once(hashes: Hashes) -> Hashes:
    """The distinct hashes, sorted. np.unique uses a hash table first, which takes several times as long as sorting (measured)."""
    found: Hashes = np.sort(hashes)
    return found[np.concatenate([[True], found[1:] != found[:-1]])] if len(found) else found


def are_among(hashes: Hashes, known: Hashes) -> Flags:
    """bool[n]: whether each is in `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(hashes), np.bool_)
    found: Flags = known[np.minimum(np.searchsorted(known, hashes), len(known) - 1)] == hashes
    return found


def at_border(tables: Tables, chosen: Flags) -> Tables:
    """New tables with only these records, and the data held back for earlier pieces, which belongs to them."""
    return only(tables, chosen)._replace(recent=tables.recent)


def within(tables: Tables, chosen: Flags, n_labels: int) -> Tables:
    """These records alone, ready to be appended; texts stay in the shared pool. n_labels: number of labels of earlier pieces."""
    rows = np.flatnonzero(chosen)
    inside = picked(tables, rows, *belonging(tables, rows))
    labelled = inside.records["label"] >= 0
    inside.records["label"][labelled] += n_labels
    own = np.isin(np.arange(len(inside.counts)), [*(USED[name] for name in TABLES), ARENA_LIVE])
    inside.counts[~own] = 0
    assert int(inside.counts[N_RECORDS]) == len(rows)
    return inside


def left_inside(tables: Tables, chosen: Flags, border: Tables, n_labels: int) -> Tables:
    """The tables without the chosen records, which `border` has now, in place: consumes `tables`, and moves almost no data.

    No packet can find their records any more. n_labels: number of labels of earlier pieces.
    """
    counts = tables.counts
    n_records, n_messages, n_sightings = (int(counts[one]) for one in (N_RECORDS, N_MESSAGES, N_SIGHTINGS))
    records, sides, messages, sightings = tables.records, tables.sides, tables.messages[:n_messages], tables.sightings[:n_sightings]
    if chosen.any():
        place = (np.cumsum(~chosen) - 1).astype(np.int32)
        close_up(records, ~chosen)
        close_up(sides, np.repeat(~chosen, 2))
        n_records = int(np.count_nonzero(~chosen))
        earlier = records["previous"][:n_records]
        earlier[earlier >= 0] = place[earlier[earlier >= 0]]
        for table, count in ((messages, N_MESSAGES), (sightings, N_SIGHTINGS)):
            stays = ~chosen[table["record"]]
            close_up(table, stays)
            counts[count] = np.count_nonzero(stays)
            table["record"][: counts[count]] = place[table["record"][: counts[count]]]
    labelled = records["label"][:n_records]
    labelled[labelled >= 0] += n_labels
    counts[N_RECORDS] = n_records
    counts[ARENA_LIVE] -= border.counts[ARENA_LIVE]
    own = np.isin(np.arange(len(counts)), [*(USED[name] for name in TABLES), ARENA_LIVE, FREE_HOLE, FREE_SEGMENT])
    counts[~own] = 0
    return tables


def close_up(table: Rows, stays: Flags) -> None:
    """Move the rows with `stays` to the table's beginning, in order."""
    turns = np.flatnonzero(np.diff(stays, prepend=False, append=False)) * table.itemsize
    begins, sizes = turns[::2], turns[1::2] - turns[::2]
    data = table.view(np.uint8)
    copy_pieces(data, np.ascontiguousarray(begins), sizes, len(sizes), data)
