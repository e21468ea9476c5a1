"""Which ip:ports are proxies: those that behave as one anywhere in the inputs, or that the topology names; and those only asked as one.

A server behaves as a proxy when it answers CONNECT with anything but 400, 404, 405 or 501 (an origin server's answers to a method that it
doesn't know), answers an absolute-form request, or answers SOCKS. Where answers aren't captured, a CONNECT or SOCKS request after which the
client continues is enough; where requests aren't, a 200 without a visible request, with a ServerHello after it. Any answer to absolute-form
counts: a proxy passes on its origin's 404. An origin server that an odd client sends absolute-form is therefore taken for a proxy: no
packet distinguishes the two (RFC 9112 3.2.2 makes origin servers accept it). One observation is enough, before or after the flow in
question.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.captured import Captured, captured_of, is_known, is_text
from analyzer.routes.numbers import distinct
from analyzer.routes.requests import (
    ABSOLUTE,
    CONNECT,
    NO_STATUS,
    SOCKS4,
    SOCKS5,
    Bools,
    Ints,
    Requests,
    bools,
    flat_requests,
    integers,
    one_array,
)
from analyzer.routes.topology import Proxy, Topology
from analyzer.routes.tunnels import Tunnels, tunnels_of, went_on

NOT_A_PROXYS_ANSWER = (400, 404, 405, 501)


class Ends(NamedTuple):
    """Both ends of every flow as numbers, which are compared as integers.

    addresses  every address, at its code
    client server  int64[n]  codes of client_ip and server_ip in one numbering
    server_end     int64[n]  server code * 65536 + server port
    tcp            bool[n]
    """

    addresses: list[str]
    client: Ints
    server: Ints
    server_end: Ints
    tcp: Bools


class Proxies(NamedTuple):
    """Which rows have a proxy as server, and which as client.

    at        server_end → (ip:port, the topology's entry or None), for every proxy found
    others    server_end → ip:port, for servers that were asked as a proxy and never behaved as one
    serving   bool[n]  the server is a proxy (TCP: HTTP and SOCKS proxies are asked over TCP)
    asked     bool[n]  a proxy was asked on this flow, whatever the answer
    asking    bool[n]  the client has a proxy's address, and the topology doesn't name it as a workstation
    """

    at: dict[int, tuple[str, Proxy | None]]
    others: dict[int, str]
    serving: Bools
    asked: Bools
    asking: Bools


def ip_port(ip: str, port: int) -> str:
    """ip:port, or [v6]:port."""
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def flow_ends(flows: pa.Table) -> Ends:
    """The ends of every flow of the table."""
    n = flows.num_rows
    both = pa.concat_arrays([one_array(flows.column("client_ip")), one_array(flows.column("server_ip"))]).dictionary_encode()
    codes = integers(both.indices, -1)
    return Ends(
        addresses=both.dictionary.to_pylist(),
        client=codes[:n],
        server=codes[n:],
        server_end=codes[n:] * 65536 + integers(flows.column("server_port"), 0),
        tcp=pc.equal(one_array(flows.column("protocol")), "tcp").to_numpy(zero_copy_only=False).astype(np.bool_),
    )


def answers_as_proxy(requests: Requests, tunnelled: Bools) -> Bools:
    """Per request: whether its answer proves that its server is a proxy."""
    answered = requests.status != NO_STATUS
    connect = (requests.kind == CONNECT) & answered & ~np.isin(requests.status, NOT_A_PROXYS_ANSWER)
    other = np.isin(requests.kind, (ABSOLUTE, SOCKS4, SOCKS5)) & answered
    result: Bools = connect | other | tunnelled
    return result


def shown_by_rows(flows: pa.Table, requests: Requests, captured: Captured, tunnels: Tunnels) -> Bools:
    """Per flow: whether its contents prove that its server is a proxy."""
    result = np.zeros(flows.num_rows, dtype=np.bool_)
    result[requests.row[answers_as_proxy(requests, went_on(flows, requests, captured, tunnels))]] = True
    unasked = np.ones(flows.num_rows, dtype=np.bool_)
    unasked[requests.row] = False
    socks = is_text(flows, "server_first", "socks")
    opened = is_text(flows, "server_first", "http") | socks
    result |= unasked & opened & is_known(flows, "server_hello_at") & ~is_known(flows, "http_path")
    # A server that accepts none of the offered methods has answered SOCKS's greeting, and no request follows (RFC 1928 3).
    result |= unasked & socks
    return result


def rows_that_show(flows: pa.Table) -> Bools:
    """The same as shown_by_rows, from a flow table alone."""
    captured = captured_of(flows)
    return shown_by_rows(flows, flat_requests(flows), captured, tunnels_of(flows, captured))


def find_proxies(flows: pa.Table, ends: Ends, topology: Topology, requests: Requests | None = None, shown: Bools | None = None) -> Proxies:
    """Every proxy among the ends of these flows, by behaviour and by name.

    requests shown   of these flows, where already computed (flat_requests, rows_that_show)
    """
    requests = flat_requests(flows) if requests is None else requests
    shown = rows_that_show(flows) if shown is None else shown
    found = set(distinct(ends.server_end[shown & ends.tcp]).tolist())
    addresses = {end >> 16 for end in found}
    if topology.proxies:
        addresses |= {code for code, ip in enumerate(ends.addresses) if topology.is_proxy_address(ip)}
        near = np.isin(ends.server, list(addresses)) & ends.tcp
        for end in distinct(ends.server_end[near]).tolist():
            if topology.proxy_at(ends.addresses[end >> 16], end & 65535):
                found.add(end)
    addresses |= set(forwarders(flows, ends, requests))
    addresses = {code for code in addresses if topology.workstation_name(ends.addresses[code]) is None}
    asked = np.zeros(flows.num_rows, dtype=np.bool_)
    asked[requests.row[requests.kind >= 0]] = True
    at = {}
    for end in sorted(found):
        ip, port = ends.addresses[end >> 16], end & 65535
        at[end] = (ip_port(ip, port), topology.proxy_at(ip, port))
    serving = np.isin(ends.server_end, np.fromiter(at, np.int64, len(at))) & ends.tcp
    others = distinct(ends.server_end[asked & ~serving]).tolist()
    return Proxies(
        at=at,
        others={end: ip_port(ends.addresses[end >> 16], end & 65535) for end in others},
        serving=serving,
        asked=asked,
        asking=np.isin(ends.client, np.fromiter(addresses, np.int64, len(addresses))),
    )


def forwarders(flows: pa.Table, ends: Ends, requests: Requests) -> list[int]:
    """Codes of addresses that ask a proxy for others: every CONNECT and every page they ask for has a Via or an X-Forwarded-For.

    No client writes these (RFC 9110 7.6.3): it is a proxy that asks its parent, and whom it asks for isn't in the capture. An address
    that also asks without them is a workstation with a proxy of its own on it, or a translator's with both behind it.
    """
    connects, asks = np.zeros((2, flows.num_rows), dtype=np.bool_)
    connects[requests.row[requests.kind == CONNECT]] = True
    asks[requests.row[requests.kind >= 0]] = True
    via = bools(one_array(flows.column("http_via")))
    without = set(distinct(ends.client[asks & ~via]).tolist())
    return [client for client in distinct(ends.client[connects & via]).tolist() if client not in without]


NAMED, PROVEN, ASKED, NO_PROXY = "named", "proven", "asked", "not-a-proxy"


def basis_of(flows: pa.Table) -> dict[str, str]:
    """Why each ip:port is in the column `proxy`.

    flows    with the columns of the stage routes
    named        by the topology
    proven       it behaved as a proxy
    asked        it was asked and never answered, as far as captured
    not-a-proxy  it answered 400, 404, 405 or 501, an alert or another protocol, and never as a proxy
    """
    proxies = one_array(flows.column("proxy")).dictionary_encode()
    code = integers(proxies.indices, -1)
    texts = proxies.dictionary.to_pylist()
    requests = flat_requests(flows)
    captured = captured_of(flows)
    shown = shown_by_rows(flows, requests, captured, tunnels_of(flows, captured))
    denied = np.zeros(flows.num_rows, dtype=np.bool_)
    denied[requests.row[requests.status != NO_STATUS]] = True
    spoke = is_known(flows, "server_first") & ~is_text(flows, "server_first", "socks") & (captured.server_bytes > 0)
    denied[requests.row] |= spoke[requests.row]
    named = is_known(flows, "proxy_name")
    result = {}
    for rows, standing in ((code >= 0, ASKED), (denied, NO_PROXY), (shown, PROVEN), (named, NAMED)):
        result.update(dict.fromkeys((texts[i] for i in distinct(code[rows & (code >= 0)]).tolist()), standing))
    return result
