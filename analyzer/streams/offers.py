"""Reads all offered payload, growing the tables as needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.grow import grown
from analyzer.flows.layout import N_RECORDS, Tables
from analyzer.packets.layout import PACKET
from analyzer.streams.reassembly import read_offers


def read_all(
    data: npt.NDArray[np.uint8], packets: npt.NDArray[Any], offers: npt.NDArray[np.int64], n_offers: int, tables: Tables
) -> Tables:
    """The tables after every offer was read."""
    done = 0
    while True:
        done = read_offers(data, packets, offers, done, n_offers, tables)
        if done == n_offers:
            return tables
        tables = grown(tables)


def read_waiting(tables: Tables) -> Tables:
    """The tables after the waiting segments were read as far as possible: no more payload will come."""
    waiting = offers_of_waiting(tables)
    return read_all(np.zeros(1, np.uint8), np.zeros(1, PACKET), waiting, len(waiting), tables)


def offers_of_waiting(tables: Tables) -> npt.NDArray[np.int64]:
    """int64[n, 3]: an offer for each side with waiting segments, marked as its last."""
    sides = np.flatnonzero(tables.sides["waiting"][: 2 * int(tables.counts[N_RECORDS])] >= 0)
    return np.stack([np.full(len(sides), -1), sides >> 1, sides & 1], axis=1).astype(np.int64)
