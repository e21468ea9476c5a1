"""A gateway's days as one: spans, pauses, sources, and days on which something was heard."""

from __future__ import annotations

from analyzer.fleet.day import Day, Heard, SourceDay, Stretch
from analyzer.fleet.gateway import NS_PER_DAY, date_of, gateway_of, number_of

D = NS_PER_DAY
A = "10.0.0.1:3128"


def day(number: int, *services: str, until: int | None = None) -> Day:
    """A day at noon for one source; until: the last packet's day."""
    noon = number * D + D // 2
    last = noon + D // 100 if until is None else until * D + D // 2
    stretch = Stretch(A, None, None, A, noon, noon, 4, 4, 4, 4, 0, 0, "works", "certain")
    made = Day("gw", date_of(number), rows=3, size=10, forms={2: 1}, first=noon, last=last)
    made.sources = {"10.1.1.1": SourceDay(None, "seen", noon, last)}
    made.services = {("10.1.1.1", slug): Heard(noon, last, (stretch,)) for slug in services}
    return made


def test_days_add_up() -> None:
    made = gateway_of("gw", [day(0, "a"), day(1, "a", "b"), day(4, "a")])
    assert (made.rows, made.size, made.forms, made.days) == (9, 30, {2: 3}, [0, 1, 4])
    assert made.pause == 3 * D - D // 100
    source = made.sources["10.1.1.1"]
    assert (source.days, source.services["a"].days, source.services["b"].days) == ([0, 1, 4], [0, 1, 4], [1])
    assert made.by_service["a"] == {0: (0, 4), 1: (0, 4), 4: (0, 4)}


def test_what_breaks_counts_with_what_fails() -> None:
    broken = day(1, "a")
    (stretch,) = broken.services["10.1.1.1", "a"].stretches
    stretch.broken, stretch.failed = 2, 1
    assert gateway_of("gw", [day(0, "a"), broken]).by_service["a"] == {0: (0, 4), 1: (3, 4)}


def test_a_tunnel_that_stays_open_is_heard_on_all_its_days() -> None:
    made = gateway_of("gw", [day(0, "a", until=3), day(4, "b")])
    assert made.sources["10.1.1.1"].services["a"].days == [0, 1, 2, 3]
    assert made.pause == D


def test_rows_without_a_time_are_counted_and_make_no_day() -> None:
    made = gateway_of("gw", [Day("gw", None, rows=7, size=5), day(1, "a")])
    assert (made.timeless, made.rows, made.days) == (7, 10, [1])


def test_days_have_numbers_and_dates() -> None:
    assert date_of(0) == "1970-01-01" and number_of(20_000 * D + 5) == 20_000 and date_of(20_000) == "2024-10-04"
