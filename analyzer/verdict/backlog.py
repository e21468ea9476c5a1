"""Cached events leaving in a burst: a service that was silent begins with many requests close together, then goes on at its pace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analyzer.findings import Finding
from analyzer.routes.requests import NO_TIME, Ints
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.reason import counted

PLANES: Final = ("sensor", "antivirus")

MOST_AT_PACE: Final = 4
"""Requests in a row that are no burst yet: a service that starts asks for a few things at once."""

CONTRAST: Final = 4
"""How many times the pace before and after it a burst has at least. A service that merely starts stays near its own pace."""

_NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Flush:
    """One burst.

    client service plane proxy   codes of the evidence
    asked       positions of its requests; rows: their flows
    logon       ns since 1970, of the logon before it; None: none is known
    start end   ns since 1970: its first request, and the end of its last conversation or the next request, whichever comes first
    bytes       payload of its flows both ways
    rate…       bytes per second before it (since the source was first seen), in it, and after it (to the service's last packet)
    """

    client: int
    service: int
    plane: int
    proxy: int
    asked: Ints
    rows: Ints
    logon: int | None
    start: int
    end: int
    bytes: int
    rate_before: float
    rate: float
    rate_after: float | None

    def text(self, evidence: Evidence) -> str:
        """What was seen, with the numbers."""
        service, proxy = evidence.service.text(self.service), evidence.proxy_label(self.proxy)
        seconds = (self.end - self.start) / _NS
        since = "" if self.logon is None else f", {(self.start - self.logon) / _NS:.1f} s after a user logged on"
        after = "" if self.rate_after is None else f" and {_rate(self.rate_after)} after it"
        return (
            f"{evidence.client_label(self.client)} sent {counted(len(self.asked), f'{service} request')} with {self.bytes:,} bytes through "
            f"{proxy} within {seconds:.1f} s{since}: {_rate(self.rate)} against {_rate(self.rate_before)} before{after}"
        )


def flushes(evidence: Evidence, logons: Sequence[int] = ()) -> list[Flush]:
    """Every burst, in the order of time.

    logons  when users logged on, ns since 1970; a burst that is the first of its service after one belongs to it. Without one it
            must follow a silence as long as itself, of a source that was heard of before
    """
    requests, row = evidence.requests, evidence.requests.row
    planes = [code for code, name in enumerate(evidence.request_plane.values) if name in PLANES]
    began = np.where(requests.first_seen == NO_TIME, evidence.first[row], requests.first_seen)
    chosen = evidence.asks_proxy & evidence.outcome.carried & (evidence.request_service.codes >= 0) & (began != NO_TIME)
    positions = np.flatnonzero(chosen & np.isin(evidence.request_plane.codes, planes))
    if len(positions) <= MOST_AT_PACE:
        return []
    keys = (evidence.client.codes[row], evidence.request_service.codes, evidence.proxy.codes[row])
    found = []
    for (client, service, proxy), asked in grouped(positions, *keys):
        if len(asked) > MOST_AT_PACE:
            asked = asked[np.argsort(began[asked], kind="stable")]
            heard = _heard(evidence, client)
            found += list(_of_service(evidence, (client, service, proxy), asked, began[asked], heard, sorted(logons)))
    return sorted(found, key=lambda flush: (flush.start, flush.client, flush.service, flush.proxy))


def backlog_findings(evidence: Evidence, found: Sequence[Flush]) -> list[Finding]:
    """The same as findings: that the events were cached before is likely, not seen."""
    return [
        evidence.finding(
            "backlog-flush",
            flush.rows,
            flush.text(evidence),
            client=flush.client,
            proxy=flush.proxy,
            service=flush.service,
            confidence="likely",
        )
        for flush in found
    ]


def _heard(evidence: Evidence, client: int) -> tuple[int, int]:
    """When this source was first and last seen at all: beyond that, silence may just be missing packets."""
    own = (evidence.client.codes == client) & (evidence.first != NO_TIME)
    return int(evidence.first[own].min()), int(evidence.last[own].max())


def _of_service(
    evidence: Evidence, key: tuple[int, int, int], asked: Ints, began: Ints, heard: tuple[int, int], logons: Sequence[int]
) -> Iterator[Flush]:
    """The bursts of one service through one proxy: one after each logon, or one after the silence that the capture begins with."""
    bounds = np.searchsorted(began, logons).tolist()
    for number, first in enumerate(bounds or [0]):
        logon = logons[number] if bounds else None
        until = bounds[number + 1] if number + 1 < len(bounds) else len(began)
        size = _burst_size(began[first:until], int(began[until]) if until < len(began) else heard[1])
        if size <= MOST_AT_PACE:
            continue
        flush = _measured(evidence, key, asked, began, first, size, heard[0], logon)
        silent_first = logon is not None or flush.start - heard[0] >= flush.end - flush.start
        if silent_first and flush.rate >= CONTRAST * max(flush.rate_before, flush.rate_after or 0.0):
            yield flush


def _burst_size(began: Ints, until: int) -> int:
    """How many requests come before the first pause that is CONTRAST times as long as the pace until then; 0 where none is.

    until  when the last request's pause ends
    """
    gaps = np.diff(np.append(began, until))
    for size in range(MOST_AT_PACE + 1, len(began) + 1):
        pace = max(1.0, float(began[size - 1] - began[0]) / (size - 1))
        if gaps[size - 1] >= CONTRAST * pace:
            return size
    return 0


def _measured(
    evidence: Evidence, key: tuple[int, int, int], asked: Ints, began: Ints, first: int, size: int, heard: int, logon: int | None
) -> Flush:
    client, service, proxy = key
    burst = asked[first : first + size]
    rows = np.unique(evidence.requests.row[burst])
    start, end = int(began[first]), int(evidence.last[rows].max())
    if first + size < len(began):
        end = min(end, int(began[first + size]))
    before = np.setdiff1d(evidence.requests.row[asked[:first]], rows)
    after = np.setdiff1d(evidence.requests.row[asked[first + size :]], rows)
    last = int(evidence.last[after].max()) if len(after) else end
    amount = int(evidence.bytes[rows].sum())
    plane = int(evidence.request_plane.codes[burst[0]])
    return Flush(
        client,
        service,
        plane,
        proxy,
        np.sort(burst),
        rows,
        logon,
        start,
        end,
        amount,
        rate_before=_per_second(int(evidence.bytes[before].sum()), start - heard) or 0.0,
        rate=_per_second(amount, max(1, end - start)) or 0.0,
        rate_after=_per_second(int(evidence.bytes[after].sum()), last - end) if len(after) else None,
    )


def _per_second(amount: int, ns: int) -> float | None:
    return round(amount * _NS / ns, 3) if ns > 0 else None


def _rate(rate: float) -> str:
    return f"{rate:,.0f} bytes/s"
