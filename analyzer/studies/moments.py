"""All requests to proxies and connections past the proxies that have a time, as flat columns."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from analyzer.routes.requests import NO_TIME, Bools, Ints
from analyzer.routes.route import DIRECT, PROXY
from analyzer.studies.document import Way
from analyzer.verdict.evidence import Evidence

WAYS: Final[tuple[Way, ...]] = ("proxy", "direct", "blocked")


class Moments(NamedTuple):
    """One entry per request to a proxy, per connection to a proxy without a request, and per connection past the proxies.

    row                     int64[n]  row of the flow
    way                     int64[n]  index into WAYS
    client plane service proxy   int64[n]  codes of the evidence, -1 for null
    start end               int64[n]  ns since 1970: time of the request; of the connection's next request, else of its last packet
    asked failed            bool[n]   the entry is a request; the request wasn't carried
    own                     bool[n]   only Defender requests this host
    bytes                   int64[n]  bytes of the connection, at the one entry that its scalar columns describe; else 0
    """

    row: Ints
    way: Ints
    client: Ints
    plane: Ints
    service: Ints
    proxy: Ints
    start: Ints
    end: Ints
    asked: Bools
    failed: Bools
    own: Bools
    bytes: Ints


def moments_of(evidence: Evidence) -> Moments:
    """The moments of all sources, without those that have no time."""
    requests, row = evidence.requests, evidence.requests.row
    asked = np.flatnonzero(evidence.asks_proxy)
    own = row[asked]
    began = np.where(requests.first_seen[asked] == NO_TIME, evidence.first[own], requests.first_seen[asked])
    follows = np.append(own[1:] == own[:-1], False)[: len(own)]
    ended = np.where(follows, np.append(began[1:], 0)[: len(own)], evidence.last[own])
    no_request = (evidence.route == PROXY) & ~np.isin(np.arange(len(evidence.route)), own)
    rows = np.flatnonzero(no_request | (evidence.route == DIRECT))
    flow = np.concatenate([own, rows])
    past = evidence.route[rows] == DIRECT
    service = np.concatenate([evidence.request_service.codes[asked], evidence.service.codes[rows]])
    is_asked = np.arange(len(flow)) < len(own)
    all_moments = Moments(
        row=flow,
        way=np.concatenate([np.zeros(len(own), np.int64), np.where(past, np.where(evidence.blocked[rows], 2, 1), 0)]),
        client=evidence.client.codes[flow],
        plane=np.concatenate([evidence.request_plane.codes[asked], evidence.plane.codes[rows]]),
        service=service,
        proxy=evidence.proxy.codes[flow],
        start=np.concatenate([began, evidence.first[rows]]),
        end=np.maximum(np.concatenate([began, evidence.first[rows]]), np.concatenate([ended, evidence.last[rows]])),
        asked=is_asked,
        failed=np.concatenate([evidence.outcome.failed[asked], np.zeros(len(rows), np.bool_)]),
        own=np.concatenate([evidence.request_own[asked], evidence.own[rows]]),
        bytes=np.where(_describes(evidence, flow, service, is_asked), evidence.bytes[flow], 0),
    )
    return _chosen(all_moments, np.flatnonzero(all_moments.start != NO_TIME))


def _chosen(moments: Moments, which: Ints) -> Moments:
    return Moments(**{name: values[which] for name, values in moments._asdict().items()})


def _describes(evidence: Evidence, flow: Ints, service: Ints, asked: Bools) -> Bools:
    """bool per entry: it is the first of its connection with the service that the connection's own columns name."""
    same = ~asked | (service == evidence.service.codes[flow])
    where = np.flatnonzero(same)
    _, first = np.unique(flow[where], return_index=True)
    result = np.zeros(len(flow), np.bool_)
    result[where[first]] = True
    return result
