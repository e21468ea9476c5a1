"""The first and last packets of a part, by which duplicates across two parts are recognized.

A duplicate comes within a second of its packet (flows.duplicates); REACH_NS also covers packets out of order by milliseconds.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.flows.duplicates import WITH_ID_NS
from analyzer.flows.layout import DUPLICATE_SLOTS, N_FIRSTS, RECENT, Tables
from analyzer.packets.layout import NO_TIME

REACH_NS: Final = WITH_ID_NS + 100_000_000

Rows = npt.NDArray[Any]


def recent_in_time(tables: Tables) -> Rows:
    """The rows of Tables.recent that a packet of a later part may duplicate: of each slot the newer row before the older."""
    recent = tables.recent
    latest = max(int(recent["ts_ns"].max(initial=NO_TIME)), int(tables.records["last_ns"].max(initial=NO_TIME)))
    wanted = (recent["digest"] != 0) & ((recent["ts_ns"] == NO_TIME) | (recent["ts_ns"] >= latest - REACH_NS))
    wanted[0::2] |= wanted[1::2]  # an older row alone would be taken for the newer
    newer, older = recent[0::2][wanted[0::2]], recent[1::2][wanted[1::2]]
    return np.concatenate([newer[np.argsort(newer["ts_ns"], kind="stable")], older[np.argsort(older["ts_ns"], kind="stable")]])


def recent_rows(rows: Rows) -> Rows:
    """Tables.recent with these rows in their slots: the first row of a slot is the newer. Errors: ValueError, three rows for a slot."""
    recent = np.zeros(DUPLICATE_SLOTS, RECENT)
    places = (rows["digest"] % np.uint64(DUPLICATE_SLOTS // 2)).astype(np.int64) * 2
    _, first, which = np.unique(places, return_index=True, return_inverse=True)
    is_first = np.zeros(len(rows), np.bool_)
    is_first[first] = True
    if len(rows) and int(np.bincount(which.ravel()).max()) > 2:
        raise ValueError("more packets in one place than there is room for")
    recent[places + ~is_first] = rows
    return recent


def firsts_in_time(tables: Tables) -> Rows:
    """The first packets that may duplicate packets of an earlier part. Sets their number in `tables.counts`."""
    firsts = tables.firsts[: int(tables.counts[N_FIRSTS])]
    times = firsts["ts_ns"][firsts["ts_ns"] != NO_TIME]
    if len(times):
        firsts = firsts[(firsts["ts_ns"] == NO_TIME) | (firsts["ts_ns"] <= times.min() + REACH_NS)]
    tables.counts[N_FIRSTS] = len(firsts)
    return firsts
