"""Packets in, flows out: one Engine for a file, a stream, a live capture, a job's ring files and a part of the traffic.

Whoever drives it decides where blocks come from, who looks when, and what becomes of the rows that memory has no room for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

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

# How much of what is over is put away at a time: the youngest are those of which a packet may still come.
OVER: Final = 0.75
# Where more than this share of what was put away came back before the next time, it is done half as often.
TOO_OFTEN: Final = 0.25

# How much of what is open is put away when a limit is reached that holds whatever comes, and how much of what was put away stays when
# there is no more room for it: more at a time costs less often.
SHARE: Final = 0.5
LEFT: Final = 0.5


@dataclass(frozen=True)
class Limits:
    """What is kept in memory at most, whatever arrives.

    conversations  that lie open
    finished       of those that were put away, until they come back;  finished_bytes: what they take, packed, as a rule 130 bytes each
    waiting_bytes  payload that waits for what comes before it
    name_bytes     names and other texts;  messages: requests, answers and hellos
    named_rows     finished rows that tell a host or a request;  other_rows: finished rows of the rest
    """

    conversations: int = 60_000
    waiting_bytes: int = 64 << 20
    name_bytes: int = 64 << 20
    messages: int = 500_000
    named_rows: int = 100_000
    other_rows: int = 20_000
    finished: int = 60_000
    finished_bytes: int = 32 << 20

    def are_passed(self, tables: Tables) -> bool:
        """Whether the tables hold more than they may."""
        counts: list[int] = tables.counts.tolist()  # asked after every block: an array's numbers one by one take five times as long
        return (
            counts[N_RECORDS] > self.conversations
            or counts[ARENA_LIVE] > self.waiting_bytes
            or counts[POOL_USED] > self.name_bytes
            or counts[N_MESSAGES] > self.messages
        )

    def doubled(self) -> Limits:
        """Twice as much of everything."""
        return Limits(*(2 * one for one in astuple(self)))

    def shared_by(self, n: int) -> Limits:
        """What each of n engines may hold, so that all together hold no more."""
        return Limits(*(one // n for one in astuple(self)))

    def beyond(self, tables: Tables) -> Limits:
        """These limits, or twice what the tables hold where that is more."""
        counts = [2 * int(tables.counts[one]) for one in (N_RECORDS, ARENA_LIVE, POOL_USED, N_MESSAGES)]
        return replace(
            self,
            conversations=max(self.conversations, counts[0]),
            waiting_bytes=max(self.waiting_bytes, counts[1]),
            name_bytes=max(self.name_bytes, counts[2]),
            messages=max(self.messages, counts[3]),
        )


A_FILE: Final = Limits(conversations=1 << 17, waiting_bytes=64 << 20, name_bytes=128 << 20, messages=1 << 20)
"""Where a reader of files begins to put away what is over. Nothing depends on it: what is put away comes back with its next packet."""


class Engine:
    """What the packets so far say: fed with them, looked at whenever somebody asks. Memory grows with open flows, never with packets.

    sources   the inputs, by the numbers that frames have
    tables    everything that is known of what is open; feed() changes them
    finished  what was put away
    going_on  conversations that were evicted although they could go on
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
        """tables, fragments: what came before; fragments None: nothing did, nor will anything come behind.

        limits   beyond them conversations that are over are packed and kept apart; None: there are none
        keep     takes the rows (facts.table) of those of which limits.finished has no room, which are then forgotten
        apart    conversations that lie in tables of their own, and of which no packet comes any more
        batches  what was put away before
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
        """An engine for a piece of the traffic, before and behind which other packets may have come."""
        return cls(sources, continued_tables(), Fragments(), limits)

    @classmethod
    def of(
        cls,
        part: Partial,
        more: Sequence[Source] = (),
        limits: Limits | None = None,
        keep: Callable[[pa.Table], None] | None = None,
    ) -> Engine:
        """An engine that knows what the part says, to be looked at or fed on; the part is used up. more: inputs behind the part's."""
        fragments, _ = joined_again(part.parts)
        return cls([*part.sources(), *more], ready(part.tables), fragments, limits, keep, batches=part.batches)

    @classmethod
    def load(cls, path: Path) -> Engine:
        """The engine that save() wrote. Errors: Unusable, no such file, cut or changed, no part at all, or of another form."""
        from analyzer.parts.file import read_part

        return cls.of(read_part(path))

    @classmethod
    def merge(cls, engines: Sequence[Engine]) -> Engine:
        """One engine with everything that these have counted, given in the order of their times; they stay as they are."""
        return cls.of(merge_all([engine.part() for engine in engines]))

    def save(self, path: Path) -> None:
        """Write what is known to a file: facts, the first bytes of what is open, and of what is finished no payload."""
        from analyzer.parts.file import write_part

        write_part(self.part(), path)

    def part(self, window: Window = (None, None)) -> Partial:
        """What is known, as a value; it shares the engine's tables. window: the only times whose packets were fed."""
        inputs = tuple(facts_of(source) for source in self.sources)
        names, starts = tuple(one.name for one in inputs), tuple(one.first_ns for one in inputs)
        waiting = () if self._fragments is None else tuple(self._fragments.parts())
        apart = [batch for each in self._apart for batch in all_packed(each, np.ones(int(each.counts[N_RECORDS]), np.bool_))]
        batches = [anew(batch) if batch.frames else batch for batch in self.finished.frozen()]
        return Partial(names, starts, self.tables, waiting, inputs, window, (*batches, *apart))

    def read(self, blocks: Iterable[Block]) -> Engine:
        """Decode these blocks and feed them; the engine itself."""
        for decoded in self.decode(blocks):
            self.feed(decoded)
        return self

    def decode(self, blocks: Iterable[Block]) -> Iterator[Decoded]:
        """Each block as feed() takes it: where the two are apart, they may run in threads of their own."""
        return decode(blocks, self.sources, self._fragments)

    def feed(self, decoded: Decoded) -> None:
        """Count these packets, and read what they carry as far as it can be while more may come."""
        _, packets, keys = decoded
        if len(packets) > len(self._offers):
            self._offers = np.zeros((len(packets), 3), np.int64)
        if self.finished.batches:
            self.tables = self.finished.with_returned(self.tables, packets, keys)
        self.tables = fed(self.tables, decoded, self._offers)
        if self._keep is None and self._due is not None and self._due.are_passed(self.tables):
            self._put_away()
        if self._keep is not None and self._limits is not None:
            while self._limits.are_passed(self.tables):
                self._make_room()
            if len(self.finished) > self._limits.finished or self.finished.size() > self._limits.finished_bytes:
                self._evict(self._keep, self._limits)

    @property
    def n_records(self) -> int:
        """How many records there are, open and put away."""
        return int(self.tables.counts[N_RECORDS]) + len(self.finished)

    def snapshot(self) -> Named:
        """The flow table and the lookups of everything so far, as if nothing more came; feeding goes on undisturbed."""
        return self.named(self.copied())

    def contents(self) -> Contents:
        """Everything so far, not copied: for when nothing more comes."""
        if self._fragments is not None and self._fragments.waiting:
            return self.copied()
        return Contents(self.finished.batches, self.tables, self._apart)

    def given(self) -> Contents:
        """Everything so far, of which the engine then knows nothing: it is whose that asks, and goes with it. The sources stay."""
        contents = self.contents()
        self.tables, self.finished, self._fragments, self._apart = without_rows(), Finished(), None, ()
        return contents

    def copied(self) -> Contents:
        """Everything so far, with what fragments give that wait for others; theirs is the room, for whoever names them."""
        apart = [concatenated(each, without_rows()) for each in self._apart]
        contents = Contents(self.finished.frozen(), concatenated(self.tables, without_rows()))
        if self._fragments is None or not self._fragments.waiting:
            return contents._replace(apart=apart)
        waiting, _ = joined_again(self._fragments.parts())
        return put_together([contents, Contents((), tables_between(*waiting.flush()))])._replace(apart=apart)

    def named(self, contents: Contents, workers: int | None = None) -> Named:
        """The flow table and the lookups of all this, when nothing more will come; it is used up. workers: as in named_together."""
        if contents.tables.counts[CONTINUED]:
            contents = contents._replace(tables=read_whole(contents.tables))
        return named_together(contents, *self._inputs(), workers)

    def _put_away(self) -> None:
        """Pack what is over. The next time comes when twice as much is there as stays, so that nothing is looked at again and again."""
        assert self._limits is not None and self._due is not None
        before = int(self.tables.counts[N_RECORDS])
        returned, self._returned = self.finished.returned - self._returned, self.finished.returned
        self.tables = self.finished.put_away(self.tables, over(self.tables, OVER))
        least = self._limits
        if returned > self._taken * TOO_OFTEN:  # they are put away too early
            least = self._due.doubled()
        self._due = least.beyond(self.tables)
        self._taken = before - int(self.tables.counts[N_RECORDS])

    def _make_room(self) -> None:
        """Put away the half of all that was silent longest, what is over first."""
        for going_on, taken in oldest(self.tables, SHARE):
            if taken.any():
                self.tables = self.finished.put_away(self.tables, taken, going_on=going_on)

    def _evict(self, keep: Callable[[pa.Table], None], limits: Limits) -> None:
        """Let what was put away first go, so that less is there than may be, and make rows of it while all others are still there."""
        gone = self.finished.let_go(int(limits.finished * LEFT), int(limits.finished_bytes * LEFT))
        self.going_on += sum(batch.conversations for batch in gone if batch.going_on)
        blank = without_rows()._replace(labels=self.tables.labels)
        blank.counts[N_LABELS] = self.tables.counts[N_LABELS]
        beside = Contents(self.finished.batches, self.tables)
        keep(named_together(Contents(gone, blank), *self._inputs(), beside=beside).flows)

    def _inputs(self) -> tuple[list[str], list[int]]:
        """(the inputs' names, their numbers in the order of their first packets' times)."""
        return [source.name for source in self.sources], by_time([source.first_ns for source in self.sources])


def ready(tables: Tables) -> Tables:
    """The tables able to grow, and to be found by packets: as they are, or copied where they came from a file."""
    return tables if len(tables.scratch) else with_slots(concatenated(tables, without_rows()))


def read_whole(tables: Tables) -> Tables:
    """The tables with everything read that was held back, or waits: nothing comes before them, nor behind. `tables` is used up."""
    from analyzer.parts.tails import without_unsure

    tables = read_waiting(released_tables(tables, read_all))
    without_unsure(tables)
    return tables


def by_time(starts: Sequence[int | None]) -> list[int]:
    """The inputs' numbers in the order of their first packets' times; those without come last."""
    return sorted(range(len(starts)), key=lambda i: (starts[i] is None, starts[i] or 0, i))
