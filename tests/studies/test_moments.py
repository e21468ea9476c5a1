"""Requests and connections as moments: when each began and ended, which way it went, and bytes counted once."""

from __future__ import annotations

import numpy as np

from analyzer.studies.moments import WAYS, moments_of
from tests.studies.laboratory import SECOND, at, evidence
from tests.verdict.rows import CNC, MAPS, PROX01, asked, flow, request


def test_each_request_lasts_until_the_next_on_its_connection() -> None:
    two = [request("connect", CNC, 407, first_seen=at(1)), request("connect", CNC, 200, first_seen=at(3))]
    moments = moments_of(evidence(asked(PROX01, *two, first_seen=at(0), last_seen=at(9))))
    assert (moments.start - at(0)).tolist() == [SECOND, 3 * SECOND]
    assert (moments.end - at(0)).tolist() == [3 * SECOND, 9 * SECOND]
    assert moments.asked.all() and not moments.failed.any()  # the 407 was let in afterwards
    assert moments.bytes.tolist() == [6000, 0]


def test_connections_past_the_proxies_and_mute_ones_are_moments_too() -> None:
    rows = [
        asked(PROX01, request("connect", MAPS, 503), first_seen=at(0)),
        asked(PROX01, first_seen=at(1), state="no-answer"),
        flow(first_seen=at(2), state="no-answer"),
        flow(first_seen=at(3)),
        flow(first_seen=None),
    ]
    moments = moments_of(evidence(*rows))
    assert [WAYS[way] for way in moments.way] == ["proxy", "proxy", "blocked", "direct"]
    assert moments.asked.tolist() == [True, False, False, False]
    assert moments.failed.tolist() == [True, False, False, False]
    assert np.all(moments.end >= moments.start)
