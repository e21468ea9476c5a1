"""Strangers: addresses of which a single SYN was seen each and nothing else, in such numbers that a list of them is no use to anybody.

A workstation that waits for an answer sends its SYN again; an address that a scan or a flood made up doesn't. They are counted in
a finding and nowhere else: they are no sources, and didn't go past the proxies.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Finding
from analyzer.flows.lone import LeftOut
from analyzer.text.times import rfc3339, span_of
from analyzer.text.words import counted

MOST_LISTED: Final = 1_000
"""Up to so many are sources like any other: a few lone SYNs are the first of somebody whom the capture's end cut off."""

FLOWS_NAMED: Final = 20


def set_strangers_aside(flows: pa.Table, left_out: LeftOut | None = None) -> tuple[pa.Table, list[Finding]]:
    """(the flows without those of strangers, the finding that counts them); the table as it is where they are few.

    left_out   strangers that the table has no row of, beside those that it has
    """
    more = left_out or LeftOut(0, 0)
    lone = _lone_syns(flows)
    if (pc.sum(lone).as_py() or 0) <= MOST_LISTED:
        return flows, []
    client = flows.column("client_ip")
    known = pc.unique(client.filter(pc.invert(lone)))
    # A server that is spoken to, a proxy or a workstation is nobody unknown, whatever else came in its name.
    known = pc.unique(pa.chunked_array([known, pc.unique(flows.column("server_ip"))]))
    strange = pc.and_(lone, pc.invert(pc.is_in(client, value_set=known)))
    strangers = flows.filter(strange)
    n = len(pc.unique(strangers.column("client_ip"))) + more.clients
    if n <= MOST_LISTED:
        return flows, []
    return flows.filter(pc.invert(strange)).combine_chunks(), [_finding(strangers, n, strangers.num_rows + more.flows)]


def _lone_syns(flows: pa.Table) -> pa.ChunkedArray:
    """bool[n]: one packet of the client's, without payload in either direction, and nothing that was asked."""
    alone = pc.and_(pc.equal(flows.column("protocol"), "tcp"), pc.equal(flows.column("packets_out"), 1))
    silent = pc.and_(pc.equal(flows.column("bytes_out"), 0), pc.equal(flows.column("bytes_in"), 0))
    begun = pc.not_equal(flows.column("state"), "mid-stream")
    return pc.fill_null(pc.and_(pc.and_(alone, silent), begun), False)


def _finding(strangers: pa.Table, n: int, n_flows: int) -> Finding:
    ends = pa.table({"server": strangers.column("server_ip"), "port": strangers.column("server_port")}).group_by(["server", "port"])
    servers = ends.aggregate([]).num_rows
    text = (
        f"{counted(n, 'address')} sent one SYN each or a few, never again, and nothing else ({counted(n_flows, 'flow')} to"
        f" {counted(servers, 'server')}): counted, and not listed as sources"
    )
    begin, end = span_of(strangers.column("first_seen"), strangers.column("last_seen"))
    return Finding(
        "strangers-counted",
        text,
        first_seen=None if begin is None else rfc3339(begin),
        last_seen=None if end is None else rfc3339(end),
        flows=strangers.column("id").slice(0, FLOWS_NAMED).to_pylist(),
    )
