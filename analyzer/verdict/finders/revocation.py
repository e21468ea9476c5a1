"""Unreachable revocation lists while tunnels open: the documented cause of a 200 after which Defender's cloud still fails.

CryptoAPI fetches lists of revoked and trusted certificates by plain HTTP and by a proxy setting of its own; where that way is closed,
certificates can't be checked and the sessions in working tunnels end (learn.microsoft.com, antivirus network connections).
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Finding, Severity
from analyzer.routes.requests import ABSOLUTE, Ints, integers, one_array
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import mask, state_list
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.outcome import answer_status

TRUST_SERVICE = "certificate-trust"
FETCHER = "Microsoft-CryptoAPI/"
HTTP_PORT = 80


def find(case: Case) -> list[Finding]:
    """revocation-unreachable, over all sources: named fetches that failed, else unnamed direct attempts on port 80."""
    evidence = case.evidence
    requests, row = evidence.requests, evidence.requests.row
    client_of = evidence.client.codes[row]
    tunnels = set(np.unique(client_of[evidence.outcome.carried & evidence.asks_proxy & (requests.kind != ABSOLUTE)]).tolist())
    trust = evidence.service.values.index(TRUST_SERVICE) if TRUST_SERVICE in evidence.service.values else -2
    by_fetcher = mask(pc.starts_with(one_array(evidence.flows.column("user_agent")), FETCHER))
    fetches = evidence.asks_proxy & (requests.kind == ABSOLUTE) & ((evidence.request_service.codes == trust) | by_fetcher[row])
    failed = dict(grouped(np.flatnonzero(fetches & evidence.outcome.failed), client_of))
    works = set(np.unique(client_of[fetches & evidence.outcome.carried]).tolist())
    tcp = mask(pc.equal(one_array(evidence.flows.column("protocol")), "tcp"))
    blocked = evidence.blocked & tcp
    named = dict(grouped(np.flatnonzero(blocked & (evidence.service.codes == trust)), evidence.client.codes))
    on_port = integers(one_array(evidence.flows.column("server_port")), 0) == HTTP_PORT
    unnamed = dict(grouped(np.flatnonzero(blocked & on_port & (evidence.host.codes < 0)), evidence.client.codes))
    none = np.zeros(0, dtype=np.int64)
    asked, direct, silent = [none], [none], [none]
    for client in sorted(tunnels):
        named_failed, named_blocked = failed.get((client,), none), named.get((client,), none)
        if len(named_failed) or len(named_blocked):
            asked.append(named_failed)
            direct.append(named_blocked)
        elif client not in works and (client,) in unnamed:
            silent.append(unnamed[client,])
    some, past, quiet = (np.sort(np.concatenate(parts)) for parts in (asked, direct, silent))
    if len(some) or len(past):
        return [_named(evidence, some, past, works)]
    return [_unnamed(evidence, quiet)] if len(quiet) else []


def _named(evidence: Evidence, asked: Ints, direct: Ints, works: set[int]) -> Finding:
    """The finding on fetches with a known host: requests that failed at a proxy, and blocked direct attempts."""
    statuses, counts = np.unique(answer_status(evidence.requests, evidence.outcome.code)[asked], return_counts=True)
    hosts = {evidence.request_host.values[code] for code in evidence.request_host.codes[asked].tolist() if code >= 0}
    hosts |= {evidence.host.values[code] for code in evidence.host.codes[direct].tolist() if code >= 0}
    rows = np.union1d(evidence.rows_of(asked), direct)
    ways = []
    if len(asked):
        failures = failure_list(dict(zip(statuses.tolist(), counts.tolist(), strict=True)))
        ways.append(f"{counted(len(asked), 'request')} through a proxy failed ({failures})")
    if len(direct):
        blocked = f"{counted(len(direct), 'direct connection')} for {TRUST_SERVICE} {'was' if len(direct) == 1 else 'were'} blocked"
        ways.append(f"{blocked} ({state_list(evidence, direct)})")
    text = (
        f"{evidence.of_whom(rows)} could not fetch certificate lists ({listed(sorted(hosts))}) while tunnels opened: {' and '.join(ways)}"
    )
    sources = set(evidence.client.codes[rows].tolist())
    if sources & works:
        text += "; other fetches worked"
    service = evidence.service.values.index(TRUST_SERVICE) if TRUST_SERVICE in evidence.service.values else -1
    severity: Severity | None = "warning" if sources <= works else None
    return evidence.finding("revocation-unreachable", rows, text, services=[service], severity=severity)


def _unnamed(evidence: Evidence, rows: Ints) -> Finding:
    """The finding on direct attempts without a known host: to port 80, by sources that fetch nothing through their proxies."""
    servers = np.unique(one_array(evidence.flows.column("server_ip")).take(array(rows)).to_numpy(zero_copy_only=False))
    text = (
        f"{counted(len(rows), 'direct connection')} of {evidence.of_whom(rows)} to port 80 of {counted(len(servers), 'address')} "
        f"were blocked ({state_list(evidence, rows)}) while tunnels opened, and no fetch of certificate lists was seen to get through a "
        f"proxy: that is how they are fetched, but no name was seen"
    )
    return evidence.finding("revocation-unreachable", rows, text, confidence="unclear", severity="warning")
