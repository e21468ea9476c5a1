"""What is shown of a history, in order."""

from __future__ import annotations

from analyzer.report.fleet_model import MOST_DAYS, build_history
from tests.report.histories import HOSTILE, ONE, TWO, fleet


def test_silent_gateways_come_first_then_those_with_news() -> None:
    report = build_history(fleet())
    assert [(row.gateway, row.silent, row.changed) for row in report.rows] == [("b", True, 1), (HOSTILE, False, 1), ("a", False, 0)]
    assert report.title == "3 gateways, 2026-10-01 to 2026-10-03" and report.planes == ["sensor"]
    assert [one["code"] for one in report.recent] == ["gateway-silent", "winner-changed"]
    assert [one["code"] for one in report.older] == ["new-proxy"]
    assert report.proxies == [TWO, ONE]


def test_a_strip_has_every_day_with_who_won_most() -> None:
    row = build_history(fleet()).rows[-1]
    assert row.strip == [("2026-10-01", ONE, 5), ("2026-10-02", None, 0), ("2026-10-03", None, 5)]
    assert [(one.label, one.sources, one.since, one.works) for one in row.planes["sensor"]] == [("PROX01", 2, "2026-10-01", 2)]


def test_old_days_leave_the_strip_and_no_times_leave_none() -> None:
    long = fleet()
    long["window"][0] = "2025-01-01T00:00:00.000000000Z"
    assert len(build_history(long).days) == MOST_DAYS
    timeless = fleet() | {"window": [None, None], "findings": []}
    assert build_history(timeless).days == [] and "no times" in build_history(timeless).title
