"""A part of the traffic, and parts put together: whatever the cut, the same flow table as one pass over the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Partial:
    """What the packets of one piece say. Pieces are put together in the order of their times: merge(left, right), left earlier.

    names    the inputs it came from
    starts   each input's earliest time, nanoseconds since 1970; None where it has none
    tables   records, messages, and what is held back for the pieces before
    batches  records that are over, packed, and what belongs to them
    parts    IP fragments that wait for others, which may lie in the pieces beside this one
    inputs   what else is known of the inputs, in the order of `names`; empty where nobody asks
    window   the only times whose packets were read, [start, end) in nanoseconds; None: no bound

    Exact but for what no piece can keep. A connection that goes on from an earlier piece, of which one side sends more than
    64 KiB in this one, is read from there on as one whose beginning is missing. And where a piece begins with a SYN that an
    earlier one has too, and both have the data behind it (a port used again with the very same initial sequence number, a
    capture taken twice), the second's messages count as far as they go beyond the first's. A SOCKS request on a port that is used
    again, cut between its first packets, may be taken for what one pass doesn't take it for (two of a thousand messy captures).
    Where a piece begins with data sent again though it was acknowledged before, and nothing is acknowledged until new data is sent,
    that waits since the earlier of the two; and a piece whose first acknowledgement is a damaged packet's may know no other of that side.
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
        """No packets: merge(empty, p) and merge(p, empty) are p."""
        return Partial((), (), continued_tables())

    def n_frames(self) -> int:
        """How many frames were counted, whatever was in them."""
        return int(self.tables.counts[N_BY_STATUS : N_BY_STATUS + len(STATUS_NAMES)].sum())

    def sources(self) -> list[Source]:
        """The inputs, whose packets were read already, with what is known of them."""
        known = self.inputs or [InputFacts(name, first_ns=start) for name, start in zip(self.names, self.starts, strict=True)]
        return [one.source() for one in known]


def merge(left: Partial, right: Partial) -> Partial:
    """Both parts as one; neither is changed. Associative, not commutative."""
    return merge_all([left, right])


def merge_all(parts: Sequence[Partial]) -> Partial:
    """All parts as one, which come in the order of their times; none is changed.

    Packets whose fragments lie in several come between those.
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
    """The part with its inputs numbered as they stand in `names`, which has all of them; its own names and facts stay as they are."""
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[name] for name in part.names], np.int64)
    if np.array_equal(numbers, np.arange(len(numbers))):
        return part
    parts = tuple(one._replace(source=int(numbers[one.source])) for one in part.parts)
    batches = tuple(batch.renumbered(numbers) for batch in part.batches)
    return replace(part, tables=renumbered(part.tables, numbers), parts=parts, batches=batches)


def between_pieces(left: Sequence[Fragment], right: Sequence[Fragment]) -> tuple[Tables | None, tuple[Fragment, ...]]:
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


def window_of(pieces: Sequence[Partial]) -> Window:
    """The window that holds those of all pieces that have inputs."""
    windows = [piece.window for piece in pieces if piece.names] or [piece.window for piece in pieces[-1:]]
    starts, ends = [start for start, _ in windows if start is not None], [end for _, end in windows if end is not None]
    return min(starts) if len(starts) == len(windows) else None, max(ends) if len(ends) == len(windows) else None
