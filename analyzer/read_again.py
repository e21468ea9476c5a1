"""Conversations that can't be joined across spans, read again by themselves: usually downloads that cross a border.

Only the spans with packets of them are decoded again, each by a thread; the packets are then counted and read in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from itertools import chain, repeat
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.ahead import ahead
from analyzer.capture.block import Block
from analyzer.decoded import Decoded
from analyzer.engine import Engine
from analyzer.flows.border import Hashes, are_among, left_inside
from analyzer.flows.grow import without_rows
from analyzer.flows.layout import N_FIRSTS, N_RECORDS, Tables
from analyzer.flows.retire import hashes_of, only
from analyzer.packets.layout import NO_TIME

MAX_REREAD: Final = 1 << 12
"""Conversations that are read again at most; if there are more, the file is read in one pass."""

BLOCKS_AHEAD: Final = 16
"""Decoded blocks of a span that wait until those of earlier spans are read."""


class Again(NamedTuple):
    """A span to decode again, and how many frames of the file come before its first."""

    decoded: Iterator[Decoded]
    before: int


def read_again(tables: Tables, wanted: Hashes, spans: Sequence[Again], threads: Executor) -> tuple[Tables, Tables] | None:
    """(the tables without these conversations, these conversations in tables of their own); None where the packet counts differ.

    tables   all that is known of these conversations, among others; consumed
    spans    the spans with packets of them;  threads: as many as there are spans
    """
    alone = Engine([])
    with ExitStack() as until:
        parts = [until.enter_context(closing(ahead(picked(each, wanted), BLOCKS_AHEAD))) for each in spans]
        firsts = list(threads.map(next, parts, repeat(None)))  # so that all start at once
        for first, others in zip(firsts, parts, strict=True):
            for decoded in chain([] if first is None else [first], others):
                alone.feed(decoded)
    again = alone.tables
    if not np.array_equal(packets_of(tables, wanted), packets_of(again, wanted)):
        return None  # a copy of a packet is recognised by the packets between the two, which weren't read this time
    kept = only(tables, ~are_among(hashes_of(tables), wanted))
    kept.counts[N_FIRSTS] = 0
    return kept, left_inside(again, np.zeros(int(again.counts[N_RECORDS]), np.bool_), without_rows(), 0)


def picked(span: Again, wanted: Hashes) -> Iterator[Decoded]:
    """The packets of these conversations, block by block."""
    for block, packets, keys in span.decoded:
        rows = np.flatnonzero(are_among(keys["conversation"], wanted))
        chosen = packets[rows]
        frames = block.frames[chosen["frame"]]
        frames["number"] += span.before
        chosen["frame"] = np.arange(len(rows))
        yield Decoded(Block(block.data, frames), chosen, keys[rows])


def time_of(tables: Tables, wanted: Hashes) -> tuple[int, int] | None:
    """The earliest and the latest packet time of these conversations; None where a packet has no known time."""
    records = tables.records[np.flatnonzero(are_among(hashes_of(tables), wanted))]
    if not len(records) or (records["first_ns"] == NO_TIME).any() or records["unreachable"].any():
        return None
    return int(records["first_ns"].min()), int(records["last_ns"].max())


def at_that_time(blocks: Iterable[Block], time: tuple[int, int] | None) -> Iterator[Block]:
    """The blocks, in order of time, that may have packets in this time range; no later block is read. time: from time_of"""
    for block in blocks:
        times = block.frames["ts_ns"]
        if time is not None and len(times) and times[0] > time[1]:
            return
        if time is None or (len(times) and times[-1] >= time[0]):
            yield block


def packets_of(tables: Tables, wanted: Hashes) -> npt.NDArray[np.int64]:
    """int64[n]: the number of packets of each of these conversations. wanted: sorted"""
    hashes = hashes_of(tables)
    rows = np.flatnonzero(are_among(hashes, wanted))
    packets = tables.sides["packets"][2 * rows].astype(np.int64) + tables.sides["packets"][2 * rows + 1]
    found = np.zeros(len(wanted), np.int64)
    np.add.at(found, np.searchsorted(wanted, hashes[rows]), packets)
    return found
