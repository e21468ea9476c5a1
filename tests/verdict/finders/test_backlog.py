"""Cached events leaving in a burst: seen where there is one, with its numbers, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.verdict.finders.backlog import Flush, _begins, _size, flushes
from tests.studies.laboratory import at, evidence, tunnel
from tests.verdict.rows import CNC, EDGE, PROX01, PROX02, flow, verdict

CYBER = "eu-v20.events.data.microsoft.com"


def stretch(start: float, end: float) -> dict[str, Any]:
    return {"start": at(start), "end": at(end), "bytes_out": 10, "bytes_in": 10}


def heard(*spans: tuple[float, float]) -> dict[str, Any]:
    """A time query or the like of the workstation, with packets in these stretches."""
    return flow(
        protocol="udp",
        server_port=123,
        first_seen=at(spans[0][0]),
        last_seen=at(spans[-1][1]),
        active=[stretch(*span) for span in spans],
    )


ALIVE = heard((0, 1), (150, 151), (300, 301), (600, 601))


def uploads(*seconds: float, proxy: str = PROX02, host: str = CYBER, up: int = 1000, **overrides: Any) -> list[dict[str, Any]]:
    return [tunnel(proxy, host, second, lasts=0.1, bytes_out=up, **overrides) for second in seconds]


BURST = (300, 301, 302, 303, 304, 305)


def found(*rows: dict[str, Any], logons: tuple[int, ...] = ()) -> list[Flush]:
    return flushes(evidence(*rows), logons)


def test_six_requests_after_a_silence_are_one() -> None:
    (flush,) = found(ALIVE, *uploads(*BURST, 400, 500))
    assert (flush.start, flush.end, flush.logon, len(flush.asked)) == (at(300), at(305), None, 6)
    assert flush.silent_ns == 300 * 10**9 and flush.up == 6000


def test_the_finding_tells_start_size_rates_and_proxy() -> None:
    (finding,) = [f for f in verdict(ALIVE, *uploads(*BURST, 500))["findings"] if f["code"] == "backlog-flush"]
    assert (finding["confidence"], finding["proxy"], finding["service"]) == ("likely", PROX02, "edr-cyber-data")
    assert finding["text"] == (
        "WORKSTATION sent 6 requests (edr-cyber-data) with 6,000 bytes up through PROX02 within 5.0 s, after 300 s of silence: "
        "1.20 requests/s, 0.00 requests/s after it"
    )


def test_services_and_proxies_are_taken_together() -> None:
    rows = [*uploads(300, 302, 304), *uploads(301, 303, 305, host=CNC, proxy=PROX01)]
    (flush,) = found(ALIVE, *rows)
    assert len(flush.services) == 2 and len(flush.proxies) == 2


def test_two_large_uploads_are_one() -> None:
    assert len(found(ALIVE, *uploads(300, 302, up=12_000), *uploads(450, up=500))) == 1
    assert found(ALIVE, *uploads(300, 302, up=900), *uploads(450, up=500)) == []


def test_each_silence_may_have_its_own() -> None:
    alive = heard((0, 1), (150, 151), (300, 301), (460, 461), (470, 700), (800, 801))
    rows = uploads(*BURST, *(second + 330 for second in BURST))
    assert [flush.start for flush in found(alive, *rows, logons=(at(290), at(630)))] == [at(300), at(630)]
    assert [flush.logon for flush in found(alive, *rows, logons=(at(290), at(630)))] == [at(290), at(630)]


@pytest.mark.parametrize(
    "rows",
    [
        [ALIVE, *uploads(*range(300, 600, 30))],  # its usual pace
        [ALIVE, *uploads(*BURST, *range(306, 600, 2))],  # it goes on like that
        [heard((0, 1), (299, 301), (600, 601)), *uploads(*BURST, 500)],  # not heard in the middle of the silence: it was off
        [ALIVE, *uploads(*BURST, 500, host=EDGE)],  # not Defender's
        [ALIVE, *uploads(*BURST, 500, status=503)],  # nothing was carried
        [ALIVE, *uploads(280, *BURST, 500)],  # not silent before
    ],
)
def test_what_is_no_burst(rows: list[dict[str, Any]]) -> None:
    assert found(*rows) == []


@pytest.mark.parametrize("seed", range(20))
def test_every_request_with_a_burst_behind_it_may_begin_one(seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.cumsum(chance.choice([0, 1, 2, 9, 10, 11, 100, 10**12], 200))
    first = int(times[0]) - int(chance.integers(0, 50))
    gaps = np.diff(times, prepend=first).tolist()
    sizes = [_size(times.tolist(), n, gap, eased) if gap > 0 else 1 for n, gap in enumerate(gaps) for eased in (False, True)]
    bursts = {n // 2 for n, size in enumerate(sizes) if size > 1}
    assert 3 < len(bursts) < 200
    assert bursts <= set(_begins(times, first))
