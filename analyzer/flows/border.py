"""Pieces' tables as one, of however many pieces: what a border may have cut is joined, and all else is laid side by side once.

A conversation that only one piece knows, and that needn't have begun before it, is what it is. The others are few: those open when
a piece begins or ends, and ports that are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import Batch, Contents, behind, taken_out
from analyzer.flows.concatenate import TABLES, USED, appended, used, with_room
from analyzer.flows.layout import ARENA_LIVE, N_LABELS, N_RECORDS, Tables
from analyzer.flows.retire import before_it, belonging, hashes_of, only, picked

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]


def all_merged(pieces: Sequence[Contents], merge: Callable[[Sequence[Tables]], Tables]) -> Contents:
    """The tables of all pieces' packets, whose inputs are numbered alike, and of which none lie apart. merge: of what borders cut.

    What was put away stays so, unless a border cut it.
    """
    batches: list[Batch] = []
    cut, inside = [], []
    n_labels = 0
    for piece, wanted in zip(pieces, across_borders(pieces), strict=True):
        kept, out = taken_out(piece.batches, wanted)
        batches += [replace(batch, labels=batch.labels + n_labels) for batch in kept]
        chosen = np.isin(hashes_of(piece.tables), wanted)
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
    """For each piece the hashes of conversations that another piece knows too, or that may have begun before the piece."""
    open_ones = [hashes_of(piece.tables) for piece in pieces]
    over = [[batch.hashes[~batch.returned] for batch in piece.batches] for piece in pieces]
    own = [np.unique(np.concatenate([hashes, *others])) for hashes, others in zip(open_ones, over, strict=True)]
    known, n_pieces = np.unique(np.concatenate(own), return_counts=True)
    shared = known[n_pieces > 1]
    early = [hashes[before_it(piece.tables)] for hashes, piece in zip(open_ones, pieces, strict=True)]
    return [np.union1d(np.intersect1d(mine, shared), first) for mine, first in zip(own, early, strict=True)]


def at_border(tables: Tables, chosen: Flags) -> Tables:
    """New tables with these records alone, and what the piece keeps for those before it, all of which is of them."""
    return only(tables, chosen)._replace(recent=tables.recent)


def within(tables: Tables, chosen: Flags, n_labels: int) -> Tables:
    """These records alone, to be laid behind others; texts stay where they lie. n_labels: how many labels come before the piece's."""
    rows = np.flatnonzero(chosen)
    inside = picked(tables, rows, *belonging(tables, rows))
    labelled = inside.records["label"] >= 0
    inside.records["label"][labelled] += n_labels
    own = np.isin(np.arange(len(inside.counts)), [*(USED[name] for name in TABLES), ARENA_LIVE])
    inside.counts[~own] = 0
    assert int(inside.counts[N_RECORDS]) == len(rows)
    return inside
