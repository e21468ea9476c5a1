"""Parts and flow tables as inputs: what came of captures that were read before, here or elsewhere, together with captures or without.

Every run passes here, and few have parts: what only they need is imported where it is used (0.2 s).
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
from analyzer.capture.source import Input, Source
from analyzer.errors import NothingReadable, Unusable
from analyzer.pipeline import Progress, Reading, check_span, counted, judged_by, read_found, within
from analyzer.routes.topology import Proxy, Topology
from analyzer.tables import FLOW_SCHEMA
from analyzer.text.times import rows as rows_of

if TYPE_CHECKING:
    from analyzer.parts.partial import Partial
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
    """As pipeline.read, of captures, parts and flow tables, by as many processes as `workers` says, or by a Dask cluster.

    cluster   a Dask client, or a scheduler's address
    packets   parts and flow tables are errors, as nothing but packets is of use
    listed    with a row for every flow; False: where one process reads, without those that the verdict only counts
    """
    found = open_inputs(inputs, topology.vxlan_ports)
    if packets:
        no_results(found)
    if found.results:
        return read_results(found, topology, catalogue, start_ns, end_ns, digests=digests)
    if found.sources and (cluster is not None or (workers or 1) > 1):
        shared = read_shared_out(found, topology, catalogue, start_ns, end_ns, workers or 1, cluster, progress, digests=digests)
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
    found: Inputs, topology: Topology, catalogue: Catalogue, start_ns: int | None, end_ns: int | None, *, digests: bool = True
) -> Reading:
    """The flows of all inputs together; proxies that any of them shows are known in all.

    Errors  Unusable: nothing could be read, or a window is asked of parts, which have no packets to choose from
    """
    from analyzer.parts.partial import named_whole
    from analyzer.parts.together import together

    parts, tables = parts_and_tables(found)
    if parts and (start_ns is not None or end_ns is not None):
        raise Unusable("a part holds no packets to choose from", "--start and --end", "give them to whichproxy flows --partial")
    if found.sources:
        parts.append(part_of_captures(found.sources, start_ns, end_ns, digests=digests))
    if not parts and not tables:
        raise NothingReadable(found.unusable)
    whole = together(parts)
    sources = [one.source() for one in whole.inputs]
    if sources:
        flows, lookups, discoveries = judged_by(*named_whole(whole), sources, topology, catalogue)
        start_ns, end_ns = whole.window if start_ns is None and end_ns is None else (start_ns, end_ns)
    else:
        flows, lookups, discoveries = FLOW_SCHEMA.empty_table(), None, []
    if tables:
        rows = [_in_window(table, start_ns, end_ns) for table in tables]
        flows = joined_rows([flows, *rows] if sources else rows, topology, catalogue)
    captures = [source.as_dict() for source in sources]
    return Reading(flows, captures, found.unusable, found.skipped, topology, catalogue, start_ns, end_ns, lookups, discoveries)


def read_shared_out(
    found: Inputs,
    topology: Topology,
    catalogue: Catalogue,
    start_ns: int | None,
    end_ns: int | None,
    workers: int,
    cluster: object,
    progress: Progress | None,
    *,
    digests: bool,
    run_bytes: int | None = None,
) -> Reading | None:
    """As pipeline.read, the captures read by processes or a cluster; None where they can't be shared out, or are too small to be."""
    from analyzer.parts.executor import executor_of
    from analyzer.parts.plan import can_be_shared_out, runs_of
    from analyzer.parts.run import read_runs

    if not can_be_shared_out(found.sources):
        return None
    names = [source.name for source in found.sources]
    with executor_of(workers, cluster) as executor:
        runs = runs_of(found.sources, executor.workers, start_ns, end_ns, digests=digests, run_bytes=run_bytes)
        if len(runs) < 2:
            return None
        whole = read_runs(runs, executor, names, progress)
    return reading_of(whole, found, topology, catalogue, start_ns, end_ns)


def reading_of(
    whole: Partial, found: Inputs, topology: Topology, catalogue: Catalogue, start_ns: int | None, end_ns: int | None
) -> Reading:
    """What came of the captures, of which all packets are in one part. Errors: NothingReadable; Unusable, the window has no packet."""
    from analyzer.parts.partial import named_whole

    sources = [one.source() for one in whole.inputs]
    if not any(one["packets"] for one in whole.tables.sides[:1]):
        check_span(sources, start_ns, end_ns)
    unknown = [error for source in sources if (error := source.unreadable()) is not None]
    if len(unknown) == len(sources):
        raise NothingReadable(found.unusable + unknown)
    flows, lookups, discoveries = judged_by(*named_whole(whole), sources, topology, catalogue)
    captures = [source.as_dict() for source in sources]
    return Reading(flows, captures, found.unusable + unknown, found.skipped, topology, catalogue, start_ns, end_ns, lookups, discoveries)


def parts_and_tables(found: Inputs) -> tuple[list[Partial], list[pa.Table]]:
    """(the parts, the flow tables) among the inputs; what can't be read goes to `unusable`."""
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
    """What the captures' packets say, as one part. Errors: Unusable, nothing of them can be read, or no packet is in the window."""
    from analyzer.parts.partial import Partial, collect_piece

    if digests:
        for source in sources:
            source.read_sha256()
    kept = [0]
    part = collect_piece(counted(within(in_time_order(sources), start_ns, end_ns), kept), sources)
    if not kept[0]:
        check_span(sources, start_ns, end_ns)
    unknown = [error for source in sources if (error := source.unreadable()) is not None]
    if len(unknown) == len(sources):
        raise NothingReadable(unknown)
    return Partial(part.names, part.starts, part.tables, part.parts, part.inputs, (start_ns, end_ns))


def joined_rows(tables: Sequence[pa.Table], topology: Topology, catalogue: Catalogue) -> pa.Table:
    """The rows of all tables, each flow once, their routes and services worked out over all of them.

    Names and methods that the tables have stay where the topology says nothing.
    """
    from analyzer.routes.route import route_flows
    from analyzer.services.tag import tag_flows

    rows = pa.concat_tables(tables).combine_chunks()
    first = rows.append_column("row", pa.array(range(rows.num_rows), pa.int64())).group_by("id").aggregate([("row", "min")])["row_min"]
    rows = rows.take(first)
    order = pc.sort_indices(rows, sort_keys=[("first_seen", "ascending"), ("id", "ascending")])
    rows = rows.take(order)
    names = topology if topology.proxies else Topology(known_proxies(rows), topology.workstations, topology.policy, topology.issuers)
    return tag_flows(route_flows(rows, names), catalogue)


def known_proxies(rows: pa.Table) -> tuple[Proxy, ...]:
    """The proxies that the rows have a name or a method for."""
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
