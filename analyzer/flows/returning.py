"""Finds packets of packed conversations (batches.py), which are unpacked before the packets are counted.

Every packet is looked up, so the first check is a single bit (a Bloom filter). A false positive costs a second check, and nothing else: a
conversation that is unpacked needlessly gives the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.flows.layout import HAS_BASE, N_RECORDS, Tables
from analyzer.flows.table import find_returning
from analyzer.packets.layout import ACK, OK, SYN, TCP

Rows = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

KNOWN: Final = np.dtype(
    [
        ("conversation", "u8"),  # of its packets' keys
        ("batch", "i4"),  # -1: it was unpacked
        ("row", "i4"),  # among the batch's records
        ("base", "u4", (2,)),  # of its sides
        ("has_base", "?", (2,)),
        ("newest", "?"),  # no later record of its conversation is in the batch
    ],
    align=True,
)

BITS_EACH: Final = 16
"""Bits per record at least: of other packets, one in so many needs the second check."""


class Run(NamedTuple):
    """Known records sorted by conversation, and a contiguous copy of those hashes."""

    conversations: npt.NDArray[np.uint64]
    rows: Rows

    def places_of(self, wanted: npt.NDArray[np.uint64]) -> Ints:
        """Indices in `rows` of these conversations."""
        return spread(np.searchsorted(self.conversations, wanted, "left"), np.searchsorted(self.conversations, wanted, "right"))


def run_of(known: Rows) -> Run:
    """These records as a run."""
    rows = known[np.argsort(known["conversation"], kind="stable")]
    return Run(np.ascontiguousarray(rows["conversation"]), rows)


class Returning:
    """An index of all batches' records by their packets' keys."""

    def __init__(self) -> None:
        self._bits = np.zeros(1 << 12, np.uint8)
        self._runs: list[Run] = []  # each later run is smaller

    def __len__(self) -> int:
        return sum(len(run.rows) for run in self._runs)

    def add(self, known: Rows) -> None:
        """Add these records, KNOWN[n]."""
        self._runs.append(run_of(known))
        while len(self._runs) > 1 and len(self._runs[-2].rows) <= 2 * len(self._runs[-1].rows):
            later = self._runs.pop()
            both = np.concatenate([self._runs.pop().rows, later.rows])
            self._runs.append(run_of(both[both["batch"] >= 0]))
        if BITS_EACH * len(self) > 8 * len(self._bits):
            self._mark_anew(1 << (4 * BITS_EACH * len(self) // 8 - 1).bit_length())
        else:
            self._mark(known["conversation"])

    def asked_for(self, packets: Rows, keys: Rows, tables: Tables, *, exact_syns: bool) -> Rows:
        """KNOWN rows of the records that must be unpacked before these packets are counted.

        exact_syns   False: a SYN that certainly begins a new connection leaves the older ones packed
        """
        rows = np.empty(len(packets), np.int64)
        rows = rows[: find_returning(tables, packets, keys, len(packets), self._bits, 8 * len(self._bits) - 1, rows)]
        # The first packet of each conversation decides whether the old records are needed: later packets follow it.
        wanted, first = np.unique(keys["conversation"][rows], return_index=True)
        rows, known = rows[first], self._known(wanted)
        if not len(known):
            return known
        which = np.searchsorted(wanted, known["conversation"])
        asked = np.ones(len(wanted), np.bool_)
        if not exact_syns:
            opening = packets[rows]
            begins = (opening["protocol"] == TCP) & (opening["flags"] & (SYN | ACK) == SYN) & (opening["status"] == OK)
            side = keys["side"][rows][which].astype(np.int64)
            of = np.arange(len(known))
            has_base = known["has_base"][of, side]
            same = np.where(has_base, known["base"][of, side] == opening["seq"][which], known["newest"])
            begins[which[same]] = False
            asked &= ~begins
        return known[asked[which]]

    def taken_out(self, known: Rows) -> None:
        """Remove these records."""
        gone = known["batch"].astype(np.int64) << 32 | known["row"]
        for run in self._runs:
            places = run.places_of(known["conversation"])
            mine = run.rows["batch"][places].astype(np.int64) << 32 | run.rows["row"][places]
            run.rows["batch"][places[np.isin(mine, gone)]] = -1

    def forget(self, batches: Sequence[int]) -> None:
        """Remove all records of these batches."""
        self._runs = [run_of(run.rows[(run.rows["batch"] >= 0) & ~np.isin(run.rows["batch"], batches)]) for run in self._runs]
        self._mark_anew(len(self._bits))

    def alone(self, batch: int) -> Rows:
        """The batch's records whose conversations are in no other batch."""
        found = [run.rows[run.rows["batch"] == batch] for run in self._runs]
        mine = np.concatenate([np.zeros(0, KNOWN), *found])
        others = self._known(np.unique(mine["conversation"]))
        return mine[~np.isin(mine["conversation"], others["conversation"][others["batch"] != batch])]

    def _known(self, wanted: npt.NDArray[np.uint64]) -> Rows:
        """The records of these conversations (sorted hashes), in order of batch and row."""
        known = np.concatenate([np.zeros(0, KNOWN), *(run.rows[run.places_of(wanted)] for run in self._runs)])
        known = known[known["batch"] >= 0]
        return known[np.lexsort((known["row"], known["batch"]))]

    def _places(self, conversations: npt.NDArray[np.uint64]) -> tuple[Any, Any]:
        place = conversations & np.uint64(8 * len(self._bits) - 1)
        return (place >> np.uint64(3)).astype(np.int64), (1 << (place & np.uint64(7))).astype(np.uint8)

    def _mark_anew(self, size: int) -> None:
        self._bits = np.zeros(size, np.uint8)
        for run in self._runs:
            self._mark(run.conversations)

    def _mark(self, conversations: npt.NDArray[np.uint64]) -> None:
        at, bit = self._places(conversations)
        np.bitwise_or.at(self._bits, at, bit)


def spread(begin: Ints, end: Ints) -> Ints:
    """The numbers of all ranges [begin[i], end[i]), one range after the other."""
    sizes = end - begin
    starts = np.cumsum(sizes) - sizes
    result: Ints = np.arange(int(sizes.sum())) + np.repeat(begin - starts, sizes)
    return result


def known_of(tables: Tables, rows: Ints, batch: int, hashes: npt.NDArray[np.uint64]) -> Rows:
    """KNOWN[n] of the records `rows` of that batch. hashes: theirs (hashes_of)."""
    known = np.zeros(len(rows), KNOWN)
    known["conversation"] = hashes
    known["batch"], known["row"] = batch, np.arange(len(rows))
    for side in (0, 1):
        known["base"][:, side] = tables.sides["base"][2 * rows + side]
        known["has_base"][:, side] = tables.sides["seen"][2 * rows + side] & HAS_BASE != 0
    known["newest"] = True
    followed = tables.records["previous"][rows].astype(np.int64)
    place = np.full(int(tables.counts[N_RECORDS]), -1, np.int64)
    place[rows] = np.arange(len(rows))
    known["newest"][place[followed[followed >= 0]]] = False
    return known
