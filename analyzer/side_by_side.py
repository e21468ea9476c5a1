"""One large capture file read by several threads, one span each; then conversations that cross a border are joined.

Kernels release the interpreter's lock, so threads share the work without packing, sending or copying data. The result equals that of
one pass in every cell: where it could differ (late frames, fragments, a capture that changes along its way), the file is read in one
pass after all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, pairwise
from typing import IO, Final, NamedTuple, cast

import numpy as np

from analyzer.capture.block import Block, Damage
from analyzer.capture.facts import facts_of, joined, taken_over
from analyzer.capture.interleave import interleaved
from analyzer.capture.lateness import Lateness
from analyzer.capture.settled import settled
from analyzer.capture.source import Source
from analyzer.capture.spans import Span, SpanFile, spans_of
from analyzer.engine import FILE_LIMITS, Engine, Limits
from analyzer.feeding import continued_tables, tables_between
from analyzer.flows.batches import Batch, Contents, behind, taken_out
from analyzer.flows.border import Hashes, across_borders, are_among, at_border, left_inside
from analyzer.flows.doubtful import doubtful
from analyzer.flows.layout import MAX_LABELS, N_FIRSTS, N_LABELS, N_RECORDS, Tables
from analyzer.flows.merge import merged_tables, released_tables
from analyzer.flows.retire import hashes_of
from analyzer.packets.fragments import Fragments, Waiting, all_apart
from analyzer.read_again import MAX_REREAD, Again, at_that_time, read_again, time_of
from analyzer.streams.datagrams import MAX_DATAGRAMS
from analyzer.streams.offers import read_all

SPAN_BYTES: Final = 64 << 20
"""A thread doesn't pay for a smaller span."""

DAMAGED: Final = "capture-damaged"
DROPPED: Final = "packets-dropped"  # a file's latest block counts them for all blocks before it

Blocks = Callable[[Iterable[Block]], Iterator[Block]]
"""A filter for a span's blocks before they are decoded: it keeps some frames and counts them."""


@dataclass
class SpanReading:
    """The state of one thread's span.

    source   the span, as if it were a file
    """

    source: Source
    span: Span
    engine: Engine
    fragments: Fragments
    lateness: Lateness

    def blocks(self) -> Iterator[Block]:
        """The span's blocks in order of time: with its late frames that lie in the next span, without those of the span before."""
        blocks = self.lateness.watched(chain(interleaved([self.source]), self._late()))
        return settled(blocks, across=lambda: self.source.has_several_interfaces)

    def _late(self) -> Iterator[Block]:
        if self.span.late is not None:
            frames = self.span.late.frames.copy()
            frames["number"] += self.source.packets
            yield Block(self.span.late.data, frames)

    def taken(self) -> int:
        """Number of bytes of the file that were read."""
        return max(0, self.source.taken() - len(self.span.head))


def can_be_cut(sources: Sequence[Source], workers: int, span_bytes: int | None = None) -> list[Span]:
    """The spans of the only input, one per worker; fewer than two where the file is read in one pass."""
    if len(sources) != 1 or workers < 2 or not sources[0].is_plain or sources[0].size is None or sources[0].path is None:
        return []
    n = min(workers, sources[0].size // (SPAN_BYTES if span_bytes is None else span_bytes))
    return spans_of(sources[0].path, n) if n > 1 else []


def read_side_by_side(source: Source, spans: Sequence[Span], kept: Blocks, progress: Callable[[int], None] | None = None) -> Engine | None:
    """An engine with the file's packets, each span read by a thread; None, and nothing noted, where the file has to be read in one pass.

    kept       filters each span's blocks
    progress   called with the number of bytes read so far
    """
    limits = FILE_LIMITS.shared_by(len(spans))
    readings = [begun(source, span, limits) for span in spans]
    stopped, turn = threading.Event(), threading.Lock()

    def report() -> None:
        if progress is not None:
            with turn:
                progress(sum(one.taken() for one in readings))

    with ThreadPoolExecutor(len(spans)) as threads:
        work = [threads.submit(read_span, one, kept, stopped, report) for one in readings]
        try:
            for each in work:
                each.result()
        finally:
            stopped.set()
        if not all(one.lateness.sure for one in readings) or not follow_each_other(readings):
            return None
        contents = joined_spans(source, readings, kept, threads)
    if contents is None:
        return None
    note_facts(source, readings)
    return Engine([source], contents.tables, apart=contents.apart, batches=contents.batches)


def begun(source: Source, span: Span, limits: Limits) -> SpanReading:
    """The state before this span is read."""
    assert source.path is not None
    own = Source(source.name, file=cast(IO[bytes], SpanFile(source.path, span)))
    own.vxlan_ports, own.size = source.vxlan_ports, span.size
    fragments = Fragments()
    engine = Engine([own], continued_tables(span.size) if span.begin else None, fragments, limits)
    return SpanReading(own, span, engine, fragments, Lateness(span.from_ns, lambda: own.has_several_interfaces))


def read_span(reading: SpanReading, kept: Blocks, stopped: threading.Event, report: Callable[[], None]) -> None:
    """Read the span; stop when another thread finds that the file has to be read in one pass."""
    for number, decoded in enumerate(reading.engine.decode(kept(reading.blocks()))):
        reading.engine.feed(decoded)
        if number % 32 == 0:
            if stopped.is_set():
                return
            report()
    if not reading.lateness.sure:
        stopped.set()


def follow_each_other(readings: Sequence[SpanReading]) -> bool:
    """Whether the spans can be joined: each has packets; none but the last is damaged or reports drops, which later spans would have to
    know; and the frames that are earlier than a border are those found when the file was cut."""
    for reading, following in pairwise(readings):
        source, span = reading.source, following.span
        if source.several or any(one.code in (DAMAGED, DROPPED) for one in source.damage):
            return False
        if len(source.interfaces) != span.n_interfaces or source.last_ns is None or source.last_ns > span.from_ns:
            return False
        if following.source.first_ns is None or following.lateness.early != span.early:
            return False
        if following.lateness.several != reading.lateness.several:  # so that as many frames wait for sorting in both as in one pass
            return False
    return True


class Parted(NamedTuple):
    """A span's result: packed conversations, those that borders may have cut, and all other conversations."""

    batches: Sequence[Batch]
    border: Tables
    inside: Tables


def joined_spans(source: Source, readings: Sequence[SpanReading], kept: Blocks, threads: ThreadPoolExecutor) -> Contents | None:
    """The contents of all spans; None where one pass might have read them otherwise. Consumes the engines.

    source, kept   as in read_side_by_side
    """
    pieces = [Contents(one.engine.finished.batches, one.engine.tables) for one in readings]
    n_labels = np.cumsum([0, *(int(tables.counts[N_LABELS]) for _, tables, _ in pieces)]).tolist()
    if not all_apart([one.fragments for one in readings]) or n_labels[-1] > MAX_LABELS:
        return None
    before = np.cumsum([0, *(one.source.packets for one in readings)]).tolist()
    rest = flushed(readings, before)
    if rest is not None:
        pieces.append(Contents((), rest))
        before[-1] = 0  # its frames already have the file's numbers
    parts = list(threads.map(parted, pieces, across_borders(pieces), n_labels, before))
    border = [part.border for part in parts]
    doubt = doubtful(border)
    in_doubt = [bool(are_among(hashes_of(tables), doubt).any()) for tables in border]
    if len(doubt) > MAX_REREAD or (len(doubt) and (n_labels[-1] or any(in_doubt[len(readings) :]))):
        return None
    whole = released_tables(reduce(lambda left, right: merged_tables(left, right, read_all, MAX_DATAGRAMS), border), read_all)
    inside = [part.inside for part in parts if part.inside.counts[N_RECORDS]]
    if len(doubt):
        limits = FILE_LIMITS.shared_by(len(readings))
        spans = [
            (begun(source, one.span, limits), earlier) for one, earlier, is_in in zip(readings, before, in_doubt, strict=False) if is_in
        ]
        time = time_of(whole, doubt)
        decoded = [Again(one.engine.decode(at_that_time(kept(one.blocks()), time)), earlier) for one, earlier in spans]
        again = read_again(whole, doubt, decoded, threads)
        if again is None:
            return None
        whole, alone = again
        inside.append(alone)
    return Contents([batch for part in parts for batch in part.batches], whole, inside)


def parted(piece: Contents, wanted: Hashes, n_labels: int, frames: int) -> Parted:
    """The piece's conversations, those of the wanted hashes apart. n_labels, frames: how many come before this piece."""
    number_from(piece.tables, frames)
    kept, out = taken_out([replace(batch, frames=frames) for batch in piece.batches], wanted)
    chosen = are_among(hashes_of(piece.tables), wanted)
    border = at_border(piece.tables, chosen)
    inside = left_inside(piece.tables, chosen, border, n_labels)
    return Parted([replace(batch, labels=n_labels) for batch in kept], behind(out, border) if out else border, inside)


def number_from(tables: Tables, frames: int) -> None:
    """Add the number of frames that come before in the file to the tables' frame numbers."""
    numbers = tables.records["first_frame"]
    numbers[numbers > 0] += frames
    tables.firsts["number"][: int(tables.counts[N_FIRSTS])] += frames


def flushed(readings: Sequence[SpanReading], before: Sequence[int]) -> Tables | None:
    """The tables of datagrams whose fragments are incomplete, which are counted at the last source; None where there are none.

    before   how many frames of the file come before each span's
    """
    together = Fragments()
    together.vxlan_ports = readings[0].source.vxlan_ports
    for reading, earlier in zip(readings, before, strict=False):
        together.waiting |= {key: numbered_from(one, earlier) for key, one in reading.fragments.waiting.items()}
        together.bytes += reading.fragments.bytes
    if not together.waiting:
        return None
    data, frames, packets = together.flush()
    lost = together.lost[0]
    if lost:
        readings[-1].source.damage.append(Damage("capture-gap", "IP packets of which a fragment was not captured", count=lost))
    return tables_between(data, frames, packets)


def numbered_from(waiting: Waiting, frames: int) -> Waiting:
    """The waiting fragments, with the number of frames that come before in the file added to their frame numbers."""
    parts = {offset: part._replace(number=part.number + frames) for offset, part in waiting.parts.items()}
    return replace(waiting, parts=parts, first=waiting.first and waiting.first._replace(number=waiting.first.number + frames))


def note_facts(source: Source, readings: Sequence[SpanReading]) -> None:
    """Note the spans' facts at the file, and its digest where it was to be computed while reading."""
    if source.digest_beside:
        source.read_sha256()
    facts = [facts_of(one.source) for one in readings]
    last = readings[-1]
    before = last.span.begin - len(last.span.head)
    moved = [one if one.offset is None else replace(one, offset=one.offset + before) for one in last.source.damage]
    source.interfaces += last.source.interfaces
    taken_over(source, reduce(joined, facts)._replace(damage=summed([*moved, *(one for each in facts[:-1] for one in each.damage)])))


def summed(damage: Sequence[Damage]) -> tuple[Damage, ...]:
    """The damage with equal entries of several spans added up."""
    found: dict[tuple[str, str, int | None, int], Damage] = {}
    for one in damage:
        kind = one.code, one.text, one.offset, one.skipped
        found[kind] = replace(one, count=one.count + (found[kind].count if kind in found else 0))
    return tuple(found.values())
