"""Who is a proxy: an ip:port that behaves as one anywhere in the inputs, or that the topology names.

It behaves as a proxy when it answers CONNECT with anything but 400, 404, 405 or 501 (what an origin server says to a method it
doesn't know), answers an absolute-form request, or answers SOCKS; and when a CONNECT or SOCKS request whose answer wasn't
captured turned into a tunnel. Any answer to absolute-form counts: a proxy hands on its origin's 404. An origin server that was
sent absolute-form by an odd client is therefore taken for a proxy: nothing on the wire tells them apart (RFC 9112 3.2.2 makes
origin servers accept it). One observation is enough, before or after the flow in question.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.requests import (
    ABSOLUTE,
    CONNECT,
    NO_STATUS,
    SOCKS4,
    SOCKS5,
    Bools,
    Ints,
    Requests,
    bytes_both_ways,
    flat_requests,
    integers,
    one_array,
    tunnelled_unanswered,
)
from analyzer.routes.topology import Proxy, Topology

NOT_A_PROXYS_ANSWER = (400, 404, 405, 501)


@dataclass(frozen=True)
class Ends:
    """Both ends of every flow as numbers, so that comparing them is comparing integers.

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


@dataclass(frozen=True)
class Proxies:
    """Which rows have a proxy for server, and which for client.

    at        server_end → (ip:port, the topology's entry or None), for every proxy met
    serving   bool[n]  the server is a proxy (TCP: HTTP and SOCKS proxies are asked over TCP)
    asking    bool[n]  the client has a proxy's address
    """

    at: dict[int, tuple[str, Proxy | None]]
    serving: Bools
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
    """Per request: whether what came back makes its server a proxy."""
    answered = requests.status != NO_STATUS
    connect = (requests.kind == CONNECT) & answered & ~np.isin(requests.status, NOT_A_PROXYS_ANSWER)
    other = np.isin(requests.kind, (ABSOLUTE, SOCKS4, SOCKS5)) & answered
    result: Bools = connect | other | tunnelled
    return result


def find_proxies(flows: pa.Table, ends: Ends, topology: Topology) -> Proxies:
    """Every proxy among the ends of these flows, by behaviour and by name."""
    requests = flat_requests(flows)
    proven = requests.row[answers_as_proxy(requests, tunnelled_unanswered(requests, bytes_both_ways(flows)))]
    found = {int(end) for end in np.unique(ends.server_end[proven][ends.tcp[proven]])}
    addresses = {end >> 16 for end in found}
    if topology.proxies:
        addresses |= {code for code, ip in enumerate(ends.addresses) if topology.is_proxy_address(ip)}
        near = np.isin(ends.server, list(addresses)) & ends.tcp
        for end in np.unique(ends.server_end[near]):
            if topology.proxy_at(ends.addresses[int(end) >> 16], int(end) & 65535):
                found.add(int(end))
    at = {}
    for end in sorted(found):
        ip, port = ends.addresses[end >> 16], end & 65535
        at[end] = (ip_port(ip, port), topology.proxy_at(ip, port))
    return Proxies(
        at=at,
        serving=np.isin(ends.server_end, np.fromiter(at, np.int64, len(at))) & ends.tcp,
        asking=np.isin(ends.client, np.fromiter(addresses, np.int64, len(addresses))),
    )
