"""The conversations that an engine has put away, so that its memory follows those that are open; each comes back with its next packet."""

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

MANY: Final = 32
"""Where so many batches are opened for one block of packets, they come back whole: each is opened once then, whatever comes."""


class Finished:
    """Batches of finished conversations, and which packets belong to them.

    returned   how many records came back so far
    """

    def __init__(self, batches: Sequence[Batch] = ()) -> None:
        """batches: what was put away before."""
        self.batches = list(batches)
        self.returned = 0
        self._returning: Returning | None = None if batches else Returning()

    def __len__(self) -> int:
        """How many records are put away."""
        return sum(batch.left for batch in self.batches)

    def put_away(self, tables: Tables, taken: npt.NDArray[np.bool_], *, going_on: bool = False) -> Tables:
        """The tables without the records that are taken, whole conversations; `tables` is used up. going_on: they aren't over."""
        known = [np.zeros(0, KNOWN)]
        returning = self._known()
        for batch, rows in in_batches(tables, taken):
            known.append(known_of(tables, rows, len(self.batches), batch.hashes))
            self.batches.append(replace(batch, going_on=going_on))
        returning.add(np.concatenate(known))
        return remaining(tables, taken)

    def with_returned(self, tables: Tables, packets: Rows, keys: Rows) -> Tables:
        """The tables with the conversations whose packets these are, as far as these packets may have to do with their records."""
        returning = self._known()
        known = returning.asked_for(packets, keys, tables, exact_syns=bool(tables.counts[CONTINUED]))
        if not len(known):
            return tables
        opened = np.unique(known["batch"]).tolist()
        if len(opened) > MANY:
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
        """How many bytes they take, packed."""
        return sum(len(batch.data) for batch in self.batches)

    def let_go(self, most: int, most_bytes: int) -> Sequence[Batch]:
        """Batches that no packet finds any more, so that at most so much stays: the oldest of what is over first, then the rest.

        Those with a DNS answer stay as long as those that go on: they may name what comes yet.
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
        """The batches as they are now, whatever returns later."""
        return [batch for batch in self.batches if batch.left]

    def _known(self) -> Returning:
        """The records of all batches, to be found by their packets."""
        if self._returning is None:
            self._returning = Returning()
            for number, batch in enumerate(self.batches):
                if batch.left:
                    known = known_of(batch.tables(), np.arange(len(batch.hashes)), number, batch.hashes)
                    self._returning.add(known[~batch.returned])
        return self._returning
