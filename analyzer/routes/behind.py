"""Transparent proxies: devices that intercept a connection and relay it on one of their own.

The client's connection doesn't show this; the second leg does: it carries the same ClientHello with other sequence numbers a moment later,
or the same plain request with a Via or X-Forwarded-For header field that the first lacks (RFC 9110 7.6.3). Such a leg isn't direct traffic
of a client, and the address that opens such legs is no source.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import is_known
from analyzer.routes.groups import MAX_COPIES, agreeing
from analyzer.routes.numbers import distinct
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers, one_array, times_ns
from analyzer.text.times import values

AFTER_NS = 5 * 10**9
"""Most time from the client's hello or request to the second leg's: the proxy connects to the origin first."""


def first_leg_of(flows: pa.Table, ends: Ends, hello: Ints, direct: Bools, beyond: Bools) -> tuple[Ints, Ints]:
    """Per flow, the row of the intercepted flow whose second leg it is, by the same ClientHello and by the same plain request; -1: none.

    hello    int64[n]   a number for each ClientHello (legs.hello_codes)
    direct   bool[n]    flows that asked no proxy and are no copies: they can be first legs and second legs
    beyond   bool[n]    flows of known proxies that are paired with no leg yet: second legs too, where a proxy intercepts other traffic
    """
    return _by_hello(flows, ends, hello, direct, beyond), _by_request(flows, direct & ends.tcp, beyond & ends.tcp)


def _by_hello(flows: pa.Table, ends: Ends, hello: Ints, direct: Bools, beyond: Bools) -> Ints:
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    groups = agreeing(np.flatnonzero((direct | beyond) & ends.tcp & (hello >= 0)), hello)
    if not len(groups.starts):
        return result
    said, last = times_ns(flows.column("client_hello_at")), times_ns(flows.column("last_seen"))
    rows = groups.rows[np.lexsort((said[groups.rows], groups.number))]
    first = np.repeat(rows[groups.starts], groups.sizes)
    moved = (ends.client[rows] != ends.client[first]) | (ends.server[rows] != ends.server[first])
    # A proxy may use its client's own address. A tool that says one hello on several connections isn't answered on the first one last.
    answered = times_ns(flows.column("server_hello_at"))
    moved |= (answered[rows] != NO_TIME) & (answered[rows] < answered[first])
    latest = np.minimum(said[first] + AFTER_NS, last[first])
    taken = direct[first] & moved & (said[first] != NO_TIME) & (said[first] < said[rows]) & (said[rows] <= latest)
    result[rows[taken]] = first[taken]
    return result


def _by_request(flows: pa.Table, direct: Bools, beyond: Bools) -> Ints:
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    plain = (direct | beyond) & is_known(flows, "http_path") & is_known(flows, "http_host")
    via = pc.fill_null(one_array(flows.column("http_via")), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    legs = np.flatnonzero(plain & via)
    if not len(legs):
        return result
    host = pc.utf8_lower(one_array(flows.column("http_host")))
    asked = integers(pc.binary_join_element_wise(host, one_array(flows.column("http_path")), " ").dictionary_encode().indices, -1)
    first, last = times_ns(flows.column("first_seen")), times_ns(flows.column("last_seen"))
    before = np.flatnonzero(plain & direct & ~via & np.isin(asked, asked[legs]) & (first != NO_TIME))
    before = before[np.lexsort((first[before], asked[before]))]
    legs = legs[first[legs] != NO_TIME]
    names, times = asked[before], first[before]
    spans = np.searchsorted(names, asked[legs]), np.searchsorted(names, asked[legs], side="right")
    for row, begin, end in zip(legs.tolist(), *(span.tolist() for span in spans), strict=True):
        begin += np.searchsorted(times[begin:end], first[row] - AFTER_NS)
        fits = before[begin : begin + np.searchsorted(times[begin:end], first[row], side="right")]
        fits = fits[first[row] <= last[fits]]
        if 0 < len(fits) <= MAX_COPIES:
            result[row] = fits[-1]
    return result


def relay_addresses(ends: Ends, leg: Ints) -> Ints:
    """Codes of the addresses that only open second legs: transparent proxies.

    leg   int64[n]   the first leg's row of every second leg, else -1

    A proxy that uses its clients' own addresses isn't among them.
    """
    second = np.flatnonzero(leg >= 0)
    clients = distinct(ends.client[second])
    found: Ints = clients[~np.isin(clients, ends.client[leg[second]])]
    return found


def transparent_legs(flows: pa.Table) -> tuple[Ints, Ints]:
    """(rows of second legs that a transparent proxy opened, the rows of the connections that it intercepted).

    flows   with the columns of the stage routes
    """
    ids = one_array(flows.column("id"))
    pair = integers(pc.index_in(one_array(flows.column("pair")), value_set=ids), -1)
    route = one_array(flows.column("route"))
    upstream = pc.fill_null(pc.equal(route, "upstream"), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    direct = pc.fill_null(pc.equal(route, "direct"), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    second = np.flatnonzero(upstream & (pair >= 0))
    second = second[direct[pair[second]]]
    return second, pair[second]


def explained_clients(flows: pa.Table) -> list[str]:
    """Client addresses that are no sources: NATs', from which only copies were seen, and transparent proxies'. An address whose own flow
    was copied or intercepted is a source.

    flows   with the columns of the stage routes
    """
    client = one_array(flows.column("client_ip"))
    ids = one_array(flows.column("id"))
    original = integers(pc.index_in(one_array(flows.column("same_as")), value_set=ids), -1)
    copies = np.flatnonzero(original >= 0)
    second, taken = transparent_legs(flows)
    behind, before = np.concatenate([copies, second]), np.concatenate([original[copies], taken])
    texts = set(values(client.take(array(behind)))) - set(values(client.take(array(before))))
    return sorted(texts)
