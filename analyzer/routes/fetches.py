"""The two legs of a fetch by plain HTTP: client → proxy and proxy → origin, known by what was asked, when, and how much came.

Nothing in plain HTTP is made anew for every request, so this is likely and never proven. A pair is made only where one leg alone
fits and fits nothing else: a connection that the proxy opened between the request and its answer, for the same host and path,
whose answer is as long but for header fields. Proxies keep connections to origins: of such a one only the first request counts.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, integers, one_array, times_ns

HEADERS_BYTES = 2048
"""How far the two legs' answers may be apart: a proxy adds and takes header fields (Via, X-Cache, Connection)."""


def fetch_of(flows: pa.Table, ends: Ends, requests: Requests, to_proxy: Bools, upstream: Bools) -> Ints:
    """Per flow, the row of the client leg of the fetch whose origin leg it is; -1 where it is none.

    Only connections with one request are client legs: of several it can't be told which bytes are whose.
    """
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    n_requests = np.bincount(requests.row, minlength=flows.num_rows)
    asked = np.flatnonzero((requests.kind == ABSOLUTE) & to_proxy[requests.row] & (n_requests[requests.row] == 1))
    hosts = one_array(flows.column("http_host"))
    beyond = np.flatnonzero(upstream & ends.tcp & hosts.is_valid().to_numpy(zero_copy_only=False) & (n_requests == 0))
    if not len(asked) or not len(beyond):
        return result
    wanted = _names(requests.host.take(array(asked)), requests.path.take(array(asked)))
    found = _names(hosts.take(array(beyond)), one_array(flows.column("http_path")).take(array(beyond)))
    first, received = times_ns(flows.column("first_seen")), integers(flows.column("bytes_in"), 0)
    legs: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row, name in zip(beyond.tolist(), found, strict=True):
        legs[int(ends.client[row]), name].append(row)
    fits: dict[int, list[int]] = {}
    for position, name in zip(asked.tolist(), wanted, strict=True):
        row, begin, end = int(requests.row[position]), requests.first_seen[position], requests.answered[position]
        others = np.array(legs.get((int(ends.server[row]), name), []), dtype=np.int64)
        if begin == NO_TIME or end == NO_TIME or not len(others):
            continue
        in_time = (first[others] >= begin) & (first[others] <= end)
        fits[row] = others[in_time & (np.abs(received[others] - received[row]) <= HEADERS_BYTES)].tolist()
    counts = np.bincount([other for others in fits.values() for other in others], minlength=flows.num_rows)
    for row, fitting in fits.items():
        if len(fitting) == 1 and counts[fitting[0]] == 1:
            result[fitting[0]] = row
    return result


def _names(hosts: pa.Array, paths: pa.Array) -> list[str]:
    """Host and path as one text each, comparable: an empty path is that of the root (RFC 9110 4.2.3)."""
    host = pc.utf8_rtrim(pc.utf8_lower(pc.fill_null(hosts, "")), characters=".")
    texts: list[str] = pc.binary_join_element_wise(host, pc.fill_null(paths, "/"), "").to_pylist()
    return texts
