"""A part of the traffic, and parts put together: whatever the cut, the same flow table as one pass over the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.facts import InputFacts, earliest, facts_of, joined
from analyzer.capture.source import Source
from analyzer.engine import Engine, by_time, continued_tables, tables_between
from analyzer.facts.table import Named, named_tables
from analyzer.flows.border import all_merged
from analyzer.flows.concatenate import renumbered
from analyzer.flows.layout import N_DUPLICATES, Tables
from analyzer.flows.merge import merged_tables, released_tables
from analyzer.packets.fragments import Fragments, Part, joined_again
from analyzer.parts.tails import without_unsure
from analyzer.streams.datagrams import MAX_DATAGRAMS
from analyzer.streams.offers import read_all, read_waiting

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.capture.block import Block


@dataclass(frozen=True)
class Partial:
    """What the packets of one piece say. Pieces are put together in the order of their times: merge(left, right), left earlier.

    names    the inputs it came from
    starts   each input's earliest time, nanoseconds since 1970; None where it has none
    tables   records, messages, and what is held back for the pieces before
    parts    IP fragments that wait for others, which may lie in the pieces beside this one
    inputs   what else is known of the inputs, in the order of `names`; empty where nobody asks
    window   the only times whose packets were read, [start, end) in nanoseconds; None: no bound

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
    inputs: tuple[InputFacts, ...] = ()
    window: tuple[int | None, int | None] = (None, None)

    @staticmethod
    def empty() -> Partial:
        """No packets: merge(empty, p) and merge(p, empty) are p."""
        return Partial((), (), continued_tables())


def collect_piece(blocks: Iterable[Block], sources: Sequence[Source]) -> Partial:
    """What these packets say, before and behind which others may have come."""
    fragments = Fragments()
    tables = Engine(sources, continued_tables(), fragments).read(blocks).tables
    inputs = tuple(facts_of(source) for source in sources)
    names, starts = tuple(one.name for one in inputs), tuple(one.first_ns for one in inputs)
    return Partial(names, starts, tables, tuple(fragments.parts()), inputs)


def merge(left: Partial, right: Partial) -> Partial:
    """Both parts as one; neither is changed. Associative, not commutative.

    Packets whose fragments lie in both come between them.
    """
    names = list(dict.fromkeys((*left.names, *right.names)))
    right = with_names(right, names)
    before, parts = left.tables, right.parts
    if left.parts and parts:
        between, parts = between_pieces(left.parts, parts)
        if between is not None:
            before = merged_tables(before, between, read_all, MAX_DATAGRAMS)
    else:
        parts = left.parts or parts
    starts, inputs = known_of((left, right), names)
    window = window_of((left, right))
    return Partial(tuple(names), starts, merged_tables(before, right.tables, read_all, MAX_DATAGRAMS), parts, inputs, window)


def merge_all(parts: Sequence[Partial]) -> Partial:
    """All parts as one, which come in the order of their times."""
    if len(parts) < 2 or any(part.parts for part in parts):  # what fragments give that lie in two parts may be of any conversation
        return reduce(merge, parts) if parts else Partial.empty()
    names = list(dict.fromkeys(name for part in parts for name in part.names))
    tables = [with_names(part, names).tables for part in parts]
    starts, inputs = known_of(parts, names)
    whole = all_merged(tables, lambda cut: reduce(lambda left, right: merged_tables(left, right, read_all, MAX_DATAGRAMS), cut))
    return Partial(tuple(names), starts, whole, (), inputs, window_of(parts))


def with_names(part: Partial, names: Sequence[str]) -> Partial:
    """The part with its inputs numbered as they stand in `names`, which has all of them; its own names and facts stay as they are."""
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[name] for name in part.names], np.int64)
    if np.array_equal(numbers, np.arange(len(numbers))):
        return part
    parts = tuple(one._replace(source=int(numbers[one.source])) for one in part.parts)
    return replace(part, tables=renumbered(part.tables, numbers), parts=parts)


def between_pieces(left: Sequence[Part], right: Sequence[Part]) -> tuple[Tables | None, tuple[Part, ...]]:
    """(what the packets say whose fragments lie in both pieces, the fragments that still wait)."""
    fragments, (data, frames, packets) = joined_again([*left, *right])
    found = tables_between(data, frames, packets) if len(packets) else None
    return found, tuple(fragments.parts())


def known_of(pieces: Sequence[Partial], names: Sequence[str]) -> tuple[tuple[int | None, ...], tuple[InputFacts, ...]]:
    """(each input's earliest time, its facts) by all pieces; no facts where a piece with inputs has none."""
    starts: dict[str, int | None] = {}
    facts: dict[str, InputFacts] = {}
    for piece in pieces:
        for name, start in zip(piece.names, piece.starts, strict=True):
            starts[name] = earliest([starts.get(name), start])
        for one in piece.inputs:
            facts[one.name] = joined(facts[one.name], one) if one.name in facts else one
    return tuple(starts[name] for name in names), tuple(facts[name] for name in names) if len(facts) == len(names) else ()


def window_of(pieces: Sequence[Partial]) -> tuple[int | None, int | None]:
    """The window that holds those of all pieces that have inputs."""
    windows = [piece.window for piece in pieces if piece.names] or [piece.window for piece in pieces[-1:]]
    starts, ends = [start for start, _ in windows if start is not None], [end for _, end in windows if end is not None]
    return min(starts) if len(starts) == len(windows) else None, max(ends) if len(ends) == len(windows) else None


def whole_tables(partial: Partial) -> Tables:
    """The tables of a part that has all the packets there are, or all that will be had, ready to be named; the part stays as it is."""
    fragments, _ = joined_again(partial.parts)
    return ready_to_name(Engine((), partial.tables, fragments).copied())


def ready_to_name(tables: Tables) -> Tables:
    """The tables with everything read that was held back, or waits: nothing comes before them, nor behind. `tables` is used up."""
    tables = read_waiting(released_tables(tables, read_all))
    without_unsure(tables)
    return tables


def named_whole(partial: Partial) -> tuple[Named, int]:
    """(what a part says that has all the packets there are, how many packets were captured twice); the part is used up."""
    has_room = not partial.parts and len(partial.tables.scratch) > 0  # as tables have that were put together, not those of a file
    tables = ready_to_name(partial.tables) if has_room else whole_tables(partial)
    return named_tables(tables, list(partial.names), by_time(partial.starts)), int(tables.counts[N_DUPLICATES])


def finish(partial: Partial) -> pa.Table:
    """The flow table of a part that has all the packets there are; the part stays as it is."""
    return named_tables(whole_tables(partial), list(partial.names), by_time(partial.starts)).flows
