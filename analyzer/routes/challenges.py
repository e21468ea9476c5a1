"""Which 407s are challenges that the client answered, and which refuse it.

A proxy asks for credentials by 407, and often closes the connection with it; the client asks again on the next. NTLM and Negotiate take two
such rounds, of which the first refuses nothing: its Proxy-Authenticate carries the next token (RFC 4559 4.2). A 407 after which nothing
follows is a refusal.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.routes.captured import is_known
from analyzer.routes.numbers import codes, numbered
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import ABSOLUTE, NO_TIME, Bools, Ints, Requests, one_array, times_ns

AUTH_REQUIRED = 407
FOLLOWS_WITHIN_S = 30


def challenges(flows: pa.Table, ends: Ends, requests: Requests, let_in: Bools) -> Bools:
    """Per request: a 407 to a request without credentials, or with the next token, that is followed by another attempt.

    let_in   bool[n requests]   the request was let through, or its page came

    It is followed by a request that offers credentials or is let in, on the same connection or on one opened within FOLLOWS_WITHIN_S, to
    the same proxy, by the same kind of client, for the same host.
    """
    refused: Bools = (requests.status == AUTH_REQUIRED) & (requests.kind >= 0) & (requests.kind <= ABSOLUTE)
    if not refused.any():
        return refused
    follows = requests.offered | let_in
    result = _followed(flows, requests, refused, follows, _groups(flows, ends, requests, "client_family"))
    # A connection that ends with its challenge has no ClientHello, which would tell the client's family.
    hello = is_known(flows, "client_hello_at", "tls_offered")[requests.row]
    if (refused & ~hello & ~result).any() and (follows & hello).any():
        result |= _followed(flows, requests, refused & ~hello, follows & hello, _groups(flows, ends, requests, "user_agent"))
    return result


def open_ended(requests: Requests) -> Bools:
    """Per request: a 407 that doesn't refuse by itself: no credentials were offered, or it carries the next token."""
    asked = (requests.kind >= 0) & (requests.kind <= ABSOLUTE) & (requests.status == AUTH_REQUIRED)
    result: Bools = asked & (~requests.offered | requests.continues)
    return result


def followed_elsewhere(flows: pa.Table, ends: Ends, requests: Requests, followed: Bools) -> Bools:
    """Per request: a challenge without a follow-up, where the client follows up others of this proxy for this host.

    followed   bool[n requests]   from challenges()

    If the proxy closes the connection with a challenge, the follow-up comes on the next connection, perhaps after the capture's end.
    """
    alone: Bools = open_ended(requests) & ~followed & (requests.answered != NO_TIME)
    if not followed.any() or not alone.any():
        return np.zeros(len(followed), dtype=np.bool_)
    group = _groups(flows, ends, requests, "user_agent")
    result: Bools = alone & np.isin(group, group[followed])
    return result


def _followed(flows: pa.Table, requests: Requests, refused: Bools, following: Bools, group: Ints) -> Bools:
    """Per request: one of `refused` with one of `following`, of the same group, after it."""
    result = np.zeros(len(refused), dtype=np.bool_)
    begun = np.flatnonzero(refused & open_ended(requests))
    follows = np.flatnonzero(following & np.isin(group, group[begun]))
    if not len(begun) or not len(follows):
        return result
    # On the same connection: the last follow-up of each group.
    by_row = numbered(np.concatenate([group[begun], group[follows]]), np.concatenate([requests.row[begun], requests.row[follows]]))
    latest = np.full(len(by_row), -1, dtype=np.int64)
    latest[by_row[len(begun) :]] = follows  # numpy keeps the last value written to an index
    result[begun] = latest[by_row[: len(begun)]] > begun
    # On the next connection.
    opened = times_ns(flows.column("first_seen"))[requests.row]
    timed = follows[opened[follows] != NO_TIME]
    asked, answered = requests.first_seen[begun], requests.answered[begun]
    found = first_after(group[timed], opened[timed], group[begun], asked)
    near = (found >= 0) & (asked != NO_TIME) & (answered != NO_TIME)
    apart = opened[timed[found[near]]] - answered[near]
    result[begun[near]] |= apart <= FOLLOWS_WITHIN_S * 10**9
    return result


def _groups(flows: pa.Table, ends: Ends, requests: Requests, kind: str) -> Ints:
    """Per request a number for its client, the client's kind (a column), the proxy and the requested host."""
    row, kinds = requests.row, codes(one_array(flows.column(kind)))
    return numbered(ends.server_end[row], ends.client[row], kinds[row], requests.names.code)


def first_after(keys: Ints, times: Ints, wanted: Ints, after: Ints) -> Ints:
    """For each (wanted, after) the index of the earliest entry with that key and a later time, or -1."""
    order = np.lexsort((times, keys))
    merged = np.lexsort((np.repeat([1, 0], [len(keys), len(wanted)]), np.concatenate([times, after + 1]), np.concatenate([keys, wanted])))
    is_entry = merged < len(keys)
    place = np.cumsum(is_entry)[~is_entry]  # number of entries that sort before each wanted one
    asked = merged[~is_entry] - len(keys)
    result = np.full(len(wanted), -1, dtype=np.int64)
    inside = place < len(keys)
    entry = order[place[inside]]
    result[asked[inside]] = np.where(keys[entry] == wanted[asked[inside]], entry, -1)
    return result
