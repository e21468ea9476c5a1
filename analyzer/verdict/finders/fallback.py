"""fallback: the proxy that a source tried first, and where it went when that failed: to another proxy, or past all of them.

The sensor goes direct when it can't reach its static proxy (learn.microsoft.com, verify connectivity); WinHTTP and WinINET try the next
proxy in their list.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analyzer.findings import Confidence, Finding
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers
from analyzer.routes.route import DIRECT, PROXY
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says, state_list
from analyzer.verdict.evidence import Evidence, coded, grouped
from analyzer.verdict.outcome import answer_status

SOON_NS = 60 * 10**9
"""Within this time after a failure, an attempt elsewhere counts as its consequence. Windows gives up a connection after 21 s."""

TLS_PORT = 443


def find(case: Case) -> list[Finding]:
    """Per source and proxy that failed: the attempts elsewhere that followed, for the same service or host.

    Traffic that already went that way before the failure is no consequence of it.
    """
    evidence = case.evidence
    return [
        finding for client, proxy, asked, rows in _failures(evidence) if (finding := _consequence(evidence, client, proxy, asked, rows))
    ]


def _failures(evidence: Evidence) -> Iterator[tuple[int, int, Ints, Ints]]:
    """(source, proxy, failed requests, connections that never opened)."""
    row = evidence.requests.row
    failed = np.flatnonzero(evidence.outcome.failed & evidence.asks_proxy & (evidence.begun != NO_TIME))
    dead = np.flatnonzero((evidence.route == PROXY) & evidence.unopened & (evidence.first != NO_TIME))
    asked = dict(grouped(failed, evidence.client.codes[row], evidence.proxy.codes[row]))
    rows = dict(grouped(dead, evidence.client.codes, evidence.proxy.codes))
    none = np.zeros(0, dtype=np.int64)
    for key in sorted(asked.keys() | rows.keys()):
        yield key[0], key[1], asked.get(key, none), rows.get(key, none)


def _consequence(evidence: Evidence, client: int, proxy: int, failed: Ints, dead: Ints) -> Finding | None:
    row = evidence.requests.row
    times = np.sort(np.concatenate([evidence.begun[failed], evidence.first[dead]]))
    wanted_service = np.unique(evidence.request_service.codes[failed])
    wanted_host = np.unique(evidence.request_host.codes[failed])
    other = evidence.asks_proxy & ~np.isin(evidence.proxy.codes[row], evidence.alike(proxy))
    mine = np.flatnonzero(other & (evidence.client.codes[row] == client))
    mine = mine[evidence.begun[mine] != NO_TIME]
    same = np.isin(evidence.request_service.codes[mine], wanted_service[wanted_service >= 0])
    same |= np.isin(evidence.request_host.codes[mine], wanted_host[wanted_host >= 0])
    if len(dead):
        same |= evidence.request_service.codes[mine] >= 0
    mine = mine[same]
    mine = mine[_is_new(evidence.begun[mine], times[0], (evidence.request_service.codes[mine], evidence.proxy.codes[row[mine]]))]
    mine = mine[_soon_after(times, evidence.begun[mine]) & ~evidence.outcome.failed[mine]]
    direct = _direct(evidence, client, times, wanted_service, bool(len(dead)))
    if not len(mine) and not len(direct):
        return None
    others = sorted({evidence.proxy_label(code) for code in evidence.proxy.codes[row[mine]].tolist()})
    n_asked = int(((evidence.client.codes[row] == client) & (evidence.proxy.codes[row] == proxy) & evidence.asks_proxy).sum())
    what = _tried(evidence, failed, dead, n_asked)
    chain = []
    if len(mine):
        hosts = sorted({evidence.request_host.values[code] for code in evidence.request_host.codes[mine].tolist() if code >= 0})
        carried = int(evidence.outcome.carried[mine].sum())
        chain.append(f"then asked {listed(others)} {counted(len(mine), 'time')} ({listed(hosts)}), {carried} carried")
    if len(direct):
        wait = int((evidence.first[direct].min() - times[0]) / 1e9)
        when = f"from {wait} s later on" if wait else "within a second"
        tried = counted(len(direct), "direct connection")
        chain.append(f"{when} tried {tried}{evidence.hosts_of(direct)}: {state_list(evidence, direct)}")
    text = f"{evidence.client_label(client)} asked {evidence.proxy_label(proxy)} first: {what}; {' and '.join(chain)}"
    services = [*evidence.request_service.codes[failed].tolist(), *evidence.request_service.codes[mine].tolist()]
    services += evidence.service.codes[direct].tolist()
    rows = np.unique(np.concatenate([evidence.rows_of(failed), dead, evidence.rows_of(mine), direct]))
    named = bool(len(failed)) or bool((evidence.service.codes[direct] >= 0).any())
    confidence: Confidence = "certain" if named else "likely"
    return evidence.finding("fallback", rows, text, clients=[client], proxy=proxy, services=services, confidence=confidence)


def _tried(evidence: Evidence, failed: Ints, dead: Ints, n_asked: int) -> str:
    """ "30 of 30 requests failed (30 × 407)", "3 connections refused"."""
    parts = []
    if len(failed):
        statuses, counts = np.unique(answer_status(evidence.requests, evidence.outcome.code)[failed], return_counts=True)
        failures = failure_list(dict(zip(statuses.tolist(), counts.tolist(), strict=True)))
        parts.append(f"{len(failed)} of {counted(n_asked, 'request')} failed ({failures})")
    if len(dead):
        parts.append(f"{counted(len(dead), 'connection')} to it came to nothing ({state_list(evidence, dead)})")
    return " and ".join(parts)


def _direct(evidence: Evidence, client: int, times: Ints, services: Ints, unnamed_too: bool) -> Ints:
    """Rows of direct TCP attempts soon after a failure: to these services' hosts, or to port 443 without a host name."""
    port = integers(column(evidence, "server_port"), 0)
    ours: Bools = np.isin(evidence.service.codes, services[services >= 0])
    if unnamed_too:
        ours |= (evidence.service.codes >= 0) | ((evidence.host.codes < 0) & (port == TLS_PORT))
    mine = (evidence.route == DIRECT) & (evidence.client.codes == client) & says(evidence, "protocol", "tcp")
    rows = np.flatnonzero(ours & mine & (evidence.first != NO_TIME))
    server = coded(evidence.flows.column("server_ip")).codes
    rows = rows[_is_new(evidence.first[rows], times[0], (server[rows],))]
    rows = rows[_soon_after(times, evidence.first[rows])]
    # Once Defender's own request found a way, a connection without a host name isn't a consequence of the failure.
    way = evidence.asks_proxy & evidence.outcome.carried & (evidence.request_service.codes >= 0) & (evidence.begun >= times[0])
    way &= evidence.client.codes[evidence.requests.row] == client
    found = int(evidence.begun[way].min()) if way.any() else np.iinfo(np.int64).max
    result: Ints = rows[(evidence.service.codes[rows] >= 0) | (evidence.first[rows] < found)]
    return result


def _is_new(at: Ints, begin: int, keys: tuple[Ints, ...]) -> Bools:
    """Per attempt: whether no attempt with equal keys was made before `begin`."""
    known = {key for key, early in zip(zip(*(k.tolist() for k in keys), strict=True), (at < begin).tolist(), strict=True) if early}
    return np.array([key not in known for key in zip(*(k.tolist() for k in keys), strict=True)], dtype=np.bool_)


def _soon_after(failures: Ints, attempts: Ints) -> Bools:
    """Per attempt: whether a failure precedes it by at most SOON_NS. failures: ascending."""
    before = np.searchsorted(failures, attempts, side="right") - 1
    result: Bools = (before >= 0) & (attempts - failures[np.maximum(before, 0)] <= SOON_NS)
    return result
