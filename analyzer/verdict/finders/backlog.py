"""backlog-flush: cached events sent in a burst, after a silence in which the source itself was active.

The sensor and the antivirus of one source are counted together, whatever the service and the proxy. The limits were checked by hand on
80 captures and shapes, without a false alarm. That the events were cached before is likely; no packet shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Finding
from analyzer.routes.requests import NO_TIME, Ints, integers, times_ns
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column
from analyzer.verdict.evidence import Evidence, coded, grouped

PLANES: Final = ("sensor", "antivirus")

_NS: Final = 1_000_000_000

SILENCE_RATIO: Final = 12
"""The least ratio of the silence to the burst that follows."""

GAP_OF_SILENCE, PACES = 10, 8
SMALL_GAP, SMALL_GAP_EARLY, SMALL_GAP_MOST_NS = 300, 100, 60 * _NS
"""A burst ends at a gap longer than a tenth of the silence; or longer than eight of its own paces and than a three-hundredth of the
silence (a hundredth while there are fewer than three requests), at most a minute."""

MOST_EARLY = 3
BURST_REQUESTS, RATE_RATIO = 6, 4
UPLOAD_REQUESTS, UPLOAD_BYTES, UPLOAD_RATE_RATIO, UPLOAD_EACH_RATIO = 2, 20_000, 12, 4
"""Six requests at four times the later rate; or two with 20 kB up, at twelve times the later upload rate and four times the later upload
per request."""


EASED_SILENCE_RATIO, EASED = 3, 2
"""After a logon that a study records, the silence must be three times as long as the burst, and the other ratios are halved: the logon is
evidence of its own."""


class Flush(NamedTuple):
    """One burst.

    client      code in the evidence; services, planes, proxies likewise, each once
    asked       positions of its requests; rows: their flows
    logon       ns since 1970, of the logon before it; None: none is known
    silent_ns   length of the silence before it
    start end   ns since 1970: its first and its last request
    bytes       payload of its flows both ways; up: the client's
    rate rate_after   requests per second in it and after it; None: none after it
    """

    client: int
    services: tuple[int, ...]
    planes: tuple[int, ...]
    proxies: tuple[int, ...]
    asked: Ints
    rows: Ints
    logon: int | None
    silent_ns: int
    start: int
    end: int
    bytes: int
    up: int
    rate: float
    rate_after: float | None

    def text(self, evidence: Evidence) -> str:
        """What was seen, with the numbers."""
        services = [evidence.service.values[code] for code in self.services]
        proxies = [evidence.proxy_label(code) for code in self.proxies if code >= 0]
        since = "" if self.logon is None else f", {(self.start - self.logon) / _NS:.1f} s after a user logged on"
        after = "nothing after it" if self.rate_after is None else f"{self.rate_after:,.2f} requests/s after it"
        length, silent = (self.end - self.start) / _NS, self.silent_ns / _NS
        requests = f"{counted(len(self.asked), 'request')} ({listed(services, 5)}) with {self.up:,} bytes up"
        return (
            f"{evidence.client_label(self.client)} sent {requests} "
            f"through {listed(proxies)} within {length:.1f} s{since}, after {silent:,.0f} s of silence: "
            f"{self.rate:,.2f} requests/s, {after}"
        )


def find(case: Case) -> list[Finding]:
    """One per source and moment."""
    evidence = case.evidence
    return [
        evidence.finding(
            "backlog-flush",
            flush.rows,
            flush.text(evidence),
            clients=[flush.client],
            proxy=flush.proxies[0] if len(flush.proxies) == 1 else -1,
            services=flush.services,
            confidence="likely",
        )
        for flush in flushes(evidence, case.logons)
    ]


def flushes(evidence: Evidence, logons: Sequence[int] = ()) -> list[Flush]:
    """Every burst, in order of time. logons: users' logon times, ns since 1970."""
    row = evidence.requests.row
    planes = [code for code, name in enumerate(evidence.request_plane.values) if name in PLANES]
    chosen = evidence.asks_proxy & evidence.outcome.carried & (evidence.begun != NO_TIME) & np.isin(evidence.request_plane.codes, planes)
    found: list[Flush] = []
    activity: _Activity | None = None
    for (client,), asked in grouped(np.flatnonzero(chosen), evidence.client.codes[row]):
        if len(asked) >= UPLOAD_REQUESTS:
            activity = activity or _Activity(evidence)
            asked = asked[np.argsort(evidence.begun[asked], kind="stable")]
            found += _of_source(evidence, client, asked, activity, sorted(logons))
    return sorted(found, key=lambda flush: (flush.start, flush.client))


class _Activity:
    """The times when each source was active, by the packets of all its flows, UDP included."""

    def __init__(self, evidence: Evidence) -> None:
        lists = column(evidence, "active")
        row, entries = integers(pc.list_parent_indices(lists), 0), pc.list_flatten(lists)
        start, end = times_ns(entries.field("start")), times_ns(entries.field("end"))
        without = np.flatnonzero(np.bincount(row, minlength=evidence.flows.num_rows) == 0)
        both = np.concatenate([without, without])
        answered = np.flatnonzero(integers(entries.field("bytes_in"), 0) > 0)
        client = np.concatenate([evidence.client.codes[np.concatenate([row, both])], _servers(evidence)[row[answered]]])
        starts = np.concatenate([start, evidence.first[without], evidence.last[without], start[answered]])
        ends = np.concatenate([end, evidence.first[without], evidence.last[without], end[answered]])
        known = np.flatnonzero((starts != NO_TIME) & (ends != NO_TIME))
        order = known[np.argsort(client[known], kind="stable")]
        self._client, self._start, self._end = client[order], starts[order], ends[order]

    def of(self, client: int) -> tuple[Ints, Ints]:
        """(starts, ends) of the stretches in which this source was active."""
        first, last = np.searchsorted(self._client, [client, client + 1])
        return self._start[first:last], self._end[first:last]


def _servers(evidence: Evidence) -> Ints:
    """Per flow, the source code of its server, -1 where that is no source. NTP peers use one port, so that a source may be the server."""
    codes = {address: code for code, address in enumerate(evidence.client.values)}
    servers = coded(evidence.flows.column("server_ip"))
    known = [codes.get(evidence.names.canonical(address), -1) for address in servers.values]
    result: Ints = np.array([*known, -1], dtype=np.int64)[servers.codes]
    return result


def _of_source(evidence: Evidence, client: int, asked: Ints, activity: _Activity, logons: Sequence[int]) -> Iterator[Flush]:
    starts, ends = activity.of(client)
    times = evidence.begun[asked]
    began = times.tolist()
    first, last = min(int(starts.min()), began[0]), max(int(ends.max()), began[-1])
    until = 0
    for at in _begins(times, first):
        if at < until:
            continue
        before = began[at - 1] if at else first
        silence = began[at] - before
        logon = next((time for time in reversed(logons) if before < time <= began[at] or (not at and time <= began[at])), None)
        size = _size(began, at, silence, logon is not None)
        third = silence // 3
        if size >= UPLOAD_REQUESTS and ((starts <= before + 2 * third) & (ends >= before + third)).any():
            flush = _measured(evidence, client, asked, at, size, (before, last), logon)
            if flush is not None:
                yield flush
                until = at + size


def _begins(times: Ints, first: int) -> list[int]:
    """The requests that may begin a burst: a silence before them, and another request soon enough behind for _size.

    first   when the source was first active
    """
    gaps = np.diff(times, prepend=first)
    may: list[int] = np.flatnonzero((gaps[:-1] > 0) & (gaps[1:] <= gaps[:-1] // GAP_OF_SILENCE)).tolist()
    return may


def _size(began: Sequence[int], at: int, silence: int, eased: bool) -> int:
    """Number of requests from `at` on that are one burst. eased: a logon is known, so that the first gaps may be as long as the silence."""
    size = 1
    while at + size < len(began):
        gap = began[at + size] - began[at + size - 1]
        pace = (began[at + size - 1] - began[at]) / (size - 1) if size > 1 else 0.0
        small = min(silence / (SMALL_GAP if size >= MOST_EARLY else SMALL_GAP_EARLY), SMALL_GAP_MOST_NS)
        if eased and size < MOST_EARLY:
            small = silence
        if gap > silence // GAP_OF_SILENCE or (gap > PACES * pace and gap > small):
            break
        size += 1
    return size


def _measured(evidence: Evidence, client: int, asked: Ints, at: int, size: int, span: tuple[int, int], logon: int | None) -> Flush | None:
    """The burst, if it meets the limits. span: (start of the silence, last activity of the source)."""
    burst, after = asked[at : at + size], asked[at + size :]
    start, end = int(evidence.begun[burst[0]]), int(evidence.begun[burst[-1]])
    silence, length, rest = start - span[0], max(1, end - start), max(1, span[1] - end)
    ease = 1 if logon is None else EASED
    if silence < (SILENCE_RATIO if logon is None else EASED_SILENCE_RATIO) * length:
        return None
    sent = integers(column(evidence, "bytes_out"), 0)
    rows = np.unique(evidence.requests.row[burst])
    later = np.setdiff1d(evidence.requests.row[after], rows)
    up, up_after = int(sent[rows].sum()), int(sent[later].sum())
    many = size >= BURST_REQUESTS and ease * size * rest >= RATE_RATIO * len(after) * length
    large = size >= UPLOAD_REQUESTS and up >= UPLOAD_BYTES and ease * up * rest >= UPLOAD_RATE_RATIO * up_after * length
    large = large and ease * up * len(after) >= UPLOAD_EACH_RATIO * up_after * size
    if not (many or large):
        return None
    row = evidence.requests.row[burst]
    return Flush(
        client=client,
        services=tuple(code for code in np.unique(evidence.request_service.codes[burst]).tolist() if code >= 0),
        planes=tuple(np.unique(evidence.request_plane.codes[burst]).tolist()),
        proxies=tuple(np.unique(evidence.proxy.codes[row]).tolist()),
        asked=np.sort(burst),
        rows=rows,
        logon=logon,
        silent_ns=silence,
        start=start,
        end=end,
        bytes=int(evidence.bytes[rows].sum()),
        up=up,
        rate=size * _NS / length,
        rate_after=len(after) * _NS / rest if len(after) else None,
    )
