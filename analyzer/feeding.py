"""Decoded packets → tables, and the tables of several pieces → one."""

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
    """The tables after these packets were counted, and their payload read as far as possible while more may come.

    offers   scratch array with three numbers for each packet
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
    """Empty tables for a piece of traffic that may continue an earlier one. n_bytes: as in empty_tables."""
    tables = empty_tables(n_bytes)
    tables.counts[CONTINUED] = 1
    return tables


def tables_between(data: npt.NDArray[np.uint8], frames: npt.NDArray[Any], packets: npt.NDArray[Any]) -> Tables:
    """The tables of these packets alone (from fragments); other packets may come before and after."""
    return fed(continued_tables(), keyed(Block(data, frames), packets), np.zeros((len(packets), 3), np.int64))


def put_together(pieces: Sequence[Contents]) -> Contents:
    """The contents of all pieces, merged in order of time; their inputs are numbered alike, and the pieces stay unchanged."""
    return all_merged(pieces, lambda cut: reduce(lambda left, right: merged_tables(left, right, read_all, MAX_DATAGRAMS), cut))
