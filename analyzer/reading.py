"""Every kind of input, read: captures, parts and flow tables; by this process, by worker processes, or by a cluster.

Every run imports this module, and few have parts: modules that only parts need are imported where they are used (0.2 s).
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.capture.inputs import RESULTS, Inputs, no_results, open_inputs
from analyzer.capture.interleave import in_time_order
from analyzer.capture.progress import Progress
from analyzer.capture.source import Input, Source
from analyzer.engine import FILE_LIMITS, Engine
from analyzer.errors import NothingReadable, Unusable
from analyzer.parts.partial import Partial
from analyzer.pipeline import Reading, read_found, reading_of, routed
from analyzer.routes.topology import Proxy, Topology
from analyzer.tables import FLOW_SCHEMA
from analyzer.text.times import rows as rows_of
from analyzer.window import Window, check_span, counted, within

if TYPE_CHECKING:
    from analyzer.services.catalogue import Catalogue

PARQUET = RESULTS[1]


def read(
    inputs: Sequence[Input],
    *,
    topology: Topology,
    catalogue: Catalogue,
    start_ns: int | None = None,
    end_ns: int | None = None,
    workers: int | None = None,
    cluster: object = None,
    progress: Progress | None = None,
    digests: bool = True,
    packets: bool = False,
    listed: bool = True,
) -> Reading:
    """The flow table of all inputs together, with their captures, lookups and errors.

    inputs           paths, globs, directories, "-" for stdin, or binary file objects
    start_ns end_ns  keep only packets in [start_ns, end_ns), nanoseconds since 1970; None: no bound
    workers          number of processes, or of threads for one large pcap file; 1: one thread does everything; None: two threads
    cluster          a Dask client, or a scheduler's address
    digests          compute each file's SHA-256 while it is read
    packets          only captures are accepted: parts and flow tables are errors
    listed           with a row for every flow; False: where one process reads, without those that the verdict only counts
    Errors           Unusable when no input could be read; a single bad input goes to Reading.unusable
    """
    found = open_inputs(inputs, topology.vxlan_ports)
    if packets:
        no_results(found)
    window = (start_ns, end_ns)
    if found.results:
        return read_results(found, topology, catalogue, window, digests=digests)
    if found.sources and (cluster is not None or (workers or 1) > 1):
        from analyzer.workers.shared import read_shared_out

        shared = read_shared_out(found, topology, catalogue, window, workers or 1, cluster, progress, digests=digests)
        if shared is not None:
            return shared
    return read_found(
        found,
        topology=topology,
        catalogue=catalogue,
        start_ns=start_ns,
        end_ns=end_ns,
        workers=workers,
        progress=progress,
        digests=digests,
        listed=listed,
    )


def read_results(
    found: Inputs, topology: Topology, catalogue: Catalogue, window: Window = (None, None), *, digests: bool = True
) -> Reading:
    """The flows of all inputs together; a proxy found in any of them is known in all.

    Errors  Unusable: nothing could be read, or a window is given with parts, which hold no packets to select
    """
    parts, tables = parts_and_tables(found)
    if parts and window != (None, None):
        raise Unusable("a part holds no packets to choose from", "--start and --end", "give them to whichproxy flows --partial")
    if found.sources:
        parts.append(part_of_captures(found.sources, *window, digests=digests))
    if not parts and not tables:
        raise NothingReadable(found.unusable)
    if not parts:
        flows = joined_rows([_in_window(table, *window) for table in tables], topology, catalogue)
        return Reading(flows, [], found.unusable, found.skipped, topology, catalogue, *window)
    from analyzer.parts.together import together

    whole = together(parts)
    engine = Engine.of(whole)
    reading = reading_of(engine, found, topology, catalogue, whole.window if window == (None, None) else window)
    if tables:
        rows = [_in_window(table, reading.start_ns, reading.end_ns) for table in tables]
        reading.flows = joined_rows([reading.flows, *rows], topology, catalogue)
    return reading


def parts_and_tables(found: Inputs) -> tuple[list[Partial], list[pa.Table]]:
    """(the parts, the flow tables) among the inputs; errors of unreadable ones go to `found.unusable`."""
    from analyzer.parts.file import read_part
    from analyzer.row_files import read_rows

    parts: list[Partial] = []
    tables: list[pa.Table] = []
    for name in found.results:
        try:
            with Path(name).open("rb") as file:
                is_table = file.read(len(PARQUET)) == PARQUET
            if is_table:
                tables.append(read_rows(Path(name)).table)
            else:
                parts.append(read_part(Path(name)))
        except OSError as error:
            found.unusable.append(Unusable(error.strerror or str(error), name))
        except Unusable as error:
            found.unusable.append(error)
    return parts, tables


def part_of_captures(sources: Sequence[Source], start_ns: int | None = None, end_ns: int | None = None, *, digests: bool = True) -> Partial:
    """The captures' packets as one part. Errors: Unusable, no capture can be read, or no packet is in the window."""
    if digests:
        for source in sources:
            source.read_sha256()
    kept = [0]
    engine = Engine.piece(sources, FILE_LIMITS).read(counted(within(in_time_order(sources), start_ns, end_ns), kept))
    if not kept[0]:
        check_span(sources, start_ns, end_ns)
    unknown = [error for source in sources if (error := source.unreadable()) is not None]
    if len(unknown) == len(sources):
        raise NothingReadable(unknown)
    return engine.part((start_ns, end_ns))


def joined_rows(tables: Sequence[pa.Table], topology: Topology, catalogue: Catalogue) -> pa.Table:
    """The rows of all tables, each flow once, with routes and services computed over all of them.

    Proxy names and methods from the tables are kept where the topology names no proxies.
    """
    rows = pa.concat_tables(tables).combine_chunks()
    first = rows.append_column("row", pa.array(range(rows.num_rows), pa.int64())).group_by("id").aggregate([("row", "min")])["row_min"]
    rows = rows.take(first)
    order = pc.sort_indices(rows, sort_keys=[("first_seen", "ascending"), ("id", "ascending")])
    rows = rows.take(order)
    names = topology if topology.proxies else Topology(known_proxies(rows), topology.workstations, topology.policy, topology.issuers)
    return routed(rows, names, catalogue)


def known_proxies(rows: pa.Table) -> tuple[Proxy, ...]:
    """The proxies for which a row has a name or a method."""
    named = rows.filter(pc.or_(pc.is_valid(rows["proxy_name"]), pc.is_valid(rows["method"]))).group_by(["proxy", "proxy_name", "method"])
    return tuple(_proxy_of(row) for row in rows_of(named.aggregate([])) if row["proxy"])


def _proxy_of(row: dict[str, Any]) -> Proxy:
    address, _, port = row["proxy"].rpartition(":")
    methods = tuple(one for one in (row["method"] or "").split("/") if one)
    return Proxy(row["proxy_name"] or row["proxy"], ip_network(address.strip("[]")), int(port), methods)


def _in_window(table: pa.Table, start_ns: int | None, end_ns: int | None) -> pa.Table:
    """The flows that began in the window."""
    time = FLOW_SCHEMA.field("first_seen").type
    if start_ns is not None:
        table = table.filter(pc.greater_equal(table["first_seen"], pa.scalar(start_ns, time)))
    return table if end_ns is None else table.filter(pc.less(table["first_seen"], pa.scalar(end_ns, time)))
