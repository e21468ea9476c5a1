"""A capture that isn't finished yet: packets are counted as they come, and the flows so far can be read at any time.

The stages and the flow table are those of pipeline.py. Only memory is bounded here: beyond the limits conversations are evicted, their
rows are kept as far as there is room, and the loss is counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.capture.block import Damage
from analyzer.capture.interleave import numbered
from analyzer.capture.source import Source
from analyzer.engine import Engine, Limits
from analyzer.errors import Unusable
from analyzer.facts.losses import losses_of
from analyzer.flows.layout import N_DUPLICATES
from analyzer.pipeline import Reading, routed

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.routes.topology import Topology
    from analyzer.services.catalogue import Catalogue


@dataclass
class Retired:
    """Counts of evicted conversations, of those among them that may continue, and of rows that weren't kept."""

    conversations: int = 0
    going_on: int = 0
    left_out: int = 0


class Growing:
    """One source that run() reads to its end, in a thread of its own, while reading() returns its flows so far.

    failed   why the source can't be read, once that is known
    retired  counts of evicted conversations
    """

    def __init__(
        self,
        source: Source,
        topology: Topology,
        catalogue: Catalogue,
        limits: Limits | None = None,
        keep: Callable[[pa.Table], None] | None = None,
    ) -> None:
        """keep: called with the rows that don't fit in memory, routed and tagged by what is known at that time."""
        self.source = source
        source.vxlan_ports = topology.vxlan_ports
        self.failed: Unusable | None = None
        self.retired = Retired()
        self._topology = topology
        self._catalogue = catalogue
        self._limits = limits or Limits()
        self._keep = keep
        self._lock = threading.Lock()
        self._engine = Engine([source], limits=self._limits, keep=self._retire)
        self._finished: list[pa.Table] = []
        self._stopped = False

    def run(self) -> None:
        """Count and read every packet until the source ends or stop() was called."""
        try:
            for decoded in self._engine.decode(numbered(self.source, 0)):
                with self._lock:
                    self._engine.feed(decoded)
                if self._stopped:
                    break
        except Unusable as error:
            self.failed = error

    def stop(self) -> None:
        """Read no further."""
        self._stopped = True

    def reading(self, damage: tuple[Damage, ...] = ()) -> Reading:
        """The flows of all packets so far; run() continues undisturbed.

        damage   losses known from elsewhere
        """
        from analyzer.routes.discovery import discoveries_of

        with self._lock:
            contents = self._engine.copied()
            finished = list(self._finished)
            capture = self.source.as_dict()
        n_copies = int(contents.tables.counts[N_DUPLICATES])
        named = self._engine.named(contents)
        (losses,) = losses_of(named, n_copies, 1)
        known = [*capture["damage"], *(each.as_dict() for each in (*losses, *damage, *self._evicted()))]
        flows = routed(together([*finished, named.flows]), self._topology, self._catalogue)
        captures = [{**capture, "damage": known}]
        discoveries = discoveries_of(named.lookups, named.discoveries, self._topology)
        return Reading(flows, captures, topology=self._topology, catalogue=self._catalogue, lookups=named.lookups, discoveries=discoveries)

    def _retire(self, rows: pa.Table) -> None:
        """Keep the rows of conversations that were evicted."""
        self.retired.conversations += rows.num_rows
        self.retired.going_on = self._engine.going_on
        self._finished.append(rows)
        self._trim()

    def _trim(self) -> None:
        """Keep as many finished rows as the limits allow, the newest of each kind."""
        flows = together(self._finished)
        named = has_name(flows)
        kept = np.zeros(len(named), np.bool_)
        for which, room in ((named, self._limits.named_rows), (~named, self._limits.other_rows)):
            kept[np.flatnonzero(which)[-room:]] = True
        self._finished = [flows]
        if not kept.all():
            self._finished = [flows.take(np.flatnonzero(kept))]
            gone = flows.take(np.flatnonzero(~kept))
            self.retired.left_out += gone.num_rows
            if self._keep is not None:
                self._keep(routed(gone, self._topology, self._catalogue))

    def _evicted(self) -> list[Damage]:
        """The losses that the memory limits caused; empty where every row is kept and no conversation was cut."""
        retired = self.retired
        if not retired.going_on and not retired.left_out:
            return []
        text = (
            f"{retired.conversations:,} conversations were taken out of memory; {retired.going_on:,} of them could still go on and may "
            f"have a second row, and {retired.left_out:,} rows, of unnamed conversations first, are not in this report"
        )
        return [Damage("flows-evicted", text, count=1)]


def has_name(flows: pa.Table) -> Any:
    """bool[n_rows]: the row has a host or a request."""
    columns = [np.asarray(flows[name].combine_chunks().is_valid()) for name in ("host", "request")]
    return columns[0] | columns[1]


def together(tables: list[pa.Table]) -> pa.Table:
    """The rows of all tables, in the flow table's order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = [table for table in tables if table.num_rows] or tables[:1]
    if len(tables) == 1:
        return tables[0]
    joined = pa.concat_tables(tables).combine_chunks()
    order = pc.sort_indices(joined, sort_keys=[("first_seen", "ascending"), ("id", "ascending")])
    return joined.take(order)
