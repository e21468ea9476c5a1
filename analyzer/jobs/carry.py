"""The state that is carried from one ring file to the next, so that a conversation that a file's end cuts stays one row.

It equals the state of one pass over all files so far, without evicted conversations: a conversation that ended or was silent for long is
packed, unpacked by its next packet, and evicted to a final row only where more than LIMITS.finished are packed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from analyzer.capture.interleave import numbered
from analyzer.capture.settled import settled
from analyzer.capture.source import Source
from analyzer.engine import Engine, Limits
from analyzer.flows.batches import left_in
from analyzer.flows.concatenate import concatenated, renumbered, with_slots
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_RECORDS, N_SIGHTINGS, Tables
from analyzer.parts.partial import Partial

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.facts.table import Named

LIMITS: Final = Limits(
    conversations=30_000, finished=45_000, finished_bytes=16 << 20, waiting_bytes=32 << 20, name_bytes=32 << 20, messages=300_000
)
"""The most that is carried. It is written to disk after every file, and read when a run begins."""


def nothing() -> Partial:
    """The state before the first file."""
    return Partial((), (), empty_tables())


class Counted:
    """One more file counted.

    carried    the state after this file;  the given Partial is used up
    source     the file's facts
    going_on   conversations evicted from memory although they could go on
    """

    def __init__(
        self,
        carried: Partial,
        source: Source,
        keep: Callable[[pa.Table], None],
        limits: Limits = LIMITS,
        *,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        """Count every packet of the source.

        keep     takes the rows (facts.table) of conversations that are evicted
        look     called before every block of packets; an exception from it ends the counting
        Errors   Unusable, it can't be read
        """
        engine = Engine.of(carried, [source], limits, keep)
        for decoded in engine.decode(settled(numbered(source, len(carried.names)))):
            look()
            engine.feed(decoded)
        self.source = source
        self.going_on = engine.going_on
        names, starts = (*carried.names, source.name), (*carried.starts, source.first_ns)
        self.carried = without_old_names(engine.part()._replace(names=names, starts=starts, inputs=()))


def without_old_names(carried: Partial) -> Partial:
    """The same state without the inputs in which none of its records was seen."""
    batches = (left_in(batch) for batch in carried.batches)
    used = set[int]().union(*(sources_of(tables) for tables in (carried.tables, *batches)), (part.source for part in carried.parts))
    kept = [number for number in range(len(carried.names)) if number in used]
    names, starts = tuple(carried.names[i] for i in kept), tuple(carried.starts[i] for i in kept)
    if len(kept) == len(carried.names):
        return carried
    numbers = np.zeros(len(carried.names), np.int64)
    numbers[kept] = np.arange(len(kept))
    return carried._replace(
        names=names,
        starts=starts,
        tables=with_slots(concatenated(renumbered(carried.tables, numbers), empty_tables())),
        parts=tuple(part._replace(source=int(numbers[part.source])) for part in carried.parts),
        batches=tuple(batch.renumbered(numbers) for batch in carried.batches),
    )


def sources_of(tables: Tables) -> set[int]:
    """The numbers of all inputs in which a record was seen."""
    n, n_sightings = int(tables.counts[N_RECORDS]), int(tables.counts[N_SIGHTINGS])
    records = tables.records[:n]
    used = {int(number) for column in ("first_source", "last_source") for number in np.unique(records[column])}
    mask = int(np.bitwise_or.reduce(records["sources"], initial=np.uint64(0)))
    used |= {bit for bit in range(64) if mask >> bit & 1}
    return (used | set(np.unique(tables.sightings["source"][:n_sightings]).tolist())) - {-1}


def named_so_far(carried: Partial) -> Named:
    """The flow table's rows of the carried state, and the lookups; the state stays as it is."""
    return Engine.of(carried).snapshot()
