"""The requests of all flows as flat columns, one entry per request to a proxy.

Whole-column work on 50,000 flows takes milliseconds; a Python object per request would take most of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KINDS = ("connect", "absolute", "socks4", "socks5")
CONNECT, ABSOLUTE, SOCKS4, SOCKS5 = range(4)

NO_STATUS = -1
"""status of a request whose answer wasn't captured."""

NO_TIME = np.iinfo(np.int64).min
"""Stands for a missing time among nanoseconds since 1970."""

LARGEST_CONNECT_BYTES = 2048
"""More than a CONNECT takes (public captures: 84 to 379 bytes), so that what comes beyond is the tunnel's."""


@dataclass(frozen=True)
class Requests:
    """Flat columns of `requests`, in row order, then in order on the connection.

    row         int64[n]   the flow's row
    kind        int64[n]   index into KINDS; -1: none of them
    port        int64[n]   asked for; -1: none
    status      int64[n]   HTTP status or SOCKS reply; NO_STATUS: no answer captured
    first_seen answered  int64[n]  ns since 1970, or NO_TIME
    last        bool[n]    nothing else was asked after it on its connection
    offered     bool[n]    it offers credentials
    continues   bool[n]    the answer's challenge carries the next token of its scheme, or stale=true
    host path location service plane   pyarrow string arrays of length n
    """

    row: Ints
    kind: Ints
    port: Ints
    status: Ints
    first_seen: Ints
    answered: Ints
    last: Bools
    offered: Bools
    continues: Bools
    host: pa.Array
    path: pa.Array
    location: pa.Array
    service: pa.Array
    plane: pa.Array


def times_ns(column: pa.Array | pa.ChunkedArray) -> Ints:
    """A time column as int64 nanoseconds since 1970, NO_TIME where it is null."""
    return integers(column.cast(pa.int64()), NO_TIME)


def integers(column: pa.Array | pa.ChunkedArray, missing: int) -> Ints:
    """A number column as int64, `missing` where it is null."""
    return np.asarray(
        pc.fill_null(column, missing).to_numpy(zero_copy_only=False)
        if isinstance(column, pa.Array)
        else pc.fill_null(column, missing).to_numpy()
    ).astype(np.int64, copy=False)


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column as one contiguous array."""
    if isinstance(column, pa.ChunkedArray):
        return (
            column.chunk(0)
            if column.num_chunks == 1
            else pa.concat_arrays(column.chunks)
            if column.num_chunks
            else pa.array([], column.type)
        )
    return column


def flat_requests(flows: pa.Table) -> Requests:
    """The `requests` column of the flow table, flattened."""
    lists = one_array(flows.column("requests"))
    row = integers(pc.list_parent_indices(lists), 0)
    entries = pc.list_flatten(lists)
    return Requests(
        row=row,
        kind=integers(pc.index_in(entries.field("kind"), value_set=pa.array(KINDS)), -1),
        port=integers(entries.field("port"), -1),
        status=integers(entries.field("status"), NO_STATUS),
        first_seen=times_ns(entries.field("first_seen")),
        answered=times_ns(entries.field("answered")),
        last=np.append(row[1:] != row[:-1], True)[: len(row)],
        offered=entries.field("offered").is_valid().to_numpy(zero_copy_only=False),
        continues=pc.fill_null(entries.field("continues"), False).to_numpy(zero_copy_only=False).astype(np.bool_),
        host=entries.field("host"),
        path=entries.field("path"),
        location=entries.field("location"),
        service=entries.field("service"),
        plane=entries.field("plane"),
    )


def bytes_both_ways(flows: pa.Table) -> Bools:
    """Per flow: whether bytes beyond the request itself went both ways, so that an unanswered last request became a tunnel.

    The answer may be missing from a capture while the tunnel goes on (as in suricata-verify bug-2512). From the server any
    byte will do, since no answer was found among them. From the client it takes a ClientHello, or more than a CONNECT holds.
    """
    hello = np.zeros(flows.num_rows, dtype=np.bool_)
    for name in ("client_random", "sni", "tls_offered"):
        hello |= one_array(flows.column(name)).is_valid().to_numpy(zero_copy_only=False)
    sent = integers(flows.column("bytes_out"), 0) - integers(flows.column("retransmitted"), 0)
    received = integers(flows.column("bytes_in"), 0)
    result: Bools = (received > 0) & (hello | (sent > LARGEST_CONNECT_BYTES))
    return result


def tunnelled_unanswered(requests: Requests, both_ways: Bools) -> Bools:
    """Per request: no answer was captured, yet tunnel bytes follow in both directions.

    Only the last request of a connection can have become its tunnel, and only CONNECT and SOCKS make tunnels.
    """
    result: Bools = (
        (requests.status == NO_STATUS) & requests.last & (requests.kind != ABSOLUTE) & (requests.kind >= 0) & both_ways[requests.row]
    )
    return result
