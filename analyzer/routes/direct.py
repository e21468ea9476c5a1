"""What went past the proxies: which flows count as direct, and whether the gateway let them through.

A firewall that reads on lets the handshake through and stops what follows: only payload that came back shows that a flow was let
through, and neither an alert nor the firewall's own page is that. A remnant of an old connection shows nothing.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.captured import SILENCE_S, Captured, capture_ends, is_known, is_text
from analyzer.routes.portals import one_answer_for_many
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, bools, integers, one_array, times_ns

BLOCKED_STATES = ("refused", "unreachable", "no-answer")
"""States of a flow that nobody let in: nothing but the attempt and its rejection were seen."""

HTTPS_PORT = 443

REPEATED_MS = 200
"""QUIC clients repeat an unanswered Initial after a second, browsers after 200 ms or more (RFC 9002 6.2.2). The packets of one hello
follow each other within a millisecond."""

DIRECT_OUTCOMES = ("answered", "blocked", "unknown")
ANSWERED, BLOCKED, UNKNOWN = range(3)

RECORD_HEAD = 5
"""Bytes before a TLS record's content (RFC 8446 5.1)."""

LISTS = r"(?i)\.(crl|stl|ctl|cab)$"
"""Paths of lists of revoked and of trusted certificates, and the archives they come in: never a web page."""

OK, NOT_MODIFIED = 200, 304
BLOCK_STATUSES = (403, 451, 511)
PAGE_STATUSES = (200, 403, 451, 503, 511)
"""Statuses under which firewalls send a page of their own."""


def can_be_direct(flows: pa.Table, ends: Ends) -> Bools:
    """Per flow: whether it would carry a service if it is no proxy's: any TCP, and QUIC's UDP/443. DNS and the like don't."""
    result: Bools = ends.tcp | (integers(flows.column("server_port"), 0) == HTTPS_PORT)
    return result


def was_blocked(flows: pa.Table, end: Ints | None = None) -> Bools:
    """Per flow: whether it never got through (BLOCKED_STATES). One SYN at a capture's end was perhaps answered behind it.

    end   as capture_ends gives it, where that is known already
    """
    blocked = pc.is_in(one_array(flows.column("state")), value_set=pa.array(BLOCKED_STATES)).to_numpy(zero_copy_only=False)
    tries = integers(flows.column("packets_out"), 0)
    first, end = times_ns(flows.column("first_seen")), capture_ends(flows) if end is None else end
    waited = (tries > 1) | ((first != NO_TIME) & (end - np.where(first == NO_TIME, end, first) >= SILENCE_S * 10**9))
    result: Bools = blocked.astype(np.bool_) & (~is_text(flows, "state", "no-answer") | waited)
    return result


def direct_outcomes(flows: pa.Table, ends: Ends, captured: Captured, direct: Bools) -> Ints:
    """Per flow an index into DIRECT_OUTCOMES; -1 where it isn't direct.

    direct   bool[n]   route is direct
    """
    hello = is_known(flows, "client_hello_at", "client_random", "sni", "tls_offered")
    # A hello on another port, on a connection whose beginning isn't there, may stand in a tunnel that was asked for before.
    tunnelled = ~captured.began & ends.tcp & (integers(flows.column("server_port"), 0) != HTTPS_PORT)
    known = captured.began | (hello & ~tunnelled) | is_known(flows, "http_path")
    both = captured.client & captured.server
    came = captured.server_bytes > 0
    alone = is_text(flows, "server_first", "alert") & ~is_known(flows, "server_hello_at", "tls_version")
    alone |= block_pages(flows, ends, captured, direct & ~hello)
    # What is shorter than the head of a TLS record is no answer to a hello, whatever it was to become.
    alone |= hello & ends.tcp & (captured.server_bytes <= RECORD_HEAD) & ~is_known(flows, "server_hello_at", "tls_version")
    cut = words_cut(flows)
    answered = known & both & came & ~alone & ~cut & (hello | ~(_unsaid(flows) | _unread(flows)))
    since = first_word(flows)
    nothing = known & ~cut & both & (captured.client_bytes > 0) & (~came | alone) & ~captured.server_lost & captured.waited(since)
    blocked = was_blocked(flows, captured.end)
    udp = blocked & is_text(flows, "protocol", "udp")
    if udp.any():
        blocked &= ~(udp & _one_way(flows, ends, captured))
    blocked |= nothing
    code = np.where(blocked, BLOCKED, np.where(answered, ANSWERED, UNKNOWN))
    code[is_text(flows, "firewall_action", "block") & ~answered] = BLOCKED
    return np.where(direct, code, -1).astype(np.int64)


def _unsaid(flows: pa.Table) -> Bools:
    """Per flow: whether its plain request was answered by what may be a firewall's page or a portal's redirect, which would stand in
    what wasn't captured of the answer."""
    status = integers(flows.column("http_status"), -1)
    redirect = (status >= 300) & (status < 400) & (status != NOT_MODIFIED) & ~is_known(flows, "http_location")
    page = np.isin(status, [one for one in PAGE_STATUSES if one != OK]) & ~is_known(flows, "http_html")
    result: Bools = bools(one_array(flows.column("http_cut"))) & (redirect | page)
    return result


def _unread(flows: pa.Table) -> Bools:
    """Per flow: whether what was asked for wasn't captured, where it may have been a proxy's help, or a page that a firewall sent."""
    asked, path = is_known(flows, "http_via"), is_known(flows, "http_path")
    result: Bools = ~path & (asked | is_text(flows, "server_first", "http") | ~is_known(flows, "server_first"))
    return result


def words_cut(flows: pa.Table) -> Bools:
    """Per flow: whether the first that its client said goes on behind what was captured, and nothing that is there tells what it was.

    It may have been a request to a proxy, or a ClientHello with any name.
    """
    hello = is_known(flows, "client_hello_at", "client_random", "tls_offered", "sni")
    behind = integers(flows.column("tls_first").cast(pa.int8()), 1) == 0  # and so perhaps in the tunnel that it asked for
    result: Bools = bools(one_array(flows.column("first_cut"))) & ~(hello & ~behind) & ~is_known(flows, "http_via", "request")
    return result


def _one_way(flows: pa.Table, ends: Ends, captured: Captured) -> Bools:
    """Per UDP flow: what its server sends may be missing, as nothing that is sent to its client is in the capture.

    The client acknowledges TCP payload that isn't there, or asked once over UDP and didn't repeat itself, as it would without an answer.
    """
    n = len(ends.addresses)
    heard = np.bincount(ends.client[captured.server], minlength=n) > 0
    answered = np.bincount(ends.client[captured.server_lost & ends.tcp], minlength=n) > 0
    first, last = (times_ns(flows.column(name)) for name in ("first_seen", "last_seen"))
    repeated = (first != NO_TIME) & (last - first >= REPEATED_MS * 10**6)
    result: Bools = ~heard[ends.client] & (answered[ends.client] | ~repeated)
    return result


def first_word(flows: pa.Table) -> Ints:
    """Per flow since when the client waits for a word: its hello, else what was never acknowledged, else its last data."""
    since = np.full(flows.num_rows, NO_TIME, dtype=np.int64)
    for name in ("client_hello_at", "pending_since", "last_data", "first_seen"):
        since = np.where(since == NO_TIME, times_ns(flows.column(name)), since)
    return since


def block_pages(flows: pa.Table, ends: Ends, captured: Captured, asked: Bools) -> Bools:
    """Per flow: whether the answer to its plain request is a firewall's or a portal's own, not its server's.

    asked   bool[n]   flows that may have a plain request of their own
    HTML under 403, 451 or 511 for what never is a page; or one redirect, or one page, for hosts that have nothing in common.
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
    # The same page is as long to the byte, under the same status, from servers at different addresses.
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
