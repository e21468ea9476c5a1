"""Simulated threads: the clock shows what threads of their own would have taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks.simulated import Clock


@pytest.fixture
def spend(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], float]:
    """Takes so many seconds of the processor."""
    taken = [0.0]

    def take(seconds: float) -> float:
        taken[0] += seconds
        return seconds

    monkeypatch.setattr("tests.benchmarks.simulated.time.process_time", lambda: taken[0])
    return take


def test_calls_run_beside_each_other_as_far_as_there_are_threads(spend: Callable[[float], float]) -> None:
    clock = Clock()
    with clock.executor(2) as threads:
        assert list(threads.map(spend, [3.0, 1.0, 1.0, 4.0])) == [3.0, 1.0, 1.0, 4.0]
    assert clock.now() == 6.0  # 3 on one thread, then none; 1, 1 and 4 on the other


def test_who_hands_out_goes_on_until_it_waits(spend: Callable[[float], float]) -> None:
    clock = Clock()
    threads = clock.executor(1)
    long, short = threads.submit(spend, 5.0), threads.submit(spend, 1.0)
    assert clock.now() == 0.0
    spend(2.0)
    assert clock.now() == 2.0
    assert long.result() == 5.0
    assert clock.now() == 5.0
    spend(4.0)
    assert short.result() == 1.0
    assert clock.now() == 9.0  # it had ended at 6


def test_the_end_waits_for_all_unless_it_is_not_to_wait(spend: Callable[[float], float]) -> None:
    clock = Clock()
    with clock.executor(2) as threads:
        threads.submit(spend, 3.0)
    assert clock.now() == 3.0
    threads = clock.executor(1)
    threads.submit(spend, 3.0)
    threads.shutdown(wait=False)
    assert clock.now() == 3.0


def test_errors_are_raised(spend: Callable[[float], float]) -> None:
    with pytest.raises(ZeroDivisionError):
        Clock().executor(1).submit(lambda: 1 / 0)
