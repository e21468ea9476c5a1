"""Egress addresses of proxies behind a NAT: they open the proxies' connections to origins, and are no sources.

A gateway that is captured on both sides shows a proxy's connections under the NAT's address only. The address is a proxy's if one of its
connections carries a tunnel's ClientHello, or a plain request with a Via while a proxy is asked for the same; or if all its connections, at
least three, go to hosts that a proxy is being asked for at that moment, as where TLS is opened on the way. All other connections from there
are then a proxy's too: its retries, its checks, its fetches of revocation lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import is_known
from analyzer.routes.numbers import distinct
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, integers, one_array, same_host, times_ns

LEAST_CONNECTIONS = 3
"""An unrelated client may request a host while a proxy is asked for it, but not three times and nothing else."""

Egress = dict[int, set[int]]
"""An address → the proxies known to use it for their connections; both as codes of Ends."""


def egress_of(flows: pa.Table, ends: Ends, requests: Requests, leg: Ints, direct: Bools, to_proxy: Bools) -> Egress:
    """The egress addresses of proxies. An address that asks a proxy itself, or whose connections a proxy carries, is none.

    leg        int64[n]  from legs.client_leg_of
    direct     bool[n]   flows of addresses not known to be a proxy's, without copies
    to_proxy   bool[n]   client legs
    """
    found: Egress = defaultdict(set)
    by_hello = np.flatnonzero(direct & (leg >= 0))
    for row, client_leg in zip(by_hello.tolist(), leg[by_hello].tolist(), strict=True):
        found[int(ends.client[row])].add(int(ends.server[client_leg]))
    for row, proxy in _by_request(flows, ends, requests, direct & (leg < 0), to_proxy):
        found[int(ends.client[row])].add(proxy)
    for client in _by_moment(flows, ends, requests, direct & (leg < 0), to_proxy):
        found.setdefault(client, set())
    sources = set(ends.client[to_proxy].tolist()) if found else set()
    return {client: proxies for client, proxies in found.items() if client not in sources}


def as_proxies(ends: Ends, egress: Egress) -> Ends:
    """The ends, with each address that is one proxy's egress replaced by the proxy."""
    client = ends.client.copy()
    for address, proxies in egress.items():
        if len(proxies) == 1:
            client[ends.client == address] = next(iter(proxies))
    return ends._replace(client=client)


def _by_request(flows: pa.Table, ends: Ends, requests: Requests, direct: Bools, to_proxy: Bools) -> Iterator[tuple[int, int]]:
    """(row, the proxy) of plain requests with a Via while a proxy was asked for the same."""
    via = pc.fill_null(one_array(flows.column("http_via")), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    legs = np.flatnonzero(direct & via & ends.tcp & is_known(flows, "http_host"))
    asked = np.flatnonzero((requests.kind == ABSOLUTE) & to_proxy[requests.row] & (requests.answered != NO_TIME))
    if not len(legs) or not len(asked):
        return
    hosts = pa.concat_arrays(
        [same_host(one_array(flows.column("http_host")).take(array(legs))), same_host(requests.host.take(array(asked)))]
    )
    paths = pa.concat_arrays([one_array(flows.column("http_path")).take(array(legs)), requests.path.take(array(asked))])
    names = integers(pc.binary_join_element_wise(hosts, pc.fill_null(paths, "/"), "").dictionary_encode().indices, -1)
    of_legs, of_asked = names[: len(legs)], names[len(legs) :]
    first = times_ns(flows.column("first_seen"))[legs]
    proxy = ends.server[requests.row[asked]]
    for address in distinct(proxy).tolist():
        own = proxy == address
        held = _within(of_legs, first, of_asked[own], requests.first_seen[asked[own]], requests.answered[asked[own]])
        for row in legs[held].tolist():
            yield row, address


def _by_moment(flows: pa.Table, ends: Ends, requests: Requests, direct: Bools, to_proxy: Bools) -> list[int]:
    """Addresses all of whose connections begin while a proxy is asked for their host, between the request and its answer."""
    opened = np.flatnonzero(direct & ends.tcp)
    ask = np.flatnonzero((requests.kind >= 0) & to_proxy[requests.row] & (requests.answered != NO_TIME))
    if len(opened) < LEAST_CONNECTIONS or not len(ask):
        return []
    hosts = pc.coalesce(*(one_array(flows.column(name)).take(array(opened)) for name in ("sni", "http_host")))
    host, asked = requests.names.code_of(hosts), requests.names.code[ask]
    # Most addresses also request other hosts, which rules them out without comparing times.
    rest = _all_of(ends.client[opened], (host >= 0) & np.isin(host, asked))
    opened, host, ask = opened[rest], host[rest], ask[np.isin(asked, host[rest])]
    first = times_ns(flows.column("first_seen"))[opened]
    fits = _within(host, first, requests.names.code[ask], requests.first_seen[ask], requests.answered[ask])
    found: list[int] = distinct(ends.client[opened[_all_of(ends.client[opened], fits)]]).tolist()
    return found


def _all_of(client: Ints, fits: Bools) -> Bools:
    """Per connection: whether all connections of its client fit, and there are at least LEAST_CONNECTIONS."""
    n, fitting = np.bincount(client), np.bincount(client[fits], minlength=int(client.max(initial=-1)) + 1)
    result: Bools = ((n == fitting) & (n >= LEAST_CONNECTIONS))[client]
    return result


def _within(name: Ints, at: Ints, names: Ints, begins: Ints, ends: Ints) -> Bools:
    """bool[n]: whether this time lies in a span of that name; each end is part of its span. A negative name has no span.

    The number of a name's spans that contain a time is the number that began by then minus the number that ended before: two sorted lists
    give it, without a loop over a busy host's thousand spans for each of its thousand connections.
    """
    true = ends >= begins
    began, over = (_how_many(name, at, names[true], times[true], or_at=begin) for times, begin in ((begins, True), (ends, False)))
    result: Bools = (name >= 0) & (began > over)
    return result


def _how_many(name: Ints, at: Ints, names: Ints, times: Ints, *, or_at: bool) -> Ints:
    """int64[n]: how many of `times` of that name come before the time, or also at it."""
    asks = np.concatenate([np.zeros(len(times), np.int64), np.ones(len(at), np.int64)])
    order = np.lexsort((asks if or_at else -asks, np.concatenate([times, at]), np.concatenate([names, name])))
    before = np.cumsum(order < len(times))
    found = np.empty(len(order), np.int64)
    found[order] = before
    names = np.sort(names)
    earlier_names: Ints = np.searchsorted(names, name)
    result: Ints = found[len(times) :] - earlier_names
    return result
