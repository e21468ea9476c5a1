"""Addresses translated on the way (NAT), seen before and after: two flows that carry one ClientHello, and so are one connection.

A ClientHello's random is made anew for every connection (RFC 8446 4.1.2). Where the same one goes to one server from two addresses,
the source was translated; where one client's goes to two servers, the destination was. Both legs of a tunnel through a proxy differ
in both, and are no translation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Finding
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import Ints, integers, one_array
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.reason import counted

FROM, TO = "seen again as coming from", "sent on to"


def translation_findings(evidence: Evidence) -> list[Finding]:
    """nat, per pair of addresses."""
    flows = evidence.flows
    random = coded(flows.column("client_random")).codes
    tcp = pc.equal(one_array(flows.column("protocol")), "tcp").to_numpy(zero_copy_only=False).astype(np.bool_)
    known = np.flatnonzero((random >= 0) & tcp)
    times = np.bincount(random[known], minlength=1)
    rows = known[times[random[known]] > 1]
    if not len(rows):
        return []
    server, port = coded(flows.column("server_ip")), integers(one_array(flows.column("server_port")), 0)
    server_end = server.codes * 65536 + port
    client_end = evidence.client.codes * 65536 + integers(one_array(flows.column("client_port")), 0)
    ends = {end: ip_port(server.values[end >> 16], end & 65535) for end in np.unique(server_end[rows]).tolist()}
    return [
        *_told(evidence, rows, (random, server_end), evidence.client.codes, lambda code: evidence.client.values[code], FROM),
        *_told(evidence, rows, (random, client_end), server_end, lambda end: ends[end], TO),
    ]


def _told(evidence: Evidence, rows: Ints, same: tuple[Ints, Ints], other: Ints, text_of: Callable[[int], str], what: str) -> list[Finding]:
    """A finding for each pair of what `other` was first and then, among rows that agree in `same`."""
    pairs: dict[tuple[int, int], list[int]] = {}
    for _, members in grouped(rows, *same):
        first = members[0]
        for row in members[1:].tolist():
            if other[row] != other[first]:
                pairs.setdefault((int(other[first]), int(other[row])), []).extend((int(first), row))
    findings = []
    for (before, after), both in sorted(pairs.items()):
        chosen = np.unique(both)
        whose = "" if what == FROM else f" of {evidence.client_label(int(evidence.client.codes[chosen[0]]))}"
        text = f"{counted(len(both) // 2, 'connection')}{whose} {'of' if what == FROM else 'to'} {text_of(before)} {what} {text_of(after)}"
        findings.append(evidence.finding("nat", chosen, text, client=int(evidence.client.codes[chosen[0]])))
    return findings
