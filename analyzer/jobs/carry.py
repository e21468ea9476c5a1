"""What goes on from one ring file to the next: counted on, so that a conversation that a file's end cuts stays one row.

The tables are those of one pass over all files so far (as growing.py), less the conversations that memory had no room for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from analyzer.capture.interleave import numbered
from analyzer.capture.settled import settled
from analyzer.capture.source import Source
from analyzer.engine import Engine, Limits
from analyzer.flows.concatenate import concatenated, renumbered, with_slots
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import N_RECORDS, N_SIGHTINGS, Tables
from analyzer.packets.fragments import Part
from analyzer.parts.partial import Partial

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.facts.table import Named

LIMITS: Final = Limits(conversations=60_000, waiting_bytes=32 << 20, name_bytes=32 << 20, messages=300_000)
"""What is carried at most. It is written to disk after every file, and read again when a run begins."""


def nothing() -> Partial:
    """Before the first file."""
    return Partial((), (), empty_tables())


class Counted:
    """One more file counted.

    carried    everything so far;  the Partial that was given is used up
    source     what is known of the file
    going_on   conversations that memory had no room for although they could go on
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

        keep     takes the rows (facts.table) of conversations that there is no room for
        look     called before every block of packets; what it raises ends the counting
        Errors   Unusable, it can't be read
        """
        engine = Engine.of(carried, [source], limits, keep)
        for decoded in engine.decode(settled(numbered(source, len(carried.names)))):
            look()
            engine.feed(decoded)
        self.source = source
        self.going_on = engine.going_on
        self._names, self._starts = [*carried.names, source.name], [*carried.starts, source.first_ns]
        self._tables = engine.tables
        self.carried = self._without_old_names(engine.part().parts)

    def _without_old_names(self, parts: tuple[Part, ...]) -> Partial:
        """Inputs that nothing of what is carried was seen in are forgotten."""
        tables = self._tables
        used = sources_of(tables) | {part.source for part in parts}
        kept = [number for number in range(len(self._names)) if number in used]
        numbers = np.zeros(len(self._names), np.int64)
        numbers[kept] = np.arange(len(kept))
        if len(kept) < len(self._names):
            tables = with_slots(concatenated(renumbered(tables, numbers), empty_tables()))
            parts = tuple(part._replace(source=int(numbers[part.source])) for part in parts)
        names, starts = tuple(self._names[i] for i in kept), tuple(self._starts[i] for i in kept)
        return Partial(names, starts, tables, parts)


def sources_of(tables: Tables) -> set[int]:
    """The numbers of all inputs that a record was seen in."""
    n, n_sightings = int(tables.counts[N_RECORDS]), int(tables.counts[N_SIGHTINGS])
    records = tables.records[:n]
    used = {int(number) for column in ("first_source", "last_source") for number in np.unique(records[column])}
    mask = int(np.bitwise_or.reduce(records["sources"], initial=np.uint64(0)))
    used |= {bit for bit in range(64) if mask >> bit & 1}
    return (used | set(np.unique(tables.sightings["source"][:n_sightings]).tolist())) - {-1}


def named_so_far(carried: Partial) -> Named:
    """The flow table's rows of everything that is carried, and the lookups; it stays as it is."""
    return Engine.of(carried).snapshot()
