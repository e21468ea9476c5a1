"""Which packets belong to conversations that were put away (batches.py): those are taken out again before the packets are counted.

Every packet is asked after, so the first look is at one bit. What that lets through wrongly costs a closer look, and nothing else:
a conversation that is taken out without need is none the worse for it.
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
        ("batch", "i4"),  # -1: it was taken out again
        ("row", "i4"),  # among the batch's records
        ("base", "u4", (2,)),  # of its sides
        ("has_base", "?", (2,)),
        ("newest", "?"),  # no later record of its conversation lies in the batch
    ],
    align=True,
)

BITS_EACH: Final = 16
"""Bits for each record at least: one in as many packets that don't return is looked at more closely."""


class Run(NamedTuple):
    """Known records sorted by conversation, and those numbers once more, side by side."""

    conversations: npt.NDArray[np.uint64]
    rows: Rows

    def places_of(self, wanted: npt.NDArray[np.uint64]) -> Ints:
        """The places in `rows` of these conversations."""
        return spread(np.searchsorted(self.conversations, wanted, "left"), np.searchsorted(self.conversations, wanted, "right"))


def run_of(known: Rows) -> Run:
    """These records as a run."""
    rows = known[np.argsort(known["conversation"], kind="stable")]
    return Run(np.ascontiguousarray(rows["conversation"]), rows)


class Returning:
    """The records of all batches, to be found by what tells their packets apart."""

    def __init__(self) -> None:
        self._bits = np.zeros(1 << 12, np.uint8)
        self._runs: list[Run] = []  # the later, the smaller

    def __len__(self) -> int:
        return sum(len(run.rows) for run in self._runs)

    def add(self, known: Rows) -> None:
        """Remember these records, KNOWN[n]."""
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
        """KNOWN rows of what has to be taken out before these packets are counted.

        exact_syns   False: a SYN that begins a connection surely other than all before leaves those where they are
        """
        rows = np.empty(len(packets), np.int64)
        rows = rows[: find_returning(tables, packets, keys, len(packets), self._bits, 8 * len(self._bits) - 1, rows)]
        # Of each conversation the first packet says whether the old records are needed: what follows goes where that one went.
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
        """Forget these records."""
        gone = known["batch"].astype(np.int64) << 32 | known["row"]
        for run in self._runs:
            places = run.places_of(known["conversation"])
            mine = run.rows["batch"][places].astype(np.int64) << 32 | run.rows["row"][places]
            run.rows["batch"][places[np.isin(mine, gone)]] = -1

    def forget(self, batches: Sequence[int]) -> None:
        """Know nothing of these batches any more."""
        self._runs = [run_of(run.rows[(run.rows["batch"] >= 0) & ~np.isin(run.rows["batch"], batches)]) for run in self._runs]
        self._mark_anew(len(self._bits))

    def alone(self, batch: int) -> Rows:
        """The records of the batch of whose conversations no other batch has any."""
        found = [run.rows[run.rows["batch"] == batch] for run in self._runs]
        mine = np.concatenate([np.zeros(0, KNOWN), *found])
        others = self._known(np.unique(mine["conversation"]))
        return mine[~np.isin(mine["conversation"], others["conversation"][others["batch"] != batch])]

    def _known(self, wanted: npt.NDArray[np.uint64]) -> Rows:
        """What is known of these conversations, sorted numbers; records that were put away earlier first."""
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
    """The numbers of all ranges [begin[i], end[i]), one range behind the other."""
    sizes = end - begin
    starts = np.cumsum(sizes) - sizes
    result: Ints = np.arange(int(sizes.sum())) + np.repeat(begin - starts, sizes)
    return result


def known_of(tables: Tables, rows: Ints, batch: int, hashes: npt.NDArray[np.uint64]) -> Rows:
    """KNOWN[n] of the records `rows`, which are those of that batch. hashes: theirs (hashes_of)."""
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
