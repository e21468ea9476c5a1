"""Pieces' tables as one, of however many pieces: what a border may have cut is joined, and all else is laid side by side once.

A conversation that only one piece knows, and that needn't have begun before it, is what it is. The others are few: those open when
a piece begins or ends, and ports that are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.flows.concatenate import TABLES, USED, appended, used, with_room
from analyzer.flows.layout import ARENA_LIVE, GIVEN_UP, HELD_BACK, N_FIRSTS, N_HELD, N_LABELS, N_RECORDS, Tables
from analyzer.flows.retire import belonging, only, picked
from analyzer.flows.returning import hashes_of

Flags = npt.NDArray[np.bool_]


def all_merged(pieces: Sequence[Tables], merge: Callable[[Sequence[Tables]], Tables]) -> Tables:
    """The tables of all pieces' packets, whose inputs are numbered alike. merge: of what borders cut, piece by piece."""
    cut = across_borders(pieces)
    whole = merge([at_border(tables, each) for tables, each in zip(pieces, cut, strict=True)])
    n_labels = np.cumsum([0, *(int(tables.counts[N_LABELS]) for tables in pieces)]).tolist()
    inside = [within(tables, ~each, shift) for tables, each, shift in zip(pieces, cut, n_labels[:-1], strict=True)]
    whole = with_room(whole, {name: used(whole, name) + sum(used(tables, name) for tables in inside) for name in TABLES})
    for tables in inside:
        whole = appended(whole, tables)
    return whole


def across_borders(pieces: Sequence[Tables]) -> list[Flags]:
    """bool[n_records] for each piece: conversations that another piece knows too, or that may have begun before the piece."""
    hashes = [hashes_of(tables) for tables in pieces]
    known, n_pieces = np.unique(np.concatenate([np.unique(own) for own in hashes]), return_counts=True)
    shared = known[n_pieces > 1]
    found = []
    for tables, own in zip(pieces, hashes, strict=True):
        n = len(own)
        special = (tables.sides["seen"][: 2 * n] & (HELD_BACK | GIVEN_UP) != 0).reshape(n, 2).any(axis=1)
        special[tables.firsts["record"][: int(tables.counts[N_FIRSTS])]] = True
        found.append(np.isin(own, np.concatenate([shared, own[special]])))
    return found


def at_border(tables: Tables, chosen: Flags) -> Tables:
    """New tables with these records alone, and what the piece keeps for those before it, all of which is of them."""
    place = np.cumsum(chosen) - 1
    held, firsts = tables.held.copy(), tables.firsts.copy()
    for table, count in ((held, N_HELD), (firsts, N_FIRSTS)):
        n = int(tables.counts[count])
        table["record"][:n] = place[table["record"][:n]]
    return only(tables, chosen)._replace(held=held, store=tables.store, firsts=firsts, recent=tables.recent)


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
