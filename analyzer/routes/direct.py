"""Traffic past the proxies: which flows are direct, and whether the gateway let them through.

A firewall that inspects content lets the handshake through and stops what follows: only payload that came back proves that a flow was let
through, and neither an alert nor the firewall's own page counts. A remnant of an old connection proves nothing.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import SILENCE_S, Captured, Captures, capture_ends, is_known, is_text
from analyzer.routes.portals import one_answer_for_many
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, bools, integers, one_array, times_ns

BLOCKED_STATES = ("refused", "unreachable", "no-answer")
"""States of a flow that was never accepted: only the attempt and its rejection were seen."""

HTTPS_PORT = 443

REPEATED_MS = 200
"""QUIC clients repeat an unanswered Initial after a second, browsers after 200 ms or more (RFC 9002 6.2.2). The packets of one hello
follow each other within a millisecond."""

DIRECT_OUTCOMES = ("answered", "blocked", "unknown")
ANSWERED, BLOCKED, UNKNOWN = range(3)

RECORD_HEAD = 5
"""Bytes before a TLS record's content (RFC 8446 5.1)."""

LISTS = r"(?i)\.(crl|stl|ctl|cab)$"
"""Paths of lists of revoked and of trusted certificates, and of the archives that contain them: never a web page."""

OK, NOT_MODIFIED = 200, 304
BLOCK_STATUSES = (403, 451, 511)
PAGE_STATUSES = (200, 403, 451, 503, 511)
"""Statuses of firewalls' own pages."""


def can_be_direct(flows: pa.Table, ends: Ends) -> Bools:
    """Per flow: whether it is direct unless a proxy takes part: any TCP, and QUIC's UDP/443. DNS and other UDP is not."""
    result: Bools = ends.tcp | (integers(flows.column("server_port"), 0) == HTTPS_PORT)
    return result


def was_blocked(flows: pa.Table, end: Ints | None = None) -> Bools:
    """Per flow: whether it never got through (BLOCKED_STATES). A single SYN at a capture's end may have been answered after it.

    end   from capture_ends, where already computed
    """
    blocked = pc.is_in(one_array(flows.column("state")), value_set=pa.array(BLOCKED_STATES)).to_numpy(zero_copy_only=False)
    tries = integers(flows.column("packets_out"), 0)
    first, end = times_ns(flows.column("first_seen")), capture_ends(flows) if end is None else end
    waited = (tries > 1) | ((first != NO_TIME) & (end - np.where(first == NO_TIME, end, first) >= SILENCE_S * 10**9))
    # A client that acknowledges has received a SYN-ACK, even if the capture lost it.
    result: Bools = blocked.astype(np.bool_) & np.where(is_text(flows, "state", "no-answer"), waited, ~is_known(flows, "acked_in"))
    return result


def direct_outcomes(flows: pa.Table, ends: Ends, captured: Captured, direct: Bools) -> Ints:
    """Per flow an index into DIRECT_OUTCOMES; -1 where it isn't direct.

    direct   bool[n]   route is direct
    """
    hello = is_known(flows, "client_hello_at", "client_random", "sni", "tls_offered")
    # A hello on another port, on a connection without its beginning, may be inside a tunnel whose request wasn't captured.
    tunnelled = ~captured.began & ends.tcp & (integers(flows.column("server_port"), 0) != HTTPS_PORT)
    known = captured.began | (hello & ~tunnelled) | is_known(flows, "http_path")
    both = captured.client & captured.server
    came = captured.server_bytes > 0
    alone = is_text(flows, "server_first", "alert") & ~is_known(flows, "server_hello_at", "tls_version")
    alone |= block_pages(flows, ends, captured, direct & ~hello)
    # An answer shorter than the head of a TLS record is no answer to a hello.
    alone |= hello & ends.tcp & (captured.server_bytes <= RECORD_HEAD) & ~is_known(flows, "server_hello_at", "tls_version")
    cut = words_cut(flows)
    answered = known & both & came & ~alone & ~cut & (hello | ~(_answer_cut(flows) | _request_missing(flows)))
    since = waiting_since(flows)
    nothing = known & ~cut & both & (captured.client_bytes > 0) & (~came | alone) & ~captured.server_lost & captured.waited(since)
    blocked = was_blocked(flows, captured.end)
    udp = blocked & is_text(flows, "protocol", "udp")
    if udp.any():
        blocked &= ~(udp & _server_side_missing(flows, ends, captured))
    blocked &= ~_syn_of_one_direction(flows, ends, captured, blocked)
    blocked |= nothing
    code = np.where(blocked, BLOCKED, np.where(answered, ANSWERED, UNKNOWN))
    code[is_text(flows, "firewall_action", "block") & ~answered] = BLOCKED
    return np.where(direct, code, -1).astype(np.int64)


def _answer_cut(flows: pa.Table) -> Bools:
    """Per flow: whether the answer to its plain request may be a firewall's page or a portal's redirect, which would be in the uncaptured
    rest of the answer."""
    status = integers(flows.column("http_status"), -1)
    redirect = (status >= 300) & (status < 400) & (status != NOT_MODIFIED) & ~is_known(flows, "http_location")
    page = np.isin(status, [one for one in PAGE_STATUSES if one != OK]) & ~is_known(flows, "http_html")
    result: Bools = bools(one_array(flows.column("http_cut"))) & (redirect | page)
    return result


def _request_missing(flows: pa.Table) -> Bools:
    """Per flow: whether its request wasn't captured, so that the answer may be a proxy's or a firewall's own page."""
    asked, path = is_known(flows, "http_via"), is_known(flows, "http_path")
    result: Bools = ~path & (asked | is_text(flows, "server_first", "http") | ~is_known(flows, "server_first"))
    return result


def words_cut(flows: pa.Table) -> Bools:
    """Per flow: whether the client's first bytes were cut by the capture, and the captured ones don't show what they were.

    They may have been a request to a proxy, or a ClientHello with any name.
    """
    hello = is_known(flows, "client_hello_at", "client_random", "tls_offered", "sni")
    behind = integers(flows.column("tls_first").cast(pa.int8()), 1) == 0  # the hello may be in a tunnel that the cut bytes requested
    result: Bools = bools(one_array(flows.column("first_cut"))) & ~(hello & ~behind) & ~is_known(flows, "http_via", "request")
    return result


def _server_side_missing(flows: pa.Table, ends: Ends, captured: Captured) -> Bools:
    """Per UDP flow: whether its server's packets may be missing, because no packet to its client is in the capture.

    The client acknowledges TCP payload that isn't there, or asked once over UDP and didn't repeat the request, as it would if unanswered.
    """
    n = len(ends.addresses)
    heard = np.bincount(ends.client[captured.server], minlength=n) > 0
    answered = np.bincount(ends.client[captured.server_lost & ends.tcp], minlength=n) > 0
    first, last = (times_ns(flows.column(name)) for name in ("first_seen", "last_seen"))
    repeated = (first != NO_TIME) & (last - first >= REPEATED_MS * 10**6)
    result: Bools = ~heard[ends.client] & (answered[ends.client] | ~repeated)
    return result


def _syn_of_one_direction(flows: pa.Table, ends: Ends, captured: Captured, blocked: Bools) -> Bools:
    """Per flow of `blocked`: whether it is a single SYN in captures of one direction, which don't contain its answer.

    Such captures have no packet of any TCP server, whose payload clients acknowledge there. A SYN that was sent again wasn't answered.
    """
    lone = blocked & ends.tcp & is_text(flows, "state", "no-answer") & (integers(flows.column("packets_out"), 0) == 1)
    if not lone.any() or not (captured.server_lost & ~captured.server).any():
        return np.zeros(flows.num_rows, dtype=np.bool_)
    captures = Captures.of(flows)
    heard, answered = (
        captures.largest((ends.tcp & of_server).astype(np.int64)) > 0 for of_server in (captured.server, captured.server_lost)
    )
    result: Bools = lone & ~heard & answered
    return result


def waiting_since(flows: pa.Table) -> Ints:
    """Per flow the time since which the client waits: its hello, else its unacknowledged data, else its last data."""
    since = np.full(flows.num_rows, NO_TIME, dtype=np.int64)
    for name in ("client_hello_at", "pending_since", "last_data", "first_seen"):
        since = np.where(since == NO_TIME, times_ns(flows.column(name)), since)
    return since


def block_pages(flows: pa.Table, ends: Ends, captured: Captured, asked: Bools) -> Bools:
    """Per flow: whether the answer to its plain request is a firewall's or a portal's own, not its server's.

    asked   bool[n]   flows that may have a plain request of their own

    Such answers are HTML under 403, 451 or 511 for a path that is never a page; or one redirect, or one page, for unrelated hosts.
    """
    result = np.zeros(flows.num_rows, dtype=np.bool_)
    status = integers(flows.column("http_status"), -1)
    at = np.flatnonzero(asked & (status >= 0))
    if not len(at):
        return result
    rows = array(at)
    status = status[at]
    path, host, location = (one_array(flows.column(name)).take(rows) for name in ("http_path", "http_host", "http_location"))
    html = pc.fill_null(one_array(flows.column("http_html")).take(rows), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    lists = pc.fill_null(pc.match_substring_regex(path, LISTS), False).to_numpy(zero_copy_only=False).astype(np.bool_)
    host = pc.utf8_rtrim(pc.utf8_lower(host), characters=".")
    anyone = np.zeros(len(at), dtype=np.int64)
    redirects = pc.if_else(array((status >= 300) & (status < 400)), location, pa.scalar(None, pa.string()))
    size = captured.server_bytes[at]
    pages = html & np.isin(status, PAGE_STATUSES) & (size > 0)
    # The same page has the same length and status from servers at different addresses.
    page = pc.binary_join_element_wise(array(status).cast(pa.string()), array(size).cast(pa.string()), " ")
    page = pc.if_else(array(pages & _several_servers(ends, at, status * (1 << 40) + size)), page, pa.scalar(None, pa.string()))
    result[at] = (html & lists & np.isin(status, BLOCK_STATUSES)) | one_answer_for_many(host, redirects, anyone)
    result[at] |= one_answer_for_many(host, page, anyone)
    return result


def _several_servers(ends: Ends, at: Ints, page: Ints) -> Bools:
    """Per flow of `at`: whether its page came from two or more addresses."""
    pairs = np.unique(np.stack([page, ends.server[at]]), axis=1)[0]
    pages, servers = np.unique(pairs, return_counts=True)
    result: Bools = servers[np.searchsorted(pages, page)] > 1
    return result
