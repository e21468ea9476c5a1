"""Checks that every index in a part's tables is in bounds. Kernels don't check bounds, so a part is checked before they read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import unread_in
from analyzer.flows.concatenate import MOVED
from analyzer.flows.layout import (
    ARENA_LIVE,
    ARENA_USED,
    DIGITS,
    FREE_HOLE,
    FREE_SEGMENT,
    N_COUNTS,
    N_FIRSTS,
    N_HOLES,
    N_LABELS,
    N_RECORDS,
    N_SEGMENTS,
    POOL_USED,
    STORE_USED,
    TEXTS,
    Tables,
)
from analyzer.readers.states import AFTER_HELLO

LINKED = (("holes", "next"), ("pauses", "next"), ("segments", "next"), ("records", "previous"))


def check_tables(tables: Tables, n_inputs: int, fragment_inputs: Sequence[int]) -> None:
    """Nothing. Errors: ValueError, an index is out of bounds or a linked list has a cycle."""
    counts = tables.counts
    for name, columns in MOVED.items():
        rows = getattr(tables, name)
        for column, count in columns:
            if not column.endswith("at"):  # an offset of bytes, checked with its size
                _within(rows[column], 0 if column == "record" else -1, int(counts[count]), f"{name}.{column}")
    for table, column in LINKED:
        _ends(getattr(tables, table)[column], table)
    for text in TEXTS:
        _fits(tables.messages[f"{text}_at"], tables.messages[f"{text}_size"], int(counts[POOL_USED]), text)
    _fits(tables.segments["at"], tables.segments["size"], int(counts[ARENA_USED]), "what waits")
    _fits(tables.held["at"], tables.held["size"], int(counts[STORE_USED]), "what is held")
    for column in ("first_source", "last_source"):
        _within(tables.records[column], -1, n_inputs, column)
    mask = int(np.bitwise_or.reduce(tables.records["sources"], initial=np.uint64(0)))
    if mask >> min(n_inputs, 63):
        raise ValueError("an input that isn't there")
    _within(tables.sightings["source"], 0, n_inputs, "sightings.source")
    firsts = tables.firsts[: int(counts[N_FIRSTS])]
    _within(firsts["record"], 0, int(counts[N_RECORDS]), "firsts.record")
    _within(firsts["source"], 0, n_inputs, "firsts.source")
    _within(np.array(fragment_inputs, np.int64), 0, n_inputs, "a fragment's input")
    for rows, name in ((tables.messages, "messages"), (tables.held, "held"), (firsts, "firsts")):
        _within(rows["side"], 0, 2, f"{name}.side")
    _within(tables.sides["state"], 0, AFTER_HELLO + 1, "a state")
    for free, n in ((FREE_HOLE, N_HOLES), (FREE_SEGMENT, N_SEGMENTS)):
        _within(counts[free : free + 1], -1, int(counts[n]), "a free row")
    if len(counts) != N_COUNTS or (counts[[i for i in range(N_COUNTS) if i not in (FREE_HOLE, FREE_SEGMENT)]] < 0).any():
        raise ValueError("a count below zero")
    if counts[ARENA_LIVE] > counts[ARENA_USED] or len(tables.memo_digests) % DIGITS:
        raise ValueError("more waits than there is")


def check_batch(tables: Tables, n_inputs: int, n_labels: int) -> None:
    """Nothing. Errors: ValueError, an index in a batch of finished records is out of bounds, or payload in it is unread."""
    tables.counts[N_LABELS] = n_labels
    if len(tables.sides) != 2 * len(tables.records):
        raise ValueError("a record without its sides")
    check_tables(tables, n_inputs, ())
    if unread_in(tables).any():
        raise ValueError("unread bytes of what is over")


def _within(values: npt.NDArray[Any], least: int, end: int, what: str) -> None:
    if len(values) and not (int(values.min()) >= least and int(values.max()) < end):
        raise ValueError(f"{what} points to what isn't there")


def _fits(at: npt.NDArray[Any], size: npt.NDArray[Any], end: int, what: str) -> None:
    there = size > 0
    if (at[there] < 0).any() or (at[there] > end - size[there].astype(np.int64)).any():
        raise ValueError(f"{what} goes on behind the end")


def _ends(following: npt.NDArray[Any], what: str) -> None:
    """Nothing. Errors: ValueError, a linked list has a cycle, or two lists share a row."""
    known = following[following >= 0]
    if len(np.unique(known)) != len(known) and what != "records":
        raise ValueError(f"two lists of {what} become one")
    at = np.where(following >= 0, following, -1).astype(np.int64)
    for _ in range(len(at).bit_length() + 1):
        if not len(at) or (at < 0).all():
            return
        at = np.where(at >= 0, at[at], -1)
    raise ValueError(f"a list of {what} leads back to itself")
