"""Days strung together to eras: what changes, and what looks like a change and is none."""

from __future__ import annotations

import pytest

from analyzer.fleet.day import Stretch
from analyzer.fleet.eras import changes_of, eras_of

A, B = "10.0.0.1:3128", "10.0.0.2:3128"


def day(
    number: int, proxy: str | None, carried: int = 5, confidence: str = "certain", asked: str | None = None, won: int | None = None
) -> Stretch:
    failed = 0 if proxy else 4
    outcome = "works" if proxy else "failed"
    return Stretch(
        proxy, None, None, asked or proxy, number * 100, number * 100 + 50, carried + failed, carried, carried,
        carried if won is None else won, failed, 0, outcome, confidence if proxy else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([day(0, A), day(1, A), day(2, A)], [A]),
        ([day(0, A), day(1, B)], [A, B]),
        ([day(0, A), day(1, B), day(2, A)], [A, B, A]),
        ([day(0, A), day(1, B, 1), day(2, A)], [A]),
        ([day(0, A), day(1, B, 1)], [A, B]),
        ([day(0, A), day(1, B, 5, "unclear", won=3), day(2, A, 5, "unclear", won=3), day(3, B, 5, "unclear", won=3)], [A]),
        ([day(0, A), day(1, None, 0, asked=A), day(2, A)], [A, None, A]),
        ([day(0, None, 0, asked=A), day(1, None, 0, asked=A)], [None]),
        ([], []),
    ],
    ids=["same", "changed", "and back", "straggler", "lone newest", "balanced", "failed between", "only failed", "nothing"],
)
def test_which_eras_there_are(days: list[Stretch], expected: list[str | None]) -> None:
    assert [era.proxy for era in eras_of(days)] == expected


def test_a_lone_newest_request_and_a_failure_between_are_no_change() -> None:
    assert changes_of(eras_of([day(0, A), day(1, B, 1)])) == []
    assert changes_of(eras_of([day(0, A), day(1, None, 0, asked=A), day(2, A)])) == []
    ((before, after),) = changes_of(eras_of([day(0, A), day(1, None, 0, asked=A), day(2, B)]))
    assert (before.proxy, before.last, after.proxy, after.first) == (A, 50, B, 200)


def test_counts_add_up_and_what_is_unclear_makes_nothing_certain() -> None:
    (era,) = eras_of([day(0, A), day(1, A, 7), day(2, A, 8, "unclear", won=5)])
    assert (era.carried, era.won, era.days, era.first, era.last) == (20, 17, 3, 0, 250)
    assert era.confidence == "likely"
    assert [one.confidence for one in eras_of([day(0, A), day(1, A)])] == ["certain"]
    assert [one.confidence for one in eras_of([day(0, A, 3), day(1, B, 9)])] == ["likely", "certain"]
    assert [one.confidence for one in eras_of([day(0, A, 9, "unclear", won=5)])] == ["unclear"]
    assert [one.confidence for one in eras_of([day(0, None, 0, asked=A)])] == [None]


def test_addresses_of_one_name_are_one_proxy() -> None:
    days = [day(0, A, 4), day(1, B, 6), day(2, A, 5)]
    for one in days:
        one.name, one.method = "PROX", "static"
    (era,) = eras_of(days)
    assert (era.proxy, era.name, era.won, era.days, era.confidence) == (B, "PROX", 15, 3, "certain")
    days[1].method = "winhttp"
    assert [era.proxy for era in eras_of(days)] == [A, B, A], "another setting"
    assert len(changes_of(eras_of(days))) == 2
