"""The contents of tunnels: whether a request was let through, and whether TLS or a fetch inside it succeeded.

An answer may be missing from a capture while the tunnel goes on. A client sends more after CONNECT or SOCKS only when it was let through
(RFC 9110 9.3.6, RFC 1928 6), so a ClientHello there proves the missing answer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.routes.captured import Captured, is_known, is_text
from analyzer.routes.requests import (
    ABSOLUTE,
    CONNECT,
    LARGEST_CONNECT_BYTES,
    NO_STATUS,
    NO_TIME,
    SOCKS4,
    SOCKS5,
    Bools,
    Ints,
    Requests,
    integers,
    times_ns,
)

A_FIN = 1
"""Bytes that were acknowledged and not captured may be the other side's FIN, which takes one sequence number (RFC 9293 3.4)."""

SPOKE_LATER_NS = 10**6
"""Segments of one request are sent back to back; later ones were sent after an answer."""

SOCKS4_GRANTED = 90
SOCKS5_SUCCEEDED = 0


class Tunnels(NamedTuple):
    """Per flow, the payload after its last request.

    hello       bool[n]    the client began TLS
    completed   bool[n]    the client went on after its hello
    failed      bool[n]    it never will: an alert came before that, or the client ended the connection without further payload
    client server   bool[n]    payload of that side was seen there; the server's may also be an unreadable answer
    counted     bool[n]    the client's payload there is known; where it isn't, only more bytes than a CONNECT takes count
    answered_tls    bool[n]    a ServerHello came
    since       int64[n]   the time since which the client waits: its hello, else its last data
    """

    hello: Bools
    completed: Bools
    failed: Bools
    client: Bools
    server: Bools
    counted: Bools
    answered_tls: Bools
    since: Ints


def tunnels_of(flows: pa.Table, captured: Captured) -> Tunnels:
    """The contents of every flow's tunnel, as far as it has one."""
    hello = is_known(flows, "client_hello_at", "client_random", "sni", "tls_offered")
    went_on = integers(flows.column("tls_completed").cast(pa.int8()), -1)
    alert = is_known(flows, "tls_alert")
    answered_tls = is_known(flows, "server_hello_at", "tls_version")
    beyond, behind = integers(flows.column("tunnel_out"), -1), integers(flows.column("tunnel_in"), -1)
    # Early data is sent before the server's first byte (RFC 8446 2.3), so it completes nothing by itself.
    refused = ~answered_tls & is_text(flows, "tls_alert_from", "server")
    early = captured.server & ~captured.server_lost & ((behind == 0) | refused)
    completed = (went_on == 1) & ~early
    hello_at, data_at = times_ns(flows.column("client_hello_at")), times_ns(flows.column("last_data"))
    return Tunnels(
        hello=hello,
        completed=completed,
        # The client's silence is certain only where none of its packets is missing.
        failed=~completed & (alert | ((went_on == 0) & ~captured.client_lost)),
        client=hello | (beyond > A_FIN) | ((beyond < 0) & (captured.client_bytes > LARGEST_CONNECT_BYTES)),
        server=answered_tls | (behind > A_FIN) | ((behind < 0) & (captured.server_bytes > 0)),
        counted=beyond >= 0,
        answered_tls=answered_tls,
        since=np.where(hello_at != NO_TIME, hello_at, data_at),
    )


def granted(requests: Requests) -> Bools:
    """Per request: whether its answer let it through: 2xx to CONNECT, SOCKS's success."""
    kind, status = requests.kind, requests.status
    result: Bools = (
        ((kind == CONNECT) & (status >= 200) & (status < 300))
        | ((kind == SOCKS4) & (status == SOCKS4_GRANTED))
        | ((kind == SOCKS5) & (status == SOCKS5_SUCCEEDED))
    )
    return result


def went_on(flows: pa.Table, requests: Requests, captured: Captured, tunnels: Tunnels) -> Bools:
    """Per request: no answer to it was captured, yet the client sent more, as only after being let through.

    Only the last request of a connection can have opened its tunnel. Where the server's side is captured but this answer isn't, other
    payload of the server must be there: a client that doesn't wait for its answer may have sent its hello in vain.
    """
    row = requests.row
    asked: Bools = (requests.status == NO_STATUS) & requests.last & (requests.kind != ABSOLUTE) & (requests.kind >= 0)
    if not asked.any():
        return asked
    # Payload before belongs to earlier answers; a ServerHello does not.
    earlier = answered_before(requests)
    alert = is_text(flows, "server_first", "alert") & ~tunnels.answered_tls & ~tunnels.hello
    came = tunnels.answered_tls | tunnels.completed | (tunnels.server & ~alert)
    came_for_it = np.where(earlier, (tunnels.answered_tls | tunnels.completed)[row], came[row])
    # Where a request's end wasn't captured, no byte count shows what followed, but the time does.
    last_data, begun = times_ns(flows.column("last_data"))[row], requests.first_seen
    later = (last_data != NO_TIME) & (begun != NO_TIME) & (last_data - begun > SPOKE_LATER_NS)
    spoke = tunnels.client[row] | (~captured.server[row] & ~tunnels.counted[row] & later & ~captured.again[row])
    result: Bools = asked & spoke & (~captured.server[row] | came_for_it | captured.server_lost[row])
    return result


def answered_before(requests: Requests) -> Bools:
    """Per request: whether an earlier one on its connection was answered."""
    answered = np.cumsum(requests.status != NO_STATUS)
    begins, sizes = connections(requests)
    earlier = np.append(0, answered)[:-1]
    result: Bools = earlier > np.repeat(earlier[begins], sizes)
    return result


def answered_later(requests: Requests) -> Bools:
    """Per request: whether a later one on its connection was answered."""
    answered = np.cumsum(requests.status != NO_STATUS)
    begins, sizes = connections(requests)
    result: Bools = np.repeat(answered[begins + sizes - 1], sizes) > answered
    return result


def connections(requests: Requests) -> tuple[Ints, Ints]:
    """(the first request of each connection, its number of requests)."""
    ends = np.flatnonzero(requests.last) + 1
    sizes = np.diff(ends, prepend=0)
    return ends - sizes, sizes


def let_through(flows: pa.Table, requests: Requests, captured: Captured, tunnels: Tunnels) -> Bools:
    """Per request: whether its tunnel was opened, by its answer, or where that is missing by the client's behaviour."""
    return granted(requests) | went_on(flows, requests, captured, tunnels)
