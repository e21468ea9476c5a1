"""Packets in, flows out: one Engine serves a file, a stream, a live capture, a job's ring files and a part.

The caller decides where blocks come from, when to take a snapshot, and where the rows go that don't fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from analyzer.capture.block import BLOCK_FRAMES, Block
from analyzer.capture.facts import facts_of
from analyzer.capture.source import Source
from analyzer.decoded import Decoded, decode
from analyzer.facts.table import Named
from analyzer.facts.together import named_together
from analyzer.feeding import continued_tables, fed, put_together, tables_between
from analyzer.flows.batches import Batch, Contents, all_packed, anew
from analyzer.flows.concatenate import concatenated, with_slots
from analyzer.flows.finished import Finished
from analyzer.flows.grow import empty_tables, without_rows
from analyzer.flows.layout import ARENA_LIVE, CONTINUED, N_LABELS, N_MESSAGES, N_RECORDS, POOL_USED, Tables
from analyzer.flows.merge import released_tables
from analyzer.flows.retire import oldest, over
from analyzer.packets.fragments import Fragments, joined_again
from analyzer.parts.partial import Partial, merge_all
from analyzer.streams.offers import read_all, read_waiting
from analyzer.window import Window

if TYPE_CHECKING:
    import pyarrow as pa

# Share of the finished conversations that is packed at a time. A late packet is most likely for the youngest.
PACK_SHARE: Final = 0.75
# If more than this share of the packed conversations was unpacked again before the next time, pack half as often.
UNPACKED_SHARE: Final = 0.25

# Share of the open conversations that is packed when a hard limit is reached, and share of the packed ones that stays when those are
# too many: packing more at a time costs less often.
EVICT_SHARE: Final = 0.5
KEPT_SHARE: Final = 0.5


class Limits(NamedTuple):
    """The most that is kept in memory.

    conversations  open conversations
    finished       packed conversations;  finished_bytes: their packed size, usually 130 bytes each
    waiting_bytes  payload that arrived before the bytes ahead of it
    name_bytes     names and other texts;  messages: requests, answers and hellos
    named_rows     finished rows with a host or a request;  other_rows: finished rows without
    """

    conversations: int = 60_000
    waiting_bytes: int = 64 << 20
    name_bytes: int = 64 << 20
    messages: int = 500_000
    named_rows: int = 100_000
    other_rows: int = 20_000
    finished: int = 60_000
    finished_bytes: int = 32 << 20

    def exceeded_by(self, tables: Tables) -> bool:
        """Whether the tables exceed these limits."""
        counts: list[int] = tables.counts.tolist()  # once per block: indexing the array takes five times as long
        return (
            counts[N_RECORDS] > self.conversations
            or counts[ARENA_LIVE] > self.waiting_bytes
            or counts[POOL_USED] > self.name_bytes
            or counts[N_MESSAGES] > self.messages
        )

    def doubled(self) -> Limits:
        """Twice these limits."""
        return Limits(*(2 * one for one in self))

    def shared_by(self, n: int) -> Limits:
        """The limits of each of n engines that together hold no more than these."""
        return Limits(*(one // n for one in self))

    def beyond(self, tables: Tables) -> Limits:
        """The larger of these limits and twice the tables' contents."""
        counts = [2 * int(tables.counts[one]) for one in (N_RECORDS, ARENA_LIVE, POOL_USED, N_MESSAGES)]
        return self._replace(
            conversations=max(self.conversations, counts[0]),
            waiting_bytes=max(self.waiting_bytes, counts[1]),
            name_bytes=max(self.name_bytes, counts[2]),
            messages=max(self.messages, counts[3]),
        )


FILE_LIMITS: Final = Limits(conversations=1 << 17, waiting_bytes=64 << 20, name_bytes=128 << 20, messages=1 << 20)
"""Limits for reading files. The result doesn't depend on them: a packed conversation is unpacked with its next packet."""


class Engine:
    """The flows of all packets fed so far; a snapshot can be taken at any time. Memory grows with open flows, not with packets.

    sources   the inputs, in the order of the frames' source numbers
    tables    the open conversations; feed() changes them
    finished  the packed conversations
    going_on  number of evicted conversations that may continue
    """

    def __init__(
        self,
        sources: Sequence[Source],
        tables: Tables | None = None,
        fragments: Fragments | None = None,
        limits: Limits | None = None,
        keep: Callable[[pa.Table], None] | None = None,
        apart: list[Tables] | tuple[()] = (),
        batches: Sequence[Batch] = (),
    ) -> None:
        """tables, fragments: state of earlier packets. fragments None: no packets come before these or after them.

        limits   beyond them finished conversations are packed; None: no limits
        keep     called with the rows (facts.table) of conversations that exceed limits.finished; the engine then forgets them
        apart    conversations in tables of their own that get no more packets
        batches  conversations that were packed before
        """
        self.sources = sources
        self.tables = empty_tables(sum(source.size or 0 for source in sources)) if tables is None else tables
        self.finished = Finished(batches)
        self.going_on = 0
        self._fragments, self._limits, self._keep, self._apart = fragments, limits, keep, apart
        self._due, self._taken, self._returned = limits, 0, 0
        self._offers = np.zeros((BLOCK_FRAMES, 3), np.int64)

    @classmethod
    def piece(cls, sources: Sequence[Source], limits: Limits | None = None) -> Engine:
        """An engine for a piece of the traffic: other packets may come before and after it."""
        return cls(sources, continued_tables(), Fragments(), limits)

    @classmethod
    def of(
        cls,
        part: Partial,
        more: Sequence[Source] = (),
        limits: Limits | None = None,
        keep: Callable[[pa.Table], None] | None = None,
    ) -> Engine:
        """An engine with the contents of the part, to be named or fed further; consumes the part. more: inputs after the part's."""
        fragments, _ = joined_again(part.parts)
        return cls([*part.sources(), *more], writable(part.tables), fragments, limits, keep, batches=part.batches)

    @classmethod
    def load(cls, path: Path) -> Engine:
        """The engine that save() wrote. Errors: Unusable, no such file, a cut or changed file, no part, or another version's form."""
        from analyzer.parts.file import read_part

        return cls.of(read_part(path))

    @classmethod
    def merge(cls, engines: Sequence[Engine]) -> Engine:
        """One engine with the packets of all engines, given in order of time; the engines stay unchanged."""
        return cls.of(merge_all([engine.part() for engine in engines]))

    def save(self, path: Path) -> None:
        """Write the state to a file: facts, and the first bytes of open conversations; no payload of finished ones."""
        from analyzer.parts.file import write_part

        write_part(self.part(), path)

    def part(self, window: Window = (None, None)) -> Partial:
        """The state as a value that shares the engine's tables. window: the time range to which the packets were limited."""
        inputs = tuple(facts_of(source) for source in self.sources)
        names, starts = tuple(one.name for one in inputs), tuple(one.first_ns for one in inputs)
        waiting = () if self._fragments is None else tuple(self._fragments.parts())
        apart = [batch for each in self._apart for batch in all_packed(each, np.ones(int(each.counts[N_RECORDS]), np.bool_))]
        batches = [anew(batch) if batch.frames else batch for batch in self.finished.frozen()]
        return Partial(names, starts, self.tables, waiting, inputs, window, (*batches, *apart))

    def read(self, blocks: Iterable[Block]) -> Engine:
        """Decode these blocks and feed them; returns the engine."""
        for decoded in self.decode(blocks):
            self.feed(decoded)
        return self

    def decode(self, blocks: Iterable[Block]) -> Iterator[Decoded]:
        """Each block decoded, for feed(); decoding and feeding may run in different threads."""
        return decode(blocks, self.sources, self._fragments)

    def feed(self, decoded: Decoded) -> None:
        """Count these packets, and read their payload as far as possible while more may come."""
        _, packets, keys = decoded
        if len(packets) > len(self._offers):
            self._offers = np.zeros((len(packets), 3), np.int64)
        if self.finished.batches:
            self.tables = self.finished.with_unpacked(self.tables, packets, keys)
        self.tables = fed(self.tables, decoded, self._offers)
        if self._keep is None and self._due is not None and self._due.exceeded_by(self.tables):
            self._pack_finished()
        if self._keep is not None and self._limits is not None:
            while self._limits.exceeded_by(self.tables):
                self._make_room()
            if len(self.finished) > self._limits.finished or self.finished.size() > self._limits.finished_bytes:
                self._evict(self._keep, self._limits)

    @property
    def n_records(self) -> int:
        """Number of records, open and packed."""
        return int(self.tables.counts[N_RECORDS]) + len(self.finished)

    def snapshot(self) -> Named:
        """The flow table and the lookups of everything so far, as if no more packets came; feeding can continue."""
        return self.named(self.copied())

    def contents(self) -> Contents:
        """Everything so far, without a copy: for the end of the input."""
        if self._fragments is not None and self._fragments.waiting:
            return self.copied()
        return Contents(self.finished.batches, self.tables, self._apart)

    def hand_over(self) -> Contents:
        """Everything so far, handed over to the caller; the engine is empty afterwards, but keeps its sources."""
        contents = self.contents()
        self.tables, self.finished, self._fragments, self._apart = without_rows(), Finished(), None, ()
        return contents

    def copied(self) -> Contents:
        """A copy of everything so far that the caller may change, including the datagrams of incomplete fragments."""
        apart = [concatenated(each, without_rows()) for each in self._apart]
        contents = Contents(self.finished.frozen(), concatenated(self.tables, without_rows()))
        if self._fragments is None or not self._fragments.waiting:
            return contents._replace(apart=apart)
        waiting, _ = joined_again(self._fragments.parts())
        return put_together([contents, Contents((), tables_between(*waiting.flush()))])._replace(apart=apart)

    def named(self, contents: Contents, workers: int | None = None) -> Named:
        """The flow table and the lookups of these contents, when no more packets come; consumes them. workers: as in named_together."""
        if contents.tables.counts[CONTINUED]:
            contents = contents._replace(tables=read_whole(contents.tables))
        return named_together(contents, *self._inputs(), workers)

    def _pack_finished(self) -> None:
        """Pack finished conversations. The next time is when the tables hold twice what stays, so that none is examined again and again."""
        assert self._limits is not None and self._due is not None
        before = int(self.tables.counts[N_RECORDS])
        returned, self._returned = self.finished.returned - self._returned, self.finished.returned
        self.tables = self.finished.pack(self.tables, over(self.tables, PACK_SHARE))
        least = self._limits
        if returned > self._taken * UNPACKED_SHARE:  # conversations were packed too early
            least = self._due.doubled()
        self._due = least.beyond(self.tables)
        self._taken = before - int(self.tables.counts[N_RECORDS])

    def _make_room(self) -> None:
        """Pack the half of all conversations that was silent longest, finished ones first."""
        for going_on, taken in oldest(self.tables, EVICT_SHARE):
            if taken.any():
                self.tables = self.finished.pack(self.tables, taken, going_on=going_on)

    def _evict(self, keep: Callable[[pa.Table], None], limits: Limits) -> None:
        """Evict the conversations that were packed first, down to a share of the limits, and make their rows while all others are
        present."""
        gone = self.finished.evict(int(limits.finished * KEPT_SHARE), int(limits.finished_bytes * KEPT_SHARE))
        self.going_on += sum(batch.conversations for batch in gone if batch.going_on)
        blank = without_rows()._replace(labels=self.tables.labels)
        blank.counts[N_LABELS] = self.tables.counts[N_LABELS]
        beside = Contents(self.finished.batches, self.tables)
        keep(named_together(Contents(gone, blank), *self._inputs(), beside=beside).flows)

    def _inputs(self) -> tuple[list[str], list[int]]:
        """(the inputs' names, their numbers in the order of their first packets' times)."""
        return [source.name for source in self.sources], by_time([source.first_ns for source in self.sources])


def writable(tables: Tables) -> Tables:
    """The tables with room to grow and a hash index: unchanged, or copied where they came from a file."""
    return tables if len(tables.scratch) else with_slots(concatenated(tables, without_rows()))


def read_whole(tables: Tables) -> Tables:
    """The tables with all held-back and waiting payload read: no packets come before or after. Consumes `tables`."""
    from analyzer.parts.tails import without_unsure

    tables = read_waiting(released_tables(tables, read_all))
    without_unsure(tables)
    return tables


def by_time(starts: Sequence[int | None]) -> list[int]:
    """The inputs' numbers in the order of their first packets' times; inputs without a time come last."""
    return sorted(range(len(starts)), key=lambda i: (starts[i] is None, starts[i] or 0, i))
