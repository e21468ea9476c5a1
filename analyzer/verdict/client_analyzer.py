"""The traffic of the Client Analyzer itself: when it ran, and which flows are its own and not Defender's.

It tests each of its URLs by every method in turn: through the default proxy, again by auto discovery, then past all proxies, then through
the proxy that is configured for Defender. So a run is a chain of pairs of requests for the same host, without another host of its list
between the two, each pair followed by a direct attempt, through one group of hosts after the other; or a chain of hosts that are all
requested from the same proxies in the same order, although the first proxy let the request through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.findings import Finding
from analyzer.routes.requests import NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT, PROXY
from analyzer.services.url_groups import GROUPS
from analyzer.text.words import counted, listed
from analyzer.verdict.evidence import Evidence, evidence_of, grouped

_NS: Final = 1_000_000_000

PAIR_NS: Final = 3 * _NS
"""Most time between the two requests for one host, and from the second to the direct attempt: each ends as soon as it is answered."""

CHAIN_NS: Final = 120 * _NS
"""Most time from one host to the next: WinHTTP gives up a dropped direct attempt after 60 s, and may try a second address."""

DROPPED_NS: Final = 65 * _NS
"""Most time between two requests for one host with a direct attempt between them: WinHTTP gives up a dropped one after 60 s."""

LEAST_HOSTS: Final = 3
LEAST_GROUPS: Final = 2
"""Of a chain. The smallest list of URLs has more of both; a sensor that happens to request one host twice has fewer."""

LEAST_IN_ORDER: Final = 4
"""Hosts of a chain that is known by the order of its proxies alone: a client balanced over two proxies may ask both for a host or two."""


class AnalyzerTraffic(NamedTuple):
    """One run.

    start end   ns since 1970
    how         known from the study, or recognised by its shape
    rows        the analyzer's flows in the evidence
    requests    number of their requests to proxies
    """

    start: int
    end: int
    how: Literal["study", "shape"]
    rows: Ints
    requests: int


def set_aside(evidence: Evidence, windows: Sequence[tuple[int, int]] = ()) -> tuple[Evidence, list[AnalyzerTraffic]]:
    """The evidence without the analyzer's own traffic, and the runs that were left out.

    windows   when it ran, [start, end) in ns since 1970, from a study; if empty, runs are recognised by their shape
    """
    runs = list(_by_window(evidence, windows) if windows else _by_shape(evidence))
    runs = [run for run in runs if len(run.rows)]
    if not runs:
        return evidence, []
    kept = np.ones(evidence.flows.num_rows, np.bool_)
    kept[np.concatenate([run.rows for run in runs])] = False
    rest = pa.concat_tables([evidence.flows.filter(kept), evidence.copies])
    return evidence_of(rest, evidence.topology), runs


def run_findings(whole: Evidence, without: Evidence, runs: Sequence[AnalyzerTraffic]) -> list[Finding]:
    """client-analyzer-run, per run and source, with the figures before and after the exclusion."""
    findings = []
    for run in runs:
        for (client,), rows in grouped(run.rows, whole.client.codes):
            direct = int((whole.route[rows] == DIRECT).sum())
            asked = int((np.isin(whole.requests.row, rows) & whole.asks_proxy).sum())
            known = "as the study says" if run.how == "study" else f"known by its shape: hosts of its list asked for {_again(whole, rows)}"
            seconds, figures = (run.end - run.start) / _NS, _figures(whole, without, whole.client.values[client])
            text = (
                f"The Client Analyzer ran on {whole.client_label(client)} for {seconds:.0f} s ({known}): {counted(asked, 'request')} "
                f"and {counted(direct, 'direct attempt')} are left out of the verdict. {figures}"
            )
            confidence: Literal["certain", "likely"] = "certain" if run.how == "study" else "likely"
            findings.append(whole.finding("client-analyzer-run", rows, text, clients=[client], confidence=confidence))
    return findings


def _again(whole: Evidence, rows: Ints) -> str:
    """ "twice, then tried directly", or the proxies asked in turn."""
    asked = rows[whole.route[rows] == PROXY]
    proxies = list(dict.fromkeys(whole.proxy.codes[asked[np.argsort(whole.first[asked], kind="stable")]].tolist()))
    tried = ", then tried directly" if (whole.route[rows] == DIRECT).any() else ""
    return f"of {listed([whole.proxy_label(code) for code in proxies])} in turn{tried}" if len(proxies) > 1 else f"twice{tried}"


def _figures(whole: Evidence, without: Evidence, client_ip: str) -> str:
    """`Without it 20 Defender requests were carried and 2 failed, with it 38 and 4; direct attempts: 2, with it 15.`"""
    carried, failed, direct = _counts(without, client_ip)
    with_carried, with_failed, with_direct = _counts(whole, client_ip)
    return (
        f"Without it {counted(carried, 'Defender request')} {'was' if carried == 1 else 'were'} carried and {failed} failed, with it "
        f"{with_carried} and {with_failed}; direct attempts: {direct}, with it {with_direct}"
    )


def _counts(evidence: Evidence, client_ip: str) -> tuple[int, int, int]:
    if client_ip not in evidence.client.values:
        return 0, 0, 0
    client = evidence.client.values.index(client_ip)
    asked = evidence.asks_proxy & (evidence.request_service.codes >= 0) & (evidence.client.codes[evidence.requests.row] == client)
    direct = (evidence.route == DIRECT) & (evidence.client.codes == client)
    return int((asked & evidence.outcome.carried).sum()), int((asked & evidence.outcome.failed).sum()), int(direct.sum())


def _by_window(evidence: Evidence, windows: Sequence[tuple[int, int]]) -> Iterator[AnalyzerTraffic]:
    """The flows that began in the window and may be the analyzer's: requests for Defender's services, and attempts past the proxies."""
    defender = evidence.service.codes >= 0
    defender[evidence.requests.row[evidence.asks_proxy & (evidence.request_service.codes >= 0)]] = True
    for start, end in windows:
        inside = (evidence.first >= start) & (evidence.first < end)
        yield _run(evidence, start, end, "study", inside & (defender | (evidence.route == DIRECT)))


class _Tested(NamedTuple):
    """One source's requests for hosts of the analyzer's list, in order of time, and its direct attempts.

    at         int64[n]  positions of the requests;  times proxy host service: of each
    worked     bool[n]   was let through
    attempts   int64[m]  ns since 1970, in order
    """

    at: Ints
    times: Ints
    proxy: Ints
    host: Ints
    service: Ints
    worked: Bools
    attempts: Ints


def _by_shape(evidence: Evidence) -> Iterator[AnalyzerTraffic]:
    """Chains of pairs followed by direct attempts; else chains of hosts requested from several proxies in one order."""
    requests, row = evidence.requests, evidence.requests.row
    codes = [code for code, slug in enumerate(evidence.request_service.values) if slug in GROUPS]
    began = np.where(requests.first_seen == NO_TIME, evidence.first[row], requests.first_seen)
    tested = np.flatnonzero(evidence.asks_proxy & np.isin(evidence.request_service.codes, codes) & (began != NO_TIME))
    if len(tested) < 2 * LEAST_HOSTS:
        return
    direct = np.flatnonzero((evidence.route == DIRECT) & (evidence.first != NO_TIME))
    client = evidence.client.codes[row]
    tested = tested[np.lexsort((began[tested], client[tested]))]
    tested = tested[_may_have_run(evidence, tested, began, direct)[client[tested]]]
    for (source,), positions in grouped(tested, client):
        mine = positions[np.argsort(began[positions], kind="stable")]
        attempts = np.sort(evidence.first[direct[evidence.client.codes[direct] == source]])
        own = _Tested(
            at=mine,
            times=began[mine],
            proxy=evidence.proxy.codes[row[mine]],
            host=evidence.request_host.codes[mine],
            service=evidence.request_service.codes[mine],
            worked=evidence.outcome.carried[mine],
            attempts=attempts,
        )
        behind = _last_of_each(own)
        until = 0
        for chain, end in sorted([*_pairs(own, behind), *_in_order(own, behind)], key=lambda one: int(one[0][0])):
            groups = {GROUPS[evidence.request_service.values[code]] for code in own.service[chain].tolist()}
            if len(groups) >= LEAST_GROUPS and int(own.times[chain[0]]) >= until:
                yield _of_chain(evidence, source, own, chain, behind, end)
                until = end


def _may_have_run(evidence: Evidence, tested: Ints, began: Ints, direct: Ints) -> Bools:
    """Per client: whether it repeated enough requests for a host, at the same proxy beside direct attempts, or at another proxy.

    tested   requests in order of client and time
    """
    n, row = len(evidence.client.values), evidence.requests.row[tested]
    client, proxy, host, times = evidence.client.codes[row], evidence.proxy.codes[row], evidence.request_host.codes[tested], began[tested]
    again = (client[1:] == client[:-1]) & (host[1:] == host[:-1]) & (np.diff(times) <= DROPPED_NS)
    often = np.bincount(client[1:][again], minlength=n) >= LEAST_HOSTS
    tried = np.bincount(evidence.client.codes[direct], minlength=n) >= LEAST_HOSTS
    elsewhere = np.bincount(client[1:][again & (proxy[1:] != proxy[:-1])], minlength=n) >= LEAST_IN_ORDER
    result: Bools = (often & tried) | elsewhere
    return result


def _last_of_each(own: _Tested) -> Ints:
    """For each request, the last of the requests for the same host that closely follow it with no other host of the list between."""
    gaps = np.diff(own.times)
    tried = np.searchsorted(own.attempts, own.times)
    close = (gaps <= PAIR_NS) | ((np.diff(tried) > 0) & (gaps <= DROPPED_NS))
    last = np.arange(len(own.at))
    for place in np.flatnonzero((own.host[1:] == own.host[:-1]) & close)[::-1].tolist():
        last[place] = last[place + 1]
    return last


def _pairs(own: _Tested, behind: Ints) -> Iterator[tuple[Ints, int]]:
    """(the first request of each pair, the end) of chains of pairs each followed by a direct attempt."""
    times = own.times
    pairs = np.flatnonzero((own.host[1:] == own.host[:-1]) & (times[1:] - times[:-1] <= PAIR_NS))
    for chain in _chains(_followed(pairs, times, own.attempts), times):
        if len(np.unique(own.host[chain])) >= LEAST_HOSTS:
            attempt = own.attempts[np.searchsorted(own.attempts, times[chain[-1] + 1])]
            yield chain, int(max(attempt, times[behind[chain[-1]]])) + 1


def _in_order(own: _Tested, behind: Ints) -> Iterator[tuple[Ints, int]]:
    """(the first request of each host, the end) of chains of hosts requested from the same proxies in the same order, although the first
    let them through: no client falls back from a proxy that works."""
    firsts = np.flatnonzero(np.append(True, behind[1:] != behind[:-1]))
    several = firsts[own.worked[firsts] & (behind[firsts] > firsts)]  # most requests are alone
    by_order: dict[tuple[int, ...], list[int]] = {}
    for first in several.tolist():
        order = tuple(own.proxy[first : behind[first] + 1].tolist())
        if len(set(order)) > 1:
            by_order.setdefault(order, []).append(first)
    for probes in by_order.values():
        for chain in _chains(np.array(probes, dtype=np.int64), own.times):
            if len(np.unique(own.host[chain])) == len(chain) >= LEAST_IN_ORDER:
                yield chain, int(own.times[behind[chain[-1]]]) + 1


def _followed(pairs: Ints, times: Ints, attempts: Ints) -> Ints:
    """The pairs (by their first request) that a direct attempt follows soon after the second request and before the next pair."""
    if not len(attempts):
        return pairs[:0]
    second = times[pairs + 1]
    at = np.searchsorted(attempts, second)
    behind = attempts[np.minimum(at, len(attempts) - 1)]
    before_next = behind <= np.append(times[pairs[1:]], np.iinfo(np.int64).max)[: len(pairs)]
    chosen: Ints = pairs[(at < len(attempts)) & (behind - second <= PAIR_NS) & before_next]
    return chosen


def _chains(probes: Ints, times: Ints) -> list[Ints]:
    """The pairs in runs, in which none is further than CHAIN_NS from the one before."""
    if not len(probes):
        return []
    return np.split(probes, np.flatnonzero(np.diff(times[probes]) > CHAIN_NS) + 1)


def _of_chain(evidence: Evidence, source: int, own: _Tested, chain: Ints, behind: Ints, end: int) -> AnalyzerTraffic:
    """The source's requests for the chain's hosts and its direct attempts, from the first request to the end."""
    start = int(own.times[chain[0]])
    mine = (own.times >= start) & (own.times < end) & np.isin(own.host, np.unique(own.host[chain]))
    orders = {tuple(own.proxy[np.searchsorted(behind, last) : last + 1].tolist()) for last in behind[chain].tolist()}
    mine[_interrupted(own, orders, start, end)] = True
    last = int(own.times[mine].max())
    behind_last = own.attempts[(own.attempts >= last) & (own.attempts <= last + PAIR_NS)][:1].tolist()
    start, end = min(start, int(own.times[mine].min())), max(end, *(at + 1 for at in (last, *behind_last)))
    rows = np.zeros(evidence.flows.num_rows, np.bool_)
    rows[evidence.requests.row[own.at[mine]]] = True
    rows |= (evidence.route == DIRECT) & (evidence.client.codes == source) & (evidence.first >= start) & (evidence.first < end)
    return _run(evidence, start, max(end, int(evidence.last[rows].max())), "shape", rows)


def _interrupted(own: _Tested, orders: Collection[tuple[int, ...]], start: int, end: int) -> list[int]:
    """Requests for other hosts that were asked of the same proxies in one of these orders, while the run went on or right beside it.

    What else the machine asked for meanwhile, its sensor too, came between them, so that they are no link of the chain.
    """
    near = np.flatnonzero((own.times >= start - CHAIN_NS) & (own.times < end + CHAIN_NS))
    found: list[int] = []
    for (_,), of_host in grouped(near, own.host):
        for probe in np.split(of_host, np.flatnonzero(np.diff(own.times[of_host]) > PAIR_NS) + 1):
            order, last = tuple(own.proxy[probe].tolist()), own.times[probe[-1]]
            tried = np.searchsorted(own.attempts, (own.times[probe[0]], last + PAIR_NS))
            if len(probe) > 1 and order in orders and ((len(set(order)) > 1 and own.worked[probe[0]]) or tried[0] < tried[1]):
                found += probe.tolist()
    return found


def _run(evidence: Evidence, start: int, end: int, how: Literal["study", "shape"], rows: Bools) -> AnalyzerTraffic:
    asked = int((rows[evidence.requests.row] & evidence.asks_proxy).sum())
    return AnalyzerTraffic(start, end, how, np.flatnonzero(rows), asked)
