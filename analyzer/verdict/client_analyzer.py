"""The traffic that the Client Analyzer itself causes: when it ran, and what of the capture is its and not Defender's.

It tests each of its URLs by every method in turn: through the default proxy, again by auto discovery, then past all proxies. So a run is
a chain of pairs of requests for the same host, nothing of its list between the two, each followed by a direct attempt of its own, through
one group of hosts after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from analyzer.findings import Finding
from analyzer.routes.requests import NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT
from analyzer.services.url_groups import GROUPS
from analyzer.text.words import counted
from analyzer.verdict.evidence import Evidence, evidence_of, grouped

_NS: Final = 1_000_000_000

PAIR_NS: Final = 3 * _NS
"""Between the two requests for one host, and from the second to the direct attempt: each ends as soon as it is answered."""

CHAIN_NS: Final = 120 * _NS
"""From one host to the next: a direct attempt that is dropped is given up after WinHTTP's 60 s, a second one for a second address."""

LEAST_HOSTS: Final = 3
LEAST_GROUPS: Final = 2
"""Of a chain. The smallest list of URLs has more of both; a sensor that happens to ask twice for one host has fewer."""


@dataclass(frozen=True)
class AnalyzerTraffic:
    """One run.

    start end   ns since 1970
    how         as the study says, or by its shape
    rows        flows of the evidence that are the analyzer's
    requests    how many they asked proxies for
    """

    start: int
    end: int
    how: Literal["study", "shape"]
    rows: Ints
    requests: int


def set_aside(evidence: Evidence, windows: Sequence[tuple[int, int]] = ()) -> tuple[Evidence, list[AnalyzerTraffic]]:
    """The evidence without the analyzer's own traffic, and the runs that were left out.

    windows   when it ran, [start, end) in ns since 1970, as a person says; without any, runs are looked for by their shape
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
    """client-analyzer-run, per run and source, with the figures with and without what was left out."""
    findings = []
    for run in runs:
        for (client,), rows in grouped(run.rows, whole.client.codes):
            direct = int((whole.route[rows] == DIRECT).sum())
            asked = int((np.isin(whole.requests.row, rows) & whole.asks_proxy).sum())
            known = (
                "as the study says" if run.how == "study" else "known by its shape: hosts of its list asked for twice, then tried directly"
            )
            seconds, figures = (run.end - run.start) / _NS, _figures(whole, without, whole.client.values[client])
            text = (
                f"The Client Analyzer ran on {whole.client_label(client)} for {seconds:.0f} s ({known}): {counted(asked, 'request')} "
                f"and {counted(direct, 'direct attempt')} are left out of the verdict. {figures}"
            )
            confidence: Literal["certain", "likely"] = "certain" if run.how == "study" else "likely"
            findings.append(whole.finding("client-analyzer-run", rows, text, clients=[client], confidence=confidence))
    return findings


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
    """Everything that began in the window and could be the analyzer's: requests for Defender's services, and attempts past the proxies."""
    defender = evidence.service.codes >= 0
    defender[evidence.requests.row[evidence.asks_proxy & (evidence.request_service.codes >= 0)]] = True
    for start, end in windows:
        inside = (evidence.first >= start) & (evidence.first < end)
        yield _run(evidence, start, end, "study", inside & (defender | (evidence.route == DIRECT)))


def _by_shape(evidence: Evidence) -> Iterator[AnalyzerTraffic]:
    """Chains of pairs with a direct attempt behind each."""
    requests, row = evidence.requests, evidence.requests.row
    codes = [code for code, slug in enumerate(evidence.request_service.values) if slug in GROUPS]
    began = np.where(requests.first_seen == NO_TIME, evidence.first[row], requests.first_seen)
    tested = np.flatnonzero(evidence.asks_proxy & np.isin(evidence.request_service.codes, codes) & (began != NO_TIME))
    direct = np.flatnonzero((evidence.route == DIRECT) & (evidence.first != NO_TIME))
    if len(tested) < 2 * LEAST_HOSTS or len(direct) < LEAST_HOSTS:
        return
    client, host = evidence.client.codes[row[tested]], evidence.request_host.codes[tested]
    order = np.lexsort((began[tested], client))
    tested, client, host = tested[order], client[order], host[order]
    times = began[tested]
    pairs = np.flatnonzero((client[1:] == client[:-1]) & (host[1:] == host[:-1]) & (times[1:] - times[:-1] <= PAIR_NS))
    for (source,), own in grouped(pairs, client):
        attempts = np.sort(evidence.first[direct[evidence.client.codes[direct] == source]])
        probes = _followed(own[np.argsort(times[own], kind="stable")], times, attempts)
        for chain in _chains(probes, times):
            hosts = host[chain]
            services = evidence.request_service.codes[tested[chain]]
            groups = {GROUPS[evidence.request_service.values[code]] for code in services.tolist()}
            if len(np.unique(hosts)) >= LEAST_HOSTS and len(groups) >= LEAST_GROUPS:
                yield _of_chain(evidence, source, chain, tested, times, host, attempts)


def _followed(pairs: Ints, times: Ints, attempts: Ints) -> Ints:
    """The pairs (by their first request) with a direct attempt soon behind the second, and before the next pair."""
    if not len(attempts):
        return pairs[:0]
    second = times[pairs + 1]
    at = np.searchsorted(attempts, second)
    behind = attempts[np.minimum(at, len(attempts) - 1)]
    before_next = behind <= np.append(times[pairs[1:]], np.iinfo(np.int64).max)[: len(pairs)]
    chosen: Ints = pairs[(at < len(attempts)) & (behind - second <= PAIR_NS) & before_next]
    return chosen


def _chains(probes: Ints, times: Ints) -> list[Ints]:
    """The pairs in runs: none is further than CHAIN_NS from the one before."""
    if not len(probes):
        return []
    return np.split(probes, np.flatnonzero(np.diff(times[probes]) > CHAIN_NS) + 1)


def _of_chain(evidence: Evidence, source: int, chain: Ints, tested: Ints, times: Ints, host: Ints, attempts: Ints) -> AnalyzerTraffic:
    """The source's requests for the chain's hosts, and its direct attempts, from the first pair to the last attempt."""
    start = int(times[chain[0]])
    behind = attempts[np.searchsorted(attempts, times[chain[-1] + 1])]
    end = int(behind) + 1
    row = evidence.requests.row
    own = (times >= start) & (times < end) & (evidence.client.codes[row[tested]] == source) & np.isin(host, np.unique(host[chain]))
    rows = np.zeros(evidence.flows.num_rows, np.bool_)
    rows[row[tested[own]]] = True
    rows |= (evidence.route == DIRECT) & (evidence.client.codes == source) & (evidence.first >= start) & (evidence.first < end)
    return _run(evidence, start, max(end, int(evidence.last[rows].max())), "shape", rows)


def _run(evidence: Evidence, start: int, end: int, how: Literal["study", "shape"], rows: Bools) -> AnalyzerTraffic:
    asked = int((rows[evidence.requests.row] & evidence.asks_proxy).sum())
    return AnalyzerTraffic(start, end, how, np.flatnonzero(rows), asked)
