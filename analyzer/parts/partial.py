"""A part of the traffic, and the merge of parts: wherever the traffic is cut, the same flow table as one pass over all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analyzer.capture.facts import InputFacts, earliest, joined
from analyzer.capture.source import Source
from analyzer.feeding import continued_tables, put_together, tables_between
from analyzer.flows.batches import Batch, Contents
from analyzer.flows.concatenate import renumbered
from analyzer.flows.layout import N_BY_STATUS, Tables
from analyzer.packets.fragments import Fragment, joined_again
from analyzer.packets.layout import STATUS_NAMES
from analyzer.window import Window


class Partial(NamedTuple):
    """The facts from one part of the traffic. Parts are merged in the order of their times: merge(left, right), left earlier.

    names    the inputs it came from
    starts   each input's earliest time, nanoseconds since 1970; None where it has none
    tables   records, messages, and payload held back for the parts before
    batches  finished records, packed, and their messages
    parts    IP fragments of incomplete packets, whose other fragments may be in the parts beside this one
    inputs   the other facts about the inputs, in the order of `names`; empty where they aren't wanted
    window   only packets with times in it were read, [start, end) in nanoseconds; None: no bound

    The merge is exact but for what no part can keep. A connection that continues from an earlier part, of which one side sends more than
    64 KiB in this one, is read from there on as one whose beginning is missing. Where a part begins with a SYN that an earlier part has
    too, and both have the data behind it (a port used again with the very same initial sequence number, a capture taken twice), the
    second part's messages count only as far as they reach beyond the first's. A SOCKS request on a reused port, cut between its first
    packets, may be read differently than in one pass (two of a thousand messy captures). Where a part begins with retransmitted data that
    was acknowledged before, and nothing is acknowledged until new data is sent, that data waits since the earlier of the two times; and a
    part whose first acknowledgement is a damaged packet's may know no other acknowledgement of that side.
    """

    names: tuple[str, ...]
    starts: tuple[int | None, ...]
    tables: Tables
    parts: tuple[Fragment, ...] = ()
    inputs: tuple[InputFacts, ...] = ()
    window: Window = (None, None)
    batches: tuple[Batch, ...] = ()

    @staticmethod
    def empty() -> Partial:
        """A part without packets: merge(empty, p) and merge(p, empty) are p."""
        return Partial((), (), continued_tables())

    def n_frames(self) -> int:
        """The number of frames counted, of every decoding status."""
        return int(self.tables.counts[N_BY_STATUS : N_BY_STATUS + len(STATUS_NAMES)].sum())

    def sources(self) -> list[Source]:
        """The inputs with their known facts; their packets were read already."""
        known = self.inputs or [InputFacts(name, first_ns=start) for name, start in zip(self.names, self.starts, strict=True)]
        return [one.source() for one in known]


def merge(left: Partial, right: Partial) -> Partial:
    """Both parts as one; neither is changed. Associative, not commutative."""
    return merge_all([left, right])


def merge_all(parts: Sequence[Partial]) -> Partial:
    """All parts as one, given in the order of their times; none is changed.

    A packet whose fragments are in two parts is inserted between them.
    """
    if len(parts) < 2:
        return parts[0] if parts else Partial.empty()
    names = list(dict.fromkeys(name for part in parts for name in part.names))
    pieces: list[Contents] = []
    waiting: tuple[Fragment, ...] = ()
    for part in (with_names(part, names) for part in parts):
        if waiting and part.parts:
            between, waiting = between_pieces(waiting, part.parts)
            if between is not None:
                pieces.append(Contents((), between))
        else:
            waiting = waiting or part.parts
        pieces.append(Contents(part.batches, part.tables))
    starts, inputs = known_of(parts, names)
    whole = put_together(pieces)
    return Partial(tuple(names), starts, whole.tables, waiting, inputs, window_of(parts), tuple(whole.batches))


def with_names(part: Partial, names: Sequence[str]) -> Partial:
    """The part with its inputs numbered by `names`, which contains all of them; its own names and facts stay as they are."""
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[name] for name in part.names], np.int64)
    if np.array_equal(numbers, np.arange(len(numbers))):
        return part
    parts = tuple(one._replace(source=int(numbers[one.source])) for one in part.parts)
    batches = tuple(batch.renumbered(numbers) for batch in part.batches)
    return part._replace(tables=renumbered(part.tables, numbers), parts=parts, batches=batches)


def between_pieces(left: Sequence[Fragment], right: Sequence[Fragment]) -> tuple[Tables | None, tuple[Fragment, ...]]:
    """(tables of the packets whose fragments are in both parts, the fragments that still wait)."""
    fragments, (data, frames, packets) = joined_again([*left, *right])
    found = tables_between(data, frames, packets) if len(packets) else None
    return found, tuple(fragments.parts())


def known_of(pieces: Sequence[Partial], names: Sequence[str]) -> tuple[tuple[int | None, ...], tuple[InputFacts, ...]]:
    """(each input's earliest time, its facts) over all parts; no facts where a part with inputs has none."""
    starts: dict[str, int | None] = {}
    facts: dict[str, InputFacts] = {}
    for piece in pieces:
        for name, start in zip(piece.names, piece.starts, strict=True):
            starts[name] = earliest([starts.get(name), start])
        for one in piece.inputs:
            facts[one.name] = joined(facts[one.name], one) if one.name in facts else one
    return tuple(starts[name] for name in names), tuple(facts[name] for name in names) if len(facts) == len(names) else ()


def window_of(pieces: Sequence[Partial]) -> Window:
    """The window that covers those of all parts that have inputs."""
    windows = [piece.window for piece in pieces if piece.names] or [piece.window for piece in pieces[-1:]]
    starts, ends = [start for start, _ in windows if start is not None], [end for _, end in windows if end is not None]
    return min(starts) if len(starts) == len(windows) else None, max(ends) if len(ends) == len(windows) else None
