"""The whole pipeline: capture → packets → flows → facts → routes → services → verdict.
Each stage takes tables and returns tables (tables.py describes every column). No stage calls a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from analyzer.ahead import ahead
from analyzer.capture.block import Block
from analyzer.capture.inputs import Inputs
from analyzer.capture.interleave import in_time_order
from analyzer.capture.progress import Progress, reported
from analyzer.capture.source import Source
from analyzer.engine import FILE_LIMITS, Engine, Limits
from analyzer.errors import Unusable, nothing_readable
from analyzer.facts.losses import losses_of
from analyzer.flows.batches import with_tables_apart, without_most_strangers
from analyzer.flows.layout import N_DUPLICATES
from analyzer.flows.lone import LeftOut
from analyzer.spill import MAX_MEMORY_BYTES, filled_by_ranges, with_columns_spilled
from analyzer.tables import FLOW_COLUMNS
from analyzer.text.times import rfc3339
from analyzer.window import Window, check_span, counted, within

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.routes.discovery import Discovery
    from analyzer.routes.topology import Topology
    from analyzer.services.catalogue import Catalogue

# A thread doesn't pay for captures smaller than this.
MIN_BYTES_FOR_THREAD: Final = 8 << 20

# Nor for fewer flows than this.
MIN_FLOWS_FOR_THREAD: Final = 1 << 13

# Blocks that are decoded before they are counted. Four took 6 % longer than one (measured), probably because they don't fit the cache.
BLOCKS_AHEAD: Final = 1

# Columns that the last two stages fill. Both also write to each request.
OF_ROUTES, OF_SERVICES = (["requests", *(c.name for c in FLOW_COLUMNS if c.stage == stage)] for stage in ("routes", "services"))


@dataclass
class Reading:
    """What was read from the captures: the flow table and the facts about its files.

    flows        pyarrow.Table, analyzer.tables.FLOW_SCHEMA, sorted by first_seen, then id
    captures     one dict per readable input: path, sha256, packets, first_seen, last_seen, damage (as in the verdict document)
    digests      waits until the captures' sha256 are computed (they may be None before) and returns them
    unusable     one error per named input that is no capture or can't be read
    skipped      files in directories that are no captures
    lookups      pyarrow.Table, analyzer.tables.LOOKUP_SCHEMA, by time; None where flows were read without their captures
    discoveries  how clients searched for a proxy (WPAD, PAC), by address
    left_out     the flows without a row in `flows` (read_found, listed=False); None: every flow has a row
    """

    flows: pa.Table
    captures: list[dict[str, Any]]
    unusable: list[Unusable] = field(default_factory=list)
    skipped: int = 0
    topology: Topology | None = None
    catalogue: Catalogue | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    lookups: pa.Table | None = None
    discoveries: Sequence[Discovery] = ()
    left_out: LeftOut | None = None
    digests: Callable[[], Sequence[str | None]] = tuple


def read_found(
    found: Inputs,
    *,
    topology: Topology,
    catalogue: Catalogue,
    start_ns: int | None = None,
    end_ns: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    digests: bool = True,
    listed: bool = True,
) -> Reading:
    """The flow table of all captures together, read by this process alone (analyzer.reading.read also uses other processes and input
    kinds).

    start_ns end_ns  keep only packets in [start_ns, end_ns), nanoseconds since 1970; None: no bound
    workers          1: one thread does everything. From 2 on, as many threads read one large pcap file (side_by_side.py); for other
                     inputs one extra thread finds and decodes packets. None: 2
    digests          compute each file's SHA-256. A separate thread does so until Reading.digests is called; small files, and files that
                     one thread reads, are hashed from the bytes as they are read
    listed           with a row for every flow; False: without the rows of a flood, which the verdict only counts (flows/lone.py)
    Errors           Unusable when no input could be read; a single bad input goes to Reading.unusable
    """
    sources, workers = found.sources, workers or 2
    aside = ThreadPoolExecutor(1)
    hashed = aside.map(Source.read_sha256, digested_aside(sources, workers) if digests else ())
    kept = [0]

    def wanted(blocks: Iterable[Block]) -> Iterator[Block]:
        return iter(blocks) if (start_ns, end_ns) == (None, None) else counted(within(blocks, start_ns, end_ns), kept)

    try:
        engine = side_by_side(sources, workers, wanted, progress)
        if engine is None:
            kept[0] = 0
            engine = collect(reported(wanted(in_time_order(sources)), sources, progress), sources, workers)
        if not kept[0]:
            check_span(sources, start_ns, end_ns)
        reading = reading_of(engine, found, topology, catalogue, (start_ns, end_ns), workers=workers, listed=listed)
    except BaseException:
        aside.shutdown(wait=False, cancel_futures=True)
        raise
    aside.shutdown(wait=False)
    reading.digests = lambda: digests_of(sources, reading.captures, hashed)
    return reading


def digests_of(sources: Sequence[Source], captures: Sequence[dict[str, Any]], hashed: Iterable[object]) -> list[str | None]:
    """The captures' SHA-256, also written to `captures`; consuming `hashed` waits for all of them."""
    for _ in hashed:
        pass
    for source, capture in zip(sources, captures, strict=True):
        capture["sha256"] = source.sha256
    return [source.sha256 for source in sources]


def digested_aside(sources: Sequence[Source], workers: int) -> list[Source]:
    """The sources that are hashed by a separate thread. The others (small ones, for example) are hashed while they are read."""
    for source in sources:
        source.digest_beside = source.is_held or (workers == 1 and source.is_plain)
    return [source for source in sources if not source.digest_beside]


def reading_of(
    engine: Engine,
    found: Inputs,
    topology: Topology,
    catalogue: Catalogue,
    window: Window = (None, None),
    *,
    workers: int = 1,
    listed: bool = True,
) -> Reading:
    """The flows, lookups and damage of all captures that were fed to the engine; empties the engine.

    workers   threads that make rows
    listed    as in read_found
    Errors    NothingReadable: no capture could be read
    """
    from analyzer.routes.discovery import discoveries_of

    sources = engine.sources
    unknown = [error for source in sources if (error := source.unreadable()) is not None]
    if len(unknown) == len(sources) and unknown + found.unusable:
        raise nothing_readable(found.unusable + unknown)
    contents, left_out = (engine.hand_over(), None) if listed else without_most_strangers(engine.hand_over())
    n_copies = int(contents.tables.counts[N_DUPLICATES])
    contents = with_tables_apart(contents)  # the tables take as much memory as the rows, and are freed once the rows are made
    named = engine.named(contents, workers)
    flows = routed(named.flows, topology, catalogue, workers)
    discoveries = discoveries_of(named.lookups, named.discoveries, topology)
    losses = losses_of(named, n_copies, len(sources))
    captures = [source.as_dict(own) for source, own in zip(sources, losses, strict=True)]
    unusable = found.unusable + [source.broke_off for source in sources if source.broke_off is not None]
    return Reading(flows, captures, unusable, found.skipped, topology, catalogue, *window, named.lookups, discoveries, left_out)


def routed(flows: pa.Table, topology: Topology, catalogue: Catalogue, workers: int = 1) -> pa.Table:
    """The flows with their routes and services. workers: from 2 on, services of many flows are looked up in a second thread."""
    from analyzer.routes.route import route_flows
    from analyzer.services.tag import tag_flows, tags_of, with_tags

    if workers > 1 and len(flows) >= MIN_FLOWS_FOR_THREAD and flows.nbytes <= MAX_MEMORY_BYTES:
        with ThreadPoolExecutor(1) as aside:
            tags = aside.submit(tags_of, flows, catalogue)
            return with_tags(route_flows(flows, topology), tags.result())
    flows = with_columns_spilled(route_flows(flows, topology), OF_ROUTES)
    return filled_by_ranges(flows, OF_SERVICES, lambda some: tag_flows(some, catalogue))


def side_by_side(
    sources: Sequence[Source], workers: int, wanted: Callable[[Iterable[Block]], Iterator[Block]], progress: Progress | None
) -> Engine | None:
    """An engine with all packets of one large file, read by several threads; None where the file has to be read in one pass."""
    from analyzer.side_by_side import can_be_cut, read_side_by_side

    spans = can_be_cut(sources, workers)
    if len(spans) < 2:
        return None
    (source,) = sources
    return read_side_by_side(source, spans, wanted, None if progress is None else lambda done: progress(done, source.size))


def collect(blocks: Iterable[Block], sources: Sequence[Source], workers: int = 1, limits: Limits = FILE_LIMITS) -> Engine:
    """An engine with all the packets counted and the streams' first bytes read. Memory grows with open flows, not with packets.

    workers   from 2 on, a second thread finds and decodes frames while earlier packets are counted and read. Pipes and live captures use
              one thread: packets that have arrived must be counted even if no more arrive
    """
    engine = Engine(sources, limits=limits)
    decoded = engine.decode(blocks)
    if (
        workers > 1
        and sum(source.size or 0 for source in sources) >= MIN_BYTES_FOR_THREAD
        and all(source.size is not None for source in sources)
    ):

        def give_up() -> None:
            for source in sources:
                source.give_up()

        with closing(ahead(decoded, BLOCKS_AHEAD, give_up)) as made:
            for one in made:
                engine.feed(one)
    else:
        for one in decoded:
            engine.feed(one)
            del one  # its room is that of the next
    return engine


def judge(reading: Reading) -> dict[str, Any]:
    """The verdict document of the contract, as plain data."""
    from analyzer.verdict import judge as judge_flows

    assert reading.topology is not None and reading.catalogue is not None
    window = {"start": reading.start_ns, "end": reading.end_ns}
    options = {name: rfc3339(time) for name, time in window.items() if time is not None}
    document = judge_flows(
        reading.flows,
        topology=reading.topology,
        catalogue=reading.catalogue,
        captures=reading.captures,
        discoveries=reading.discoveries,
        window=(reading.start_ns, reading.end_ns),
        lookups=reading.lookups,
        options=options,
        left_out=reading.left_out,
    )
    for capture, sha256 in zip(document["captures"], reading.digests(), strict=False):
        capture["sha256"] = sha256
    return document
