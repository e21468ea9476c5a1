"""The clock of a run."""

from __future__ import annotations

import pytest

from analyzer.jobs import deadline
from analyzer.jobs.deadline import STOPPED_S, Deadline, TimeIsUp


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"s": 100.0}
    monkeypatch.setattr(deadline.time, "monotonic", lambda: now["s"])
    return now


def is_up(one: Deadline) -> bool:
    try:
        one.check()
    except TimeIsUp:
        return True
    return False


def test_it_captures_so_long_and_then_has_a_time_for_the_rest(clock: dict[str, float]) -> None:
    one = Deadline(12, 30)
    clock["s"] += 11.9
    assert not one.capturing_is_over()
    clock["s"] += 0.1
    assert one.capturing_is_over() and not is_up(one)
    one.begin_rest()
    clock["s"] += 29.9
    assert not is_up(one)
    clock["s"] += 0.1
    assert is_up(one)


def test_without_an_end_it_is_never_over(clock: dict[str, float]) -> None:
    one = Deadline(None, 30)
    clock["s"] += 10**9
    assert not one.capturing_is_over() and not is_up(one)


@pytest.mark.parametrize(("rest_s", "left_s"), [(5, 5), (3600, STOPPED_S)])
def test_a_stop_leaves_what_the_job_says_but_no_more_than_a_shutdown_can_wait(
    clock: dict[str, float], rest_s: float, left_s: float
) -> None:
    one = Deadline(None, rest_s)
    one.stop()
    clock["s"] += left_s - 0.1
    assert not is_up(one)
    clock["s"] += 0.1
    assert is_up(one)


def test_a_stop_shortens_a_rest_that_has_begun_and_never_lengthens_it(clock: dict[str, float]) -> None:
    one = Deadline(1, 3600)
    one.begin_rest()
    clock["s"] += 3590
    one.stop()
    clock["s"] += 10
    assert is_up(one)
    other = Deadline(1, 3600)
    other.stop()
    other.begin_rest()
    clock["s"] += STOPPED_S
    assert is_up(other)
