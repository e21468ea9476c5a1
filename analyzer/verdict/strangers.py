"""Strangers: addresses with a single SYN each and no other packet, too many to be listed.

A workstation that waits for an answer sends its SYN again; a scan's or a flood's forged address doesn't. Strangers are only counted, in
a finding: they are neither sources nor direct traffic.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Finding
from analyzer.flows.lone import LeftOut
from analyzer.text.times import rfc3339, span_of
from analyzer.text.words import counted

MAX_LISTED: Final = 1_000
"""Up to so many are treated like any other source: a few lone SYNs are connections that the capture's end cut off."""

FLOWS_NAMED: Final = 20


def set_strangers_aside(flows: pa.Table, left_out: LeftOut | None = None) -> tuple[pa.Table, list[Finding]]:
    """(the flows without strangers, the finding that counts them); the unchanged table where there are few.

    left_out   strangers without a row in the table, in addition to those with one
    """
    more = left_out or LeftOut(0, 0)
    lone = _lone_syns(flows)
    if (pc.sum(lone).as_py() or 0) <= MAX_LISTED:
        return flows, []
    client = flows.column("client_ip")
    known = pc.unique(client.filter(pc.invert(lone)))
    # An address that is also a server, a proxy or a workstation is no stranger, even if its SYNs were forged.
    known = pc.unique(pa.chunked_array([known, pc.unique(flows.column("server_ip"))]))
    strange = pc.and_(lone, pc.invert(pc.is_in(client, value_set=known)))
    strangers = flows.filter(strange)
    n = len(pc.unique(strangers.column("client_ip"))) + more.clients
    if n <= MAX_LISTED:
        return flows, []
    return flows.filter(pc.invert(strange)).combine_chunks(), [_finding(strangers, n, strangers.num_rows + more.flows)]


def _lone_syns(flows: pa.Table) -> pa.ChunkedArray:
    """bool[n]: TCP flows of one packet of the client, without payload in either direction."""
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
