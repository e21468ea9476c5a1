"""Decoded packets into tables, and the tables of pieces into one: what an Engine and a part do with what they know."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block
from analyzer.decoded import Decoded, keyed
from analyzer.flows.batches import Contents
from analyzer.flows.border import all_merged
from analyzer.flows.grow import empty_tables, grown
from analyzer.flows.labels import with_labels
from analyzer.flows.layout import CONTINUED, Tables
from analyzer.flows.merge import merged_tables
from analyzer.flows.table import count_packets
from analyzer.streams.datagrams import MAX_DATAGRAMS
from analyzer.streams.offers import read_all

Offers = npt.NDArray[np.int64]


def fed(tables: Tables, decoded: Decoded, offers: Offers) -> Tables:
    """The tables after these packets were counted, and what they carry was read as far as it can be while more may come.

    offers   room for three numbers for each packet
    """
    block, packets, keys = decoded
    n = len(packets)
    if block.labels:
        tables = with_labels(tables, block.labels, packets)
    counted = 0
    while counted < n:
        counted, n_offers = count_packets(block.frames, packets, keys, counted, n, tables, offers)
        tables = read_all(block.data, packets, offers, n_offers, tables)
        if counted < n:
            tables = grown(tables)
    return tables


def continued_tables(n_bytes: int = 0) -> Tables:
    """No packets yet, of a piece of traffic that may go on from an earlier one. n_bytes: as of empty_tables."""
    tables = empty_tables(n_bytes)
    tables.counts[CONTINUED] = 1
    return tables


def tables_between(data: npt.NDArray[np.uint8], frames: npt.NDArray[Any], packets: npt.NDArray[Any]) -> Tables:
    """The tables of these packets alone (as fragments give them), before and behind which others may have come."""
    return fed(continued_tables(), keyed(Block(data, frames), packets), np.zeros((len(packets), 3), np.int64))


def put_together(pieces: Sequence[Contents]) -> Contents:
    """What all pieces hold, which come in the order of their times and whose inputs are numbered alike; they stay as they are."""
    return all_merged(pieces, lambda cut: reduce(lambda left, right: merged_tables(left, right, read_all, MAX_DATAGRAMS), cut))
