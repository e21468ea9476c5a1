"""What became of each request: carried, failed, or asked again after a 407."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.requests import ABSOLUTE, CONNECT, NO_STATUS, SOCKS4, SOCKS5, Bools, Requests, integers, tunnelled_unanswered

SOCKS4_GRANTED = 90
SOCKS5_SUCCEEDED = 0
AUTH_REQUIRED = 407
DENIED = 403


@dataclass(frozen=True)
class Outcome:
    """Per request, each bool[n]. A request is carried, failed or excused: exactly one of them.

    carried  CONNECT got 2xx, SOCKS was granted, absolute-form got any status but 403, 407 and 5xx, or no answer was captured
             and tunnel bytes follow in both directions
    excused  a 407 that was followed by success for the same host on the same connection: no failure, and nothing carried
    failed   everything else, also where no answer was captured and nothing followed
    unseen   no answer was captured
    """

    carried: Bools
    failed: Bools
    excused: Bools
    unseen: Bools


def outcome_of(requests: Requests, both_ways: Bools) -> Outcome:
    """The outcome of every request.

    both_ways  bool[n flows]  bytes beyond the request went both ways on this connection
    """
    kind, status = requests.kind, requests.status
    tunnel_opened = (kind == CONNECT) & (status >= 200) & (status < 300)
    page_came = (kind == ABSOLUTE) & (status != NO_STATUS) & ~np.isin(status, (DENIED, AUTH_REQUIRED)) & ~((status >= 500) & (status < 600))
    granted = ((kind == SOCKS4) & (status == SOCKS4_GRANTED)) | ((kind == SOCKS5) & (status == SOCKS5_SUCCEEDED))
    carried = tunnel_opened | page_came | granted | tunnelled_unanswered(requests, both_ways)
    excused = _let_in_later(requests, carried)
    return Outcome(carried=carried, failed=~carried & ~excused, excused=excused, unseen=status == NO_STATUS)


def _let_in_later(requests: Requests, carried: Bools) -> Bools:
    """Per request: a 407 after which the same connection carried a request for the same host."""
    asked_to_authenticate: Bools = (requests.status == AUTH_REQUIRED) & (requests.kind <= ABSOLUTE)
    if not asked_to_authenticate.any():
        return asked_to_authenticate
    hosts = same_host(requests.host).dictionary_encode()
    host = integers(hosts.indices, len(hosts.dictionary))
    _, group = np.unique(requests.row * (len(hosts.dictionary) + 1) + host, return_inverse=True)
    positions = np.arange(len(group))
    latest_success = np.full(len(group), -1, dtype=np.int64)
    np.maximum.at(latest_success, group[carried], positions[carried])
    result: Bools = asked_to_authenticate & (latest_success[group] > positions)
    return result


def same_host(hosts: pa.Array) -> pa.Array:
    """Names made comparable: lower case, without the root's dot (RFC 4343, RFC 1034 3.1)."""
    return pc.utf8_rtrim(pc.utf8_lower(hosts), characters=".")
