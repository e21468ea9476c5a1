"""A part of the traffic, and parts put together: whatever the cut, the same flow table as one pass over the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.capture.block import Block
from analyzer.flows.concatenate import USED, concatenated, renumbered, used
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import CONTINUED, N_FIRSTS, Tables
from analyzer.flows.merge import merged_tables, released_tables
from analyzer.names.datagrams import MAX_DATAGRAMS
from analyzer.names.offers import read_all, read_waiting
from analyzer.names.table import flow_table
from analyzer.packets.fragments import Fragments, Part, joined_again
from analyzer.pipeline import Decoded, by_time, count_and_read, decode, keyed

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.capture.source import Source


@dataclass(frozen=True)
class Partial:
    """What the packets of one piece say. Pieces are put together in the order of their times: merge(left, right), left earlier.

    names    the inputs it came from
    starts   each input's earliest time, nanoseconds since 1970; None where it has none
    tables   records, messages, and what is held back for the pieces before
    parts    IP fragments that wait for others, which may lie in the pieces beside this one

    Exact but for what no piece can keep. A connection that goes on from an earlier piece, of which one side sends more than
    64 KiB in this one, is read from there on as one whose beginning is missing. And where a piece begins with a SYN that an
    earlier one has too, and both have the data behind it (a port used again with the very same initial sequence number, a
    capture taken twice), the second's messages count as far as they go beyond the first's. A SOCKS request on a port that is used
    again, cut between its first packets, may be taken for what one pass doesn't take it for (two of a thousand messy captures).
    """

    names: tuple[str, ...]
    starts: tuple[int | None, ...]
    tables: Tables
    parts: tuple[Part, ...] = ()

    @staticmethod
    def empty() -> Partial:
        """No packets: merge(empty, p) and merge(p, empty) are p."""
        tables = empty_tables()
        tables.counts[CONTINUED] = 1
        return Partial((), (), tables)

    def __reduce__(self) -> tuple[Callable[..., Partial], tuple[Any, ...]]:
        """Pickled without the room that nothing lies in."""
        tables = self.tables
        rows = {name: getattr(tables, name)[: used(tables, name)] for name in USED}
        seen = np.flatnonzero(tables.recent["digest"])
        return _unpacked, (
            self.names,
            self.starts,
            rows,
            seen,
            tables.recent[seen],
            tables.firsts[: tables.counts[N_FIRSTS]],
            tables.counts,
            self.parts,
        )


def _unpacked(
    names: tuple[str, ...],
    starts: tuple[int | None, ...],
    rows: dict[str, Any],
    seen: Any,
    recent: Any,
    firsts: Any,
    counts: Any,
    parts: tuple[Part, ...],
) -> Partial:
    blank = empty_tables()
    blank.recent[seen] = recent
    blank.firsts[: len(firsts)] = firsts
    left = blank._replace(**rows, counts=counts)
    return Partial(names, starts, concatenated(left, empty_tables()), parts)


def collect_piece(blocks: Iterable[Block], sources: Sequence[Source]) -> Partial:
    """As pipeline.collect, of packets before and behind which others may have come."""
    fragments = Fragments()
    tables = collect_between(decode(blocks, sources, fragments))
    return Partial(tuple(source.name for source in sources), tuple(source.first_ns for source in sources), tables, tuple(fragments.parts()))


def collect_between(decoded: Iterable[Decoded]) -> Tables:
    """The tables of these packets alone."""
    tables = empty_tables()
    tables.counts[CONTINUED] = 1
    return count_and_read(decoded, tables)


def merge(left: Partial, right: Partial) -> Partial:
    """Both parts as one; neither is changed. Associative, not commutative.

    Packets whose fragments lie in both come between them.
    """
    names = [*left.names, *(name for name in right.names if name not in left.names)]
    tables, parts, numbers = right.tables, right.parts, np.arange(len(right.names))
    if right.names != tuple(names[: len(numbers)]):
        numbers = np.array([names.index(name) for name in right.names])
        tables = renumbered(tables, numbers)
        parts = tuple(part._replace(source=int(numbers[part.source])) for part in parts)
    starts = [*left.starts, *[None] * (len(names) - len(left.starts))]
    for number, start in zip(numbers.tolist(), right.starts, strict=True):
        known = starts[number]
        starts[number] = start if known is None else known if start is None else min(known, start)
    before = left.tables
    if left.parts and parts:
        fragments, (data, frames, packets) = joined_again([*left.parts, *parts])
        parts = tuple(fragments.parts())
        if len(packets):
            before = merged_tables(before, collect_between([keyed(Block(data, frames), packets)]), read_all, MAX_DATAGRAMS)
    else:
        parts = left.parts or parts
    return Partial(tuple(names), tuple(starts), merged_tables(before, tables, read_all, MAX_DATAGRAMS), parts)


def finish(partial: Partial) -> pa.Table:
    """The flow table of a part that has all the packets there are, or all that will be had; the part stays as it is."""
    tables = concatenated(partial.tables, empty_tables())
    if partial.parts:
        waiting, _ = joined_again(partial.parts)
        data, frames, packets = waiting.flush()
        tables = merged_tables(tables, collect_between([keyed(Block(data, frames), packets)]), read_all, MAX_DATAGRAMS)
    tables = released_tables(tables, read_all)
    return flow_table(read_waiting(tables), list(partial.names), by_time(partial.starts))
