"""TLS opened on the way: the proxy's own leg for a tunnel carries another ClientHello than the client's.

A proxy that passes a tunnel on repeats the client's ClientHello bit for bit (legs.py). One that opens TLS sends a hello of its own, for the
same host, between the client's request and a moment after the client's hello. This proves inspection only if nothing else explains the leg:
it is the leg of no other tunnel, and no hello of this client to this host passed this proxy unchanged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_STATUS, NO_TIME, Bools, Ints, Requests, integers, one_array, times_ns

LATEST_NS = 5 * 10**9
"""Most time from the client's hello to the proxy's own: the proxy connects to the origin first."""

Candidates = dict[int, list[int]]
"""A client leg's row → rows that may be its origin leg."""


def opened_tunnels(flows: pa.Table, ends: Ends, requests: Requests, leg: Ints, to_proxy: Bools, upstream: Bools) -> tuple[Bools, Ints]:
    """Per flow: whether it is a leg of a tunnel that was opened on the way; and for an origin leg its client leg's row, else -1.

    leg        int64[n]  from legs.client_leg_of: tunnels that are proven untouched
    to_proxy   bool[n]   client legs;  upstream  bool[n]  flows that a proxy's address opened

    Where several tunnels to one host are open at once, it may be certain that each was opened, but not which leg belongs to which: such
    flows are marked, without a pair.
    """
    opened, pair = np.zeros(flows.num_rows, dtype=np.bool_), np.full(flows.num_rows, -1, dtype=np.int64)
    marked: list[int] = []
    for legs in _candidates(flows, ends, requests, leg, to_proxy, upstream):
        fixed = _only_ways(legs)
        taken = set(fixed.values())
        free = {row: [other for other in others if other not in taken] for row, others in legs.items() if row not in fixed}
        rest = {row: others for row, others in free.items() if others}
        marked += [*fixed, *taken, *_all_served(rest)]
        pair[list(fixed.values())] = list(fixed)
    opened[marked] = True
    return opened, pair


def _candidates(flows: pa.Table, ends: Ends, requests: Requests, leg: Ints, to_proxy: Bools, upstream: Bools) -> Iterator[Candidates]:
    """For each proxy and host: the tunnels without a known origin leg, and their candidates."""
    hello = times_ns(flows.column("client_hello_at"))
    whole = one_array(flows.column("client_random")).is_valid().to_numpy(zero_copy_only=False) & ends.tcp & (hello != NO_TIME)
    origins = whole & upstream & (leg < 0)
    if not origins.any():
        return
    paired = np.zeros(flows.num_rows, dtype=np.bool_)
    paired[leg[leg >= 0]] = True
    host = _hosts(flows)
    asked, answered = _request_times(flows.num_rows, requests)
    known = host >= 0
    untouched = set(_keys(ends.client, ends.server, host, np.flatnonzero(paired & known)))
    by_proxy: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in np.flatnonzero(origins & known).tolist():
        by_proxy[int(ends.client[row]), int(host[row])].append(row)
    tunnels: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in np.flatnonzero(whole & to_proxy & ~paired & known & (asked != NO_TIME)).tolist():
        key = (int(ends.server[row]), int(host[row]))
        if key in by_proxy and (int(ends.client[row]), *key) not in untouched:
            tunnels[key].append(row)
    first = times_ns(flows.column("first_seen"))
    blind: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in np.flatnonzero(to_proxy & ends.tcp & ~whole & ~paired & known & (asked != NO_TIME)).tolist():
        blind[int(ends.server[row]), int(host[row])].append(row)
    unread: dict[int, list[int]] = defaultdict(list)  # whose host, or request, wasn't captured either: it may be any of the proxy's
    said = integers(flows.column("bytes_out"), 0) > 0
    for row in np.flatnonzero(to_proxy & ends.tcp & ~whole & ~paired & ~(known & (asked != NO_TIME)) & said & (first != NO_TIME)).tolist():
        unread[int(ends.server[row])].append(row)
    latest = times_ns(flows.column("last_seen")) + LATEST_NS
    began, hello_at, asked_at, answered_at = first.tolist(), hello.tolist(), asked.tolist(), answered.tolist()
    for key, rows in tunnels.items():
        others = np.array(by_proxy[key])
        # A leg that may belong to a tunnel whose hello wasn't captured proves nothing about another tunnel.
        others = others[~_in_any(first[others], asked[blind[key]], answered[blind[key]] + LATEST_NS)]
        others = others[~_in_any(first[others], first[unread[key[0]]], latest[unread[key[0]]])]
        others = others[np.argsort(hello[others])]
        by_hello, hellos = others.tolist(), hello[others].tolist()
        legs: Candidates = {}
        for row in rows:
            near = sorted(by_hello[bisect_left(hellos, asked_at[row]) : bisect_right(hellos, hello_at[row] + LATEST_NS)])
            fits = [other for other in near if began[other] >= asked_at[row]]
            # If a proxy connects before it answers, its leg begins between the request and the answer.
            legs[row] = [other for other in fits if began[other] <= answered_at[row]] or fits
        yield legs


def _in_any(moments: Ints, begins: Ints, ends: Ints) -> Bools:
    """Per time whether it lies in any of these spans; each end is part of its span."""
    true = ends >= begins
    begun, over = np.sort(begins[true]), np.sort(ends[true])
    result: Bools = np.searchsorted(begun, moments, side="right") > np.searchsorted(over, moments)
    return result


def _keys(*columns_and_rows: Ints) -> Iterator[tuple[int, ...]]:
    *columns, rows = columns_and_rows
    return zip(*(column[rows].tolist() for column in columns), strict=True)


def _hosts(flows: pa.Table) -> Ints:
    """Per flow a number for the name in its ClientHello, else for the requested name; -1 without any."""
    name = pc.coalesce(one_array(flows.column("sni")), one_array(flows.column("requested_host")))
    return integers(pc.utf8_rtrim(pc.utf8_lower(name), characters=".").dictionary_encode().indices, -1)


def _request_times(n: int, requests: Requests) -> tuple[Ints, Ints]:
    """Per flow when its last request was made, and answered; NO_TIME where unknown."""
    asked, answered = np.full(n, NO_TIME, dtype=np.int64), np.full(n, NO_TIME, dtype=np.int64)
    last = requests.last & (requests.status != NO_STATUS)
    asked[requests.row[last]] = requests.first_seen[last]
    answered[requests.row[last]] = requests.answered[last]
    return asked, answered


def _only_ways(legs: Candidates) -> dict[int, int]:
    """Client leg → origin leg where only one match is possible: the tunnel has one candidate, and the leg fits no other tunnel."""
    wanted: dict[int, int] = defaultdict(int)
    for others in legs.values():
        for other in others:
            wanted[other] += 1
    return {row: others[0] for row, others in legs.items() if len(others) == 1 and wanted[others[0]] == 1}


def _all_served(legs: Candidates) -> list[int]:
    """The rows of all tunnels and their legs, if every tunnel can have a leg of its own (bipartite matching); else none."""
    taken: dict[int, int] = {}

    def serve(row: int, tried: set[int]) -> bool:
        for other in legs[row]:
            if other in tried:
                continue
            tried.add(other)
            if other not in taken or serve(taken[other], tried):
                taken[other] = row
                return True
        return False

    if len(legs) > MAX_TUNNELS or not all(serve(row, set()) for row in legs):
        return []
    return [*legs, *taken]


MAX_TUNNELS = 200
"""Tunnels of one proxy to one host that are matched at once; of more, nothing is concluded."""
