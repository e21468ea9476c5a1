"""Cached events leaving in a burst: seen where there is one, with its numbers, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.verdict.backlog import MOST_AT_PACE, backlog_findings, flushes
from tests.studies.laboratory import at, evidence, tunnel
from tests.verdict.rows import EDGE, PROX01, PROX02, flow

CYBER = "eu-v20.events.data.microsoft.com"
ALIVE = flow(first_seen=at(0), state="no-answer")


def uploads(*seconds: float, **overrides: Any) -> list[dict[str, Any]]:
    return [tunnel(PROX02, CYBER, second, lasts=0.1, **overrides) for second in seconds]


BURST = (10, 10.25, 10.5, 10.75, 11, 11.25)
PACE = (16, 21, 26)


def test_a_burst_after_silence_is_measured() -> None:
    (flush,) = flushes(evidence(ALIVE, *uploads(*BURST, *PACE)))
    assert (flush.start, flush.end, flush.logon) == (at(10), at(11.35), None)
    assert (len(flush.asked), flush.bytes) == (6, 36_000)
    assert flush.rate == pytest.approx(36_000 / 1.35) and flush.rate_before == 0
    assert flush.rate_after == pytest.approx(18_000 / (26.1 - 11.35), abs=0.001)


def test_the_finding_tells_start_size_rates_and_proxy() -> None:
    found = evidence(ALIVE, *uploads(*BURST, *PACE))
    (finding,) = backlog_findings(found, flushes(found, [at(9)]))
    assert (finding.code, finding.confidence, finding.proxy, finding.service) == ("backlog-flush", "likely", PROX02, "edr-cyber-data")
    assert len(finding.flows) == 6 and finding.first_seen is not None
    assert finding.text == (
        "WORKSTATION sent 6 edr-cyber-data requests with 36,000 bytes through PROX02 within 1.4 s, 1.0 s after a user logged on: "
        "26,667 bytes/s against 0 bytes/s before and 1,220 bytes/s after it"
    )


def test_each_logon_may_have_its_own() -> None:
    rows = [*uploads(*BURST, *PACE), *uploads(*(second + 30 for second in BURST)), *uploads(60)]
    found = flushes(evidence(ALIVE, *rows), [at(9), at(39)])
    assert [flush.logon for flush in found] == [at(9), at(39)]
    assert found[1].rate_before > 0


@pytest.mark.parametrize(
    "rows",
    [
        uploads(10, 15, 20, 25, 30, 35, 40),  # its usual pace
        uploads(*BURST[:MOST_AT_PACE], *PACE),  # too few
        uploads(*BURST),  # the capture ends with it: whether it goes on at this pace isn't known
        [tunnel(PROX02, EDGE, second) for second in (*BURST, *PACE)],  # not Defender's
        uploads(*BURST, *PACE, status=503),  # nothing was carried
        [tunnel(PROX01, CYBER, second, bytes_out=1) for second in (0.1, 2, 4, 6, 8)]
        and uploads(0.1, 5, *BURST, *PACE),  # not silent before
    ],
)
def test_what_is_no_burst(rows: list[dict[str, Any]]) -> None:
    assert flushes(evidence(ALIVE, *rows)) == []


def test_a_burst_right_at_the_start_of_what_was_captured_may_be_the_middle_of_one() -> None:
    assert flushes(evidence(*uploads(*BURST, *PACE))) == []
    assert len(flushes(evidence(*uploads(*BURST, *PACE)), [at(9.5)])) == 1
