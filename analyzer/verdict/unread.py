"""Unreadable requests of a source: the host's name wasn't captured, or is hidden. They may be for any service, Defender's included."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address
from typing import Final

import numpy as np

from analyzer.arrow import array
from analyzer.routes.captured import is_known, is_text
from analyzer.routes.direct import ANSWERED, words_cut
from analyzer.routes.requests import Bools, Ints, integers
from analyzer.routes.route import DIRECT, PROXY
from analyzer.routes.tunnels import A_FIN
from analyzer.text.times import values
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import Evidence, occurring

WEB_PORTS: Final = (80, 443)
"""The ports of Defender's services: an address without a name at one of these may be theirs."""


def unread_requests(evidence: Evidence) -> dict[int, Counter[int]]:
    """client code → how many of its requests to each proxy (code) can't be read."""
    row = evidence.requests.row
    nameless = (evidence.request_host.codes < 0) & (evidence.host.codes[row] < 0) & evidence.asks_proxy
    rows = np.concatenate([row[nameless], np.flatnonzero((evidence.route == PROXY) & evidence.hidden & (evidence.service.codes < 0))])
    found: dict[int, Counter[int]] = {}
    for client, proxy in zip(evidence.client.codes[rows].tolist(), evidence.proxy.codes[rows].tolist(), strict=True):
        found.setdefault(client, Counter())[proxy] += 1
    return found


def sources_unread(evidence: Evidence, rows: Ints) -> set[int]:
    """Clients with unreadable requests among these rows, so that Defender may be their destination."""
    found = set(occurring(evidence.client.codes[rows[unread_flows(evidence)[rows]]]))
    return found | {client for client, counts in unread_requests(evidence).items() if counts}


def unread_flows(evidence: Evidence) -> Bools:
    """Per flow: whether its host is hidden or wasn't captured, by any of the following four tests."""
    return only_answers(evidence) | begun_before(evidence) | to_nameless(evidence) | unreadable(evidence)


def only_answers(evidence: Evidence) -> Bools:
    """Per flow: whether no packet of its client was captured."""
    result: Bools = integers(column(evidence, "packets_out"), 0) == 0
    return result


def begun_before(evidence: Evidence) -> Bools:
    """Per flow: whether it carried payload and shows neither its beginning nor a name."""
    nameless = (evidence.host.codes < 0) & ~_asks(evidence) & (evidence.bytes > 0) & says(evidence, "protocol", "tcp")
    result: Bools = nameless & ~is_known(evidence.flows, "isn_out", "isn_in")
    return result


def to_nameless(evidence: Evidence) -> Bools:
    """Per flow: whether it went to an address without any name: through a proxy that let it through or whose answer isn't captured, as
    answered TLS, or to a public address's web ports, where the client's payload wasn't answered."""
    requests = evidence.requests
    asked = np.zeros(evidence.flows.num_rows, dtype=np.bool_)
    tunnelled = evidence.outcome.carried | evidence.outcome.unseen
    asked[requests.row[(evidence.request_host.codes >= 0) & tunnelled & evidence.asks_proxy]] = True
    answered = (evidence.direct == ANSWERED) & is_known(evidence.flows, "client_hello_at", "tls_offered")
    unanswered = (evidence.route == DIRECT) & (evidence.direct != ANSWERED) & (evidence.host.codes < 0)
    web = np.isin(integers(column(evidence, "server_port"), 0), WEB_PORTS)
    said = integers(column(evidence, "bytes_out"), 0) > 0  # a client that only sent a SYN requested nothing
    tried = np.flatnonzero(unanswered & web & said & ~_asks(evidence) & ~only_answers(evidence) & ~begun_before(evidence))
    servers = values(column(evidence, "server_ip").take(array(tried)))
    public = {ip: ip_address(ip).is_global for ip in set(servers)}
    asked[tried] = [public[ip] for ip in servers]
    result: Bools = (evidence.host.codes < 0) & (asked | answered)
    return result


def unreadable(evidence: Evidence) -> Bools:
    """Per flow: whether it began in the capture and carried payload that no reader recognised: cut off, or in an unknown protocol.

    To a proxy, that is any flow without a request. Past the proxies, a server's payload that was recognised makes the flow readable; where
    the server's payload wasn't captured, the client's decides. Payload of the client that was acknowledged and not captured may have had
    the name, unless the server speaks another protocol.
    """
    flows, cut = evidence.flows, words_cut(evidence.flows)
    unheard = integers(column(evidence, "packets_in"), 0) == 0
    said = np.where((evidence.route == PROXY) | cut | unheard, evidence.bytes, integers(column(evidence, "bytes_in"), 0)) > 0
    lost = integers(column(evidence, "acked_out"), 0) > integers(column(evidence, "bytes_out"), 0) + A_FIN
    begun = is_known(flows, "isn_out", "isn_in") & says(evidence, "protocol", "tcp") & ~only_answers(evidence)
    known = is_known(flows, "client_hello_at", "tls_offered", "http_path") | (is_known(flows, "server_first") & ~cut)
    known &= (evidence.route != PROXY) & ~(lost & ~is_text(flows, "server_first", "other"))
    # A ClientHello cut before its name may be for any host, whichever direction was captured; to_nameless has the answered ones.
    nameless = is_known(flows, "client_hello_at") & ~is_known(flows, "tls_offered") & (evidence.route == DIRECT)
    nameless &= evidence.direct != ANSWERED
    result: Bools = (begun & (said | lost) & ~known) | nameless
    result &= ~_asks(evidence) & ~evidence.hidden & (evidence.host.codes < 0)
    return result


def _asks(evidence: Evidence) -> Bools:
    """Per flow: whether it shows a request."""
    result: Bools = np.bincount(evidence.requests.row, minlength=evidence.flows.num_rows) > 0
    return result
