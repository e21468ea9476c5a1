"""The legs of plain HTTP fetches: client → proxy and proxy → origin or parent, matched by request and time.

Nothing in plain HTTP is unique to a request, so a match is likely and never proven. Two requests are matched only where each fits no
other: for the same host and path, by the proxy's address, between the client's request and its answer; and, where a connection carries
nothing else on both sides, with an answer of the same length except header fields. Proxies keep connections: toward a parent every request
is known, so one connection may serve several clients; toward an origin only the first is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import is_known
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, integers, one_array, times_ns
from analyzer.routes.tunnels import granted

HEADERS_BYTES = 2048
"""How much the two legs' answers may differ: a proxy adds and removes header fields (Via, X-Cache, Connection)."""


class PlainRequests(NamedTuple):
    """Plain requests on one kind of leg: the flow's row, the proxy's address, host and path as a text, the times of request and answer, and
    whether the connection carried no other request."""

    row: Ints
    proxy: Ints
    name: pa.Array
    asked: Ints
    answered: Ints
    alone: Bools


def fetches(flows: pa.Table, ends: Ends, requests: Requests, to_proxy: Bools, upstream: Bools) -> tuple[Ints, Ints]:
    """(rows of legs behind proxies, the rows of the client legs whose requests they carried), pair by pair, in order of time.

    to_proxy   bool[n]   client legs;  upstream   bool[n]   flows that a proxy's address opened
    """
    none = np.zeros(0, dtype=np.int64)
    behind = _of_proxies(flows, ends, requests, upstream)
    before = _of_clients(flows, ends, requests, to_proxy) if len(behind.row) else behind
    if not len(before.row):
        return none, none
    names = pa.concat_arrays([before.name, behind.name]).dictionary_encode()
    code = integers(names.indices, -1)
    key = np.concatenate([before.proxy, behind.proxy]) * (len(names.dictionary) + 1) + code
    wanted, found = key[: len(before.row)], key[len(before.row) :]
    order = np.lexsort((behind.asked, found))
    order = order[np.isin(found[order], wanted)]
    times: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for position in order.tolist():
        moments, positions = times[int(found[position])]
        moments.append(int(behind.asked[position]))
        positions.append(position)
    received = integers(flows.column("bytes_in"), 0)
    fits: dict[int, list[int]] = {}
    timed = (before.asked != NO_TIME) & (before.answered != NO_TIME) & np.isin(wanted, found)
    for position in np.flatnonzero(timed).tolist():
        moments, positions = times[int(wanted[position])]
        begin, end = bisect_left(moments, before.asked[position]), bisect_right(moments, before.answered[position])
        fits[position] = [p for p in positions[begin:end] if _as_long(before, behind, received, position, p)]
    counts = np.bincount([p for each in fits.values() for p in each], minlength=len(behind.row))
    pairs = [(each[0], position) for position, each in fits.items() if len(each) == 1 and counts[each[0]] == 1]
    pairs.sort(key=lambda pair: (behind.row[pair[0]], behind.asked[pair[0]]))
    beyond, client = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True)) if pairs else (none, none)
    return behind.row[beyond], before.row[client]


def _as_long(before: PlainRequests, behind: PlainRequests, received: Ints, one: int, other: int) -> bool:
    """Whether the answers agree: in length, where no other came; else the proxy's came first, where its time is known."""
    if before.alone[one] and behind.alone[other]:
        return bool(abs(received[before.row[one]] - received[behind.row[other]]) <= HEADERS_BYTES)
    return bool(behind.answered[other] == NO_TIME or behind.answered[other] <= before.answered[one])


def _of_clients(flows: pa.Table, ends: Ends, requests: Requests, to_proxy: Bools) -> PlainRequests:
    """Absolute-form requests, and the plain request inside a tunnel, whose origin leg is opened before the tunnel is granted."""
    counts = np.bincount(requests.row, minlength=flows.num_rows)
    fetched = (requests.kind == ABSOLUTE) & to_proxy[requests.row]
    inside = is_known(flows, "http_path") & is_known(flows, "http_host") & ~is_known(flows, "client_hello_at")
    tunnel = granted(requests) & requests.last & (to_proxy & inside)[requests.row]
    at = np.flatnonzero(fetched | tunnel)
    row = requests.row[at]
    where = array(row)
    of_flow = _names(one_array(flows.column("http_host")).take(where), one_array(flows.column("http_path")).take(where))
    asked = _names(requests.host.take(array(at)), requests.path.take(array(at)))
    name = pc.if_else(array(fetched[at]), asked, of_flow)
    return PlainRequests(row, ends.server[row], name, requests.first_seen[at], requests.answered[at], counts[row] == 1)


def _of_proxies(flows: pa.Table, ends: Ends, requests: Requests, upstream: Bools) -> PlainRequests:
    """The first request to each origin, and every absolute-form request to a parent."""
    counts = np.bincount(requests.row, minlength=flows.num_rows)
    first = np.flatnonzero(upstream & ends.tcp & is_known(flows, "http_host") & (counts == 0))
    where = array(first)
    at = np.flatnonzero((requests.kind == ABSOLUTE) & upstream[requests.row])
    row = np.concatenate([first, requests.row[at]])
    name = pa.concat_arrays(
        [
            _names(one_array(flows.column("http_host")).take(where), one_array(flows.column("http_path")).take(where)),
            _names(requests.host.take(array(at)), requests.path.take(array(at))),
        ]
    )
    asked = np.concatenate([times_ns(flows.column("first_seen"))[first], requests.first_seen[at]])
    answered = np.concatenate([np.full(len(first), NO_TIME, dtype=np.int64), requests.answered[at]])
    alone = np.concatenate([np.ones(len(first), dtype=np.bool_), counts[requests.row[at]] == 1])
    known = asked != NO_TIME
    return PlainRequests(row[known], ends.client[row[known]], name.filter(array(known)), asked[known], answered[known], alone[known])


def _names(hosts: pa.Array, paths: pa.Array) -> pa.Array:
    """Host and path as one comparable text each; an empty path equals that of the root (RFC 9110 4.2.3)."""
    host = pc.utf8_rtrim(pc.utf8_lower(pc.fill_null(hosts, "")), characters=".")
    return pc.binary_join_element_wise(host, pc.fill_null(paths, "/"), "")
