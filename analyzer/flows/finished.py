"""The packed conversations of an engine, so that its memory depends on the open ones; each is unpacked with its next packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import GONE, Batch, chosen, in_batches
from analyzer.flows.concatenate import appended
from analyzer.flows.layout import CONTINUED, Tables
from analyzer.flows.retire import hashes_of, remaining
from analyzer.flows.returning import KNOWN, Returning, known_of

Rows = npt.NDArray[Any]

MAX_OPENED: Final = 32
"""If one block of packets needs more batches than this, their conversations are unpacked completely, so that each is opened only once."""


class Finished:
    """Batches of finished conversations, and an index of their packets.

    returned   number of records unpacked so far
    """

    def __init__(self, batches: Sequence[Batch] = ()) -> None:
        """batches: conversations that are already packed."""
        self.batches = list(batches)
        self.returned = 0
        self._returning: Returning | None = None if batches else Returning()

    def __len__(self) -> int:
        """Number of packed records."""
        return sum(batch.left for batch in self.batches)

    def pack(self, tables: Tables, taken: npt.NDArray[np.bool_], *, going_on: bool = False) -> Tables:
        """The tables without the taken records (whole conversations), which are packed; consumes `tables`. going_on: they are still
        open."""
        known = [np.zeros(0, KNOWN)]
        returning = self._known()
        for batch, rows in in_batches(tables, taken):
            known.append(known_of(tables, rows, len(self.batches), batch.hashes))
            self.batches.append(replace(batch, going_on=going_on))
        returning.add(np.concatenate(known))
        return remaining(tables, taken)

    def with_unpacked(self, tables: Tables, packets: Rows, keys: Rows) -> Tables:
        """The tables with the conversations of these packets unpacked, as far as the packets may concern their records."""
        returning = self._known()
        known = returning.asked_for(packets, keys, tables, exact_syns=bool(tables.counts[CONTINUED]))
        if not len(known):
            return tables
        opened = np.unique(known["batch"]).tolist()
        if len(opened) > MAX_OPENED:
            beside = np.concatenate([returning.alone(number) for number in opened])
            known = np.unique(np.concatenate([known, beside[~np.isin(beside["conversation"], hashes_of(tables))]]))
        for number in opened:
            batch = self.batches[number]
            taken = np.zeros(len(batch.returned), np.bool_)
            taken[known["row"][known["batch"] == number]] = True
            tables = appended(tables, chosen(batch.tables(), np.flatnonzero(taken)))
            self.batches[number] = batch.without(taken)
        returning.taken_out(known)
        self.returned += len(known)
        return tables

    def size(self) -> int:
        """Size of the packed data in bytes."""
        return sum(len(batch.data) for batch in self.batches)

    def evict(self, most: int, most_bytes: int) -> Sequence[Batch]:
        """Evict batches down to these limits and return them: the oldest finished ones first, then the others.

        Batches with a DNS answer stay as long as open ones: the answer may name later flows.
        """
        order = sorted((batch.going_on or batch.names, number) for number, batch in enumerate(self.batches) if batch.left)
        gone, n, size = [], len(self), self.size()
        for _, number in order:
            if n <= most and size <= most_bytes:
                break
            gone.append(number)
            n, size = n - self.batches[number].left, size - len(self.batches[number].data)
        batches = [self.batches[number] for number in gone]
        for number in gone:
            self.batches[number] = GONE
        self._known().forget(gone)
        return batches

    def frozen(self) -> Sequence[Batch]:
        """The present batches as a list that later unpacking doesn't change."""
        return [batch for batch in self.batches if batch.left]

    def _known(self) -> Returning:
        """The index of all batches' records."""
        if self._returning is None:
            self._returning = Returning()
            for number, batch in enumerate(self.batches):
                if batch.left:
                    known = known_of(batch.tables(), np.arange(len(batch.hashes)), number, batch.hashes)
                    self._returning.add(known[~batch.returned])
        return self._returning
