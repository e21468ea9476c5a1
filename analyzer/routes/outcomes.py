"""The outcome of each request to a proxy: the field `outcome` of `requests`.

worked          let through, and TLS inside completed, or without TLS payload came both ways; absolute-form: a page came
broken          let through, and inside it TLS failed, or the server never sent a byte
challenged      a 407 that was followed by credentials, or by letting in (challenges.py)
authentication  any other 407
denied          403; SOCKS: not allowed; a page of the proxy's own where lists of certificates were requested
failed          any other refusal, a captive portal, an answer that is no proxy's
unanswered      no answer came, though the server's side is captured and there was time for it
unseen          the capture doesn't contain the result, or ends too early
hidden          never set for a request: a TLS connection to a proxy shows none (hidden_flows)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import Captured, is_known, is_text
from analyzer.routes.challenges import AUTH_REQUIRED, challenges, followed_elsewhere, open_ended
from analyzer.routes.direct import LISTS
from analyzer.routes.portals import one_answer_for_many, site_of
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import (
    ABSOLUTE,
    CONNECT,
    NO_STATUS,
    NO_TIME,
    SOCKS4,
    SOCKS5,
    Bools,
    Ints,
    Requests,
    integers,
    one_array,
    same_host,
    times_ns,
)
from analyzer.routes.tunnels import Tunnels, answered_before, answered_later, let_through
from analyzer.tables import OUTCOMES, REQUEST

WORKED, BROKEN, CHALLENGED, AUTHENTICATION, DENIED, FAILED, UNANSWERED, HIDDEN, UNSEEN = range(len(OUTCOMES))

HTTP_DENIED = 403
NOT_MODIFIED = 304
SOCKS5_NOT_ALLOWED = 2


class Outcomes(NamedTuple):
    """Per request.

    code     int64[n]   index into OUTCOMES
    through  bool[n]    let through: its tunnel was opened, or its page came. carried = worked, broken, or unseen and let through
    """

    code: Ints
    through: Bools

    @property
    def carried(self) -> Bools:
        """Whether a proxy carried it, even if it failed inside."""
        result: Bools = (self.code == WORKED) | (self.code == BROKEN) | ((self.code == UNSEEN) & self.through)
        return result


def outcomes_of(flows: pa.Table, ends: Ends, requests: Requests, captured: Captured, tunnels: Tunnels) -> Outcomes:
    """The outcome of every request of the table."""
    kind, status, row = requests.kind, requests.status, requests.row
    code = np.full(len(row), UNSEEN, dtype=np.int64)
    if not len(row):
        return Outcomes(code, np.zeros(0, dtype=np.bool_))
    answered = status != NO_STATUS
    tunnel = let_through(flows, requests, captured, tunnels)
    page = (kind == ABSOLUTE) & (status >= 200) & (status < 500) & ~np.isin(status, (HTTP_DENIED, AUTH_REQUIRED))
    page &= ~_portals(ends, requests, page) & ~_target_missing(requests)
    own_page = _own_pages(ends, requests, page)
    page &= ~own_page
    http = (kind == CONNECT) | (kind == ABSOLUTE)
    final = answered & ~tunnel & ~page & ~(http & (status < 200)) & ~_target_missing(requests)
    code[final] = FAILED
    code[own_page | (http & (status == HTTP_DENIED)) | ((kind == SOCKS5) & (status == SOCKS5_NOT_ALLOWED))] = DENIED
    code[http & (status == AUTH_REQUIRED)] = AUTHENTICATION
    # The next token may be in the uncaptured part of the answer, and credentials in that of the request where others follow it. A capture
    # that ends right after the challenge doesn't show whether the client answers it.
    code[http & (status == AUTH_REQUIRED) & requests.cut & (requests.by_steps | ~requests.last)] = UNSEEN
    code[open_ended(requests) & (requests.answered != NO_TIME) & ~captured.waited(requests.answered, row)] = UNSEEN
    followed = challenges(flows, ends, requests, tunnel | page)
    code[followed_elsewhere(flows, ends, requests, followed) & ~captured.passed(requests.answered, row)] = UNSEEN
    # Where hosts weren't captured, it isn't known whether the request that follows is for the same host.
    code[followed] = np.where(requests.host.is_valid().to_numpy(zero_copy_only=False)[followed], CHALLENGED, UNSEEN)
    code[page] = WORKED
    inside = np.flatnonzero(tunnel)
    code[inside] = _inside(requests, captured, tunnels, inside)
    silent = np.flatnonzero(~answered & ~tunnel)
    code[silent] = _without_answer(flows, requests, captured, silent)
    return Outcomes(code, tunnel | page)


def _target_missing(requests: Requests) -> Bools:
    """Per request: a redirect whose target wasn't captured: a portal's or the host's own."""
    redirect = (requests.kind == ABSOLUTE) & (requests.status >= 300) & (requests.status < 400) & (requests.status != NOT_MODIFIED)
    result: Bools = redirect & requests.cut & ~requests.location.is_valid().to_numpy(zero_copy_only=False)
    return result


def _portals(ends: Ends, requests: Requests, page: Bools) -> Bools:
    """Per request: a redirect to the target to which requests for other hosts are redirected too."""
    result = np.zeros(len(page), dtype=np.bool_)
    at = np.flatnonzero(page & (requests.status >= 300) & (requests.status < 400))
    if len(at):
        hosts, places = (same_host(column.take(array(at))) for column in (requests.host, requests.location))
        result[at] = one_answer_for_many(hosts, places, ends.server_end[requests.row[at]])
    return result


def _own_pages(ends: Ends, requests: Requests, page: Bools) -> Bools:
    """Per request: HTML in answer to a list, for two or more unrelated hosts: the proxy's own page.

    A list is never HTML. If only one host sends HTML, that may be its own mistake.
    """
    result = np.zeros(len(page), dtype=np.bool_)
    at = np.flatnonzero(page & requests.html & (requests.status < 300))
    if len(at):
        asked = requests.path.take(array(at))
        lists = pc.fill_null(pc.match_substring_regex(asked, LISTS), False).to_numpy(zero_copy_only=False).astype(np.bool_)
        at = at[lists]
        proxies, hosts = ends.server_end[requests.row[at]], same_host(requests.host.take(array(at))).dictionary_encode()
        names = [site_of(host) for host in hosts.dictionary.to_pylist()]
        sites: dict[int, set[str]] = {}
        for proxy, code in zip(proxies.tolist(), integers(hosts.indices, -1).tolist(), strict=True):
            if code >= 0:
                sites.setdefault(proxy, set()).add(names[code])
        several = [proxy for proxy, of_proxy in sites.items() if len(of_proxy) > 1]
        result[at] = np.isin(proxies, several)
    return result


def _inside(requests: Requests, captured: Captured, tunnels: Tunnels, at: Ints) -> Ints:
    """The outcome of the requests at these positions, all of them let through."""
    row = requests.row[at]
    hello, server = tunnels.hello[row], tunnels.server[row]
    since = np.where(tunnels.since[row] != NO_TIME, tunnels.since[row], requests.answered[at])
    silent = ~server & ~captured.server_lost[row] & captured.waited(since, row)
    # A page of the proxy's own behind its 2xx, and a client that ends the connection without a byte: nothing went through.
    page = requests.html[at] & tunnels.counted[row] & ~tunnels.client[row] & captured.ended[row] & ~captured.client_lost[row]
    broken = np.where(tunnels.failed[row] | page, True, silent)
    # Client payload that the capture lost may have been a ClientHello or an alert.
    plain = server & (tunnels.client | ~tunnels.counted)[row] & ~tunnels.failed[row] & ~captured.client_lost[row]
    worked = np.where(hello, tunnels.completed[row], plain)
    code = np.where(worked, WORKED, np.where(broken, BROKEN, UNSEEN))
    # A tunnel in which another proxy was asked is judged by that request: its answer came through.
    outer = np.flatnonzero(~requests.last[at])
    if len(outer):
        code[outer] = np.where(answered_later(requests)[at[outer]], WORKED, UNSEEN)
    return np.where(captured.server[row], code, UNSEEN)


def _without_answer(flows: pa.Table, requests: Requests, captured: Captured, at: Ints) -> Ints:
    """The outcome of the requests at these positions, which have no captured answer and weren't let through."""
    if not len(at):
        return np.zeros(0, dtype=np.int64)
    row = requests.row[at]
    served = answered_before(requests)[at]
    # A request may be lost without a refusal when the server closes a connection after serving others (RFC 9112 9.3.1).
    lost = (served | ~captured.began[row]) & is_text(flows, "ended_by", "server")[row]
    missing = ~captured.server[row] | captured.server_lost[row] | answered_later(requests)[at]
    # A SOCKS5 server's choice of method is no answer to the request after it (RFC 1928 3).
    greeted = is_text(flows, "server_first", "socks")[row] & ((requests.kind == SOCKS4) | (requests.kind == SOCKS5))[at]
    spoke = (captured.server_bytes > 0)[row] & ~greeted
    other = spoke & ~served & captured.began[row] & is_known(flows, "server_first")[row] & ~missing
    # HTTP without a status is an answer that was cut before it, and no other protocol.
    other &= ~(is_text(flows, "server_first", "http")[row] & (requests.kind <= ABSOLUTE)[at])
    # Acknowledged payload after the request is an answer that couldn't be read: a snap length hides where the previous answer ends.
    last_data = times_ns(flows.column("last_data"))[row]
    unread = served & requests.last[at] & (last_data > requests.first_seen[at]) & ~is_known(flows, "pending_since")[row]
    nothing = ~lost & ~missing & ~unread & (~spoke | served) & captured.waited(requests.first_seen[at], row)
    return np.where(other, FAILED, np.where(nothing, UNANSWERED, UNSEEN))


def hidden_flows(flows: pa.Table, captured: Captured, serving: Bools) -> Bools:
    """Per flow: TLS to a proxy from the first byte on, so that its requests can't be seen.

    serving   bool[n]   the server is a proxy

    A tunnel whose request wasn't captured looks the same, so the connection's beginning must be captured, with the hello at its start.
    """
    n_requests = np.bincount(one_row_per_request(flows), minlength=flows.num_rows)
    tls = is_known(flows, "client_hello_at", "tls_offered") | is_text(flows, "server_first", "tls")
    later = integers(flows.column("tls_first").cast(pa.int8()), 1) == 0
    other = is_text(flows, "server_first", "http") | is_text(flows, "server_first", "socks")
    result: Bools = serving & captured.began & tls & ~later & (n_requests == 0) & ~other
    return result


def one_row_per_request(flows: pa.Table) -> Ints:
    """The row of each request."""
    return np.asarray(pc.list_parent_indices(one_array(flows.column("requests")))).astype(np.int64)


def with_outcomes(flows: pa.Table, outcomes: Outcomes) -> pa.Table:
    """The table with `outcome` and `let_through` of its requests filled."""
    lists = one_array(flows.column("requests"))
    entries = pc.list_flatten(lists)
    filled = {"outcome": pa.array(OUTCOMES, pa.string()).take(array(outcomes.code)), "let_through": array(outcomes.through)}
    fields = [filled[field.name] if field.name in filled else entries.field(field.name) for field in REQUEST]
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
    column = pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(fields, fields=list(REQUEST)))
    index = flows.schema.get_field_index("requests")
    return flows.set_column(index, flows.schema.field(index), column)
