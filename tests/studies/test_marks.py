"""Which marks start a session, on which machines, and until when it is looked for."""

from __future__ import annotations

from analyzer.studies.marks import END, waits_of
from analyzer.studies.plan import PlannedTest
from tests.studies.laboratory import at, evidence, tunnel
from tests.verdict.rows import CNC, PROX01

SEEN = evidence(tunnel(PROX01, CNC, 1), tunnel(PROX01, CNC, 2, client_ip="172.16.11.93"))


def waits(*marks: tuple[float, str]) -> list[tuple[int, int, int]]:
    """(since, until, how many machines are named) of each."""
    found = waits_of(SEEN, PlannedTest("t", (), (), marks=tuple((at(second), what) for second, what in marks)))
    return [(wait.since, wait.until, len(wait.named or ())) for wait in found]


def test_only_what_starts_one_does() -> None:
    assert waits((5, "the user logged on"), (9, "Live Response started"), (20, "live response ended")) == [(at(9), END, 0)]
    assert waits((9, "live-response failed to start")) == []


def test_the_next_one_ends_the_wait_for_the_one_before() -> None:
    assert waits((50, "live response started again"), (9, "live response started")) == [(at(9), at(50), 0), (at(50), END, 0)]
    assert waits((9, "live response"), (9, "live response")) == [(at(9), END, 0)] * 2, "at one time neither ends the other"


def test_other_machines_end_nobodys() -> None:
    both = (9, "live response started on WORKSTATION"), (20, "live response started on 172.16.11.93"), (30, "live response on workstation")
    assert waits(*both) == [(at(9), at(30), 1), (at(20), END, 1), (at(30), END, 1)]
    assert waits(both[0], (20, "live response started")) == [(at(9), at(20), 1), (at(20), END, 0)], "it may be any machine's"
