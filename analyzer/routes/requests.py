"""The requests of all flows as flat columns, one entry per request to a proxy.

Array operations on 50,000 flows take milliseconds; a Python object per request would take most of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KINDS = ("connect", "absolute", "socks4", "socks5")
CONNECT, ABSOLUTE, SOCKS4, SOCKS5 = range(4)

BY_STEPS = ("ntlm", "negotiate")

NO_STATUS = -1
"""status of a request whose answer wasn't captured."""

NO_TIME = np.iinfo(np.int64).min
"""The value of a missing time in nanoseconds since 1970."""

LARGEST_CONNECT_BYTES = 2048
"""More than a CONNECT takes (public captures: 84 to 379 bytes), so that further bytes are the tunnel's."""


@dataclass(frozen=True)
class Requests:
    """Flat columns of `requests`, in row order, then in order on the connection.

    row         int64[n]   the flow's row
    kind        int64[n]   index into KINDS; -1: none of them
    port        int64[n]   the requested port; -1: none
    status      int64[n]   HTTP status or SOCKS reply; NO_STATUS: no answer captured
    first_seen answered  int64[n]  ns since 1970, or NO_TIME
    last        bool[n]    no other request follows on its connection
    offered     bool[n]    it offers credentials
    by_steps    bool[n]    the credentials' scheme exchanges tokens in several steps: NTLM or Negotiate
    continues   bool[n]    the answer's challenge carries the next token of its scheme, or stale=true
    html        bool[n]    the answer is HTML by its Content-Type
    cut         bool[n]    the answer's head goes on beyond the captured bytes, which may contain the missing fields host path location
    service plane   pyarrow string arrays of length n
    """

    row: Ints
    kind: Ints
    port: Ints
    status: Ints
    first_seen: Ints
    answered: Ints
    last: Bools
    offered: Bools
    by_steps: Bools
    continues: Bools
    html: Bools
    cut: Bools
    host: pa.Array
    path: pa.Array
    location: pa.Array
    service: pa.Array
    plane: pa.Array

    @cached_property
    def names(self) -> Names:
        """The requested hosts by number."""
        return Names.of(self.host)


class Names(NamedTuple):
    """Host names by number, equal for all spellings of one name.

    code    int64[n]   of each of the given hosts; -1: null
    texts   the distinct names, as same_host writes them
    """

    code: Ints
    texts: pa.Array

    @staticmethod
    def of(hosts: pa.Array) -> Names:
        """The names of these hosts. Each spelling is normalised once, however often it occurs."""
        spellings = hosts.dictionary_encode()
        names = same_host(spellings.dictionary).dictionary_encode()
        by_spelling = np.append(integers(names.indices, -1), -1)
        return Names(by_spelling[integers(spellings.indices, -1)], names.dictionary)

    def code_of(self, hosts: pa.Array) -> Ints:
        """int64[n]: the numbers of other hosts; -1 where null, or none of these names."""
        return integers(pc.index_in(same_host(hosts), value_set=self.texts), -1)


def times_ns(column: pa.Array | pa.ChunkedArray) -> Ints:
    """A time column as int64 nanoseconds since 1970, NO_TIME where it is null."""
    return integers(column.cast(pa.int64()), NO_TIME)


def integers(column: pa.Array | pa.ChunkedArray, missing: int) -> Ints:
    """A number column as int64, `missing` where it is null."""
    if column.null_count == len(column):
        return np.full(len(column), missing, np.int64)
    whole = one_array(column) if not column.null_count else pc.fill_null(one_array(column), missing)
    return np.asarray(whole.to_numpy(zero_copy_only=False)).astype(np.int64, copy=False)


def bools(column: pa.Array) -> Bools:
    """A boolean column as a numpy array, null as False."""
    if column.null_count == len(column):
        return np.zeros(len(column), np.bool_)
    whole = column if not column.null_count else pc.fill_null(column, False)
    return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.bool_)


def are_valid(column: pa.Array) -> Bools:
    """Per value: whether it isn't null."""
    if column.null_count in (0, len(column)):
        return np.full(len(column), not column.null_count)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


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
        by_steps=bools(pc.is_in(entries.field("offered"), value_set=pa.array(BY_STEPS))),
        continues=bools(entries.field("continues")),
        html=bools(entries.field("html")),
        cut=bools(entries.field("cut")),
        host=entries.field("host"),
        path=entries.field("path"),
        location=entries.field("location"),
        service=entries.field("service"),
        plane=entries.field("plane"),
    )


def same_host(hosts: pa.Array) -> pa.Array:
    """Names made comparable: lower case, without the final dot (RFC 4343, RFC 1034 3.1)."""
    return pc.utf8_rtrim(pc.utf8_lower(hosts), characters=".")
