"""The conversations that an engine has put away, so that its memory follows those that are open; each comes back with its next packet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import Batch, chosen, in_batches
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

    def put_away(self, tables: Tables, taken: npt.NDArray[np.bool_]) -> Tables:
        """The tables without the records that are taken, whole conversations; `tables` is used up."""
        known = [np.zeros(0, KNOWN)]
        returning = self._known()
        for batch, rows in in_batches(tables, taken):
            known.append(known_of(tables, rows, len(self.batches), batch.hashes))
            self.batches.append(batch)
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
