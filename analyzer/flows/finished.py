"""The conversations that an engine has put away, so that its memory follows those that are open; each comes back with its next packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.batches import Batch, chosen, in_batches
from analyzer.flows.concatenate import appended
from analyzer.flows.layout import CONTINUED, Tables
from analyzer.flows.retire import remaining
from analyzer.flows.returning import KNOWN, Returning, hashes_of, known_of

Rows = npt.NDArray[Any]

MANY: Final = 32
"""Where so many batches are opened for one block of packets, they come back whole: each is opened once then, whatever comes."""


class Finished:
    """Batches of finished conversations, and which packets belong to them.

    returned   how many records came back so far
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.returned = 0
        self._returning = Returning()

    def __len__(self) -> int:
        """How many records are put away."""
        return sum(batch.left for batch in self.batches)

    def put_away(self, tables: Tables, taken: npt.NDArray[np.bool_]) -> Tables:
        """The tables without the records that are taken, whole conversations; `tables` is used up."""
        hashes, known = hashes_of(tables), [np.zeros(0, KNOWN)]
        for batch, rows in in_batches(tables, taken):
            known.append(known_of(tables, rows, len(self.batches), hashes))
            self.batches.append(batch)
        self._returning.add(np.concatenate(known))
        return remaining(tables, taken)

    def with_returned(self, tables: Tables, packets: Rows, keys: Rows) -> Tables:
        """The tables with the conversations whose packets these are, as far as these packets may have to do with their records."""
        known = self._returning.asked_for(packets, keys, tables, exact_syns=bool(tables.counts[CONTINUED]))
        if not len(known):
            return tables
        opened = np.unique(known["batch"]).tolist()
        if len(opened) > MANY:
            beside = np.concatenate([self._returning.alone(number) for number in opened])
            known = np.unique(np.concatenate([known, beside[~np.isin(beside["conversation"], hashes_of(tables))]]))
        for number in opened:
            rows = np.sort(known["row"][known["batch"] == number]).astype(np.int64)
            batch = self.batches[number]
            tables = appended(tables, chosen(batch.tables(), rows))
            batch.returned[rows] = True
            if not batch.left:
                self.batches[number] = replace(batch, data=b"")
        self._returning.taken_out(known)
        self.returned += len(known)
        return tables

    def frozen(self) -> Sequence[Batch]:
        """The batches as they are now, whatever returns later."""
        return [replace(batch, returned=batch.returned.copy()) for batch in self.batches if batch.left]
