"""The times without a logged-on user: from sessions, from a plain yes or no, and where nothing is stated."""

from __future__ import annotations

import pytest

from analyzer.studies.plan import OpenSpan, PlannedTest, Span
from analyzer.studies.sessions import has_user, logons, without_user


def planned(sessions: tuple[OpenSpan, ...] = (), user_logged_on: bool | None = None) -> PlannedTest:
    return PlannedTest("t", (), (), sessions=sessions, user_logged_on=user_logged_on)


@pytest.mark.parametrize(
    ("test", "gaps"),
    [
        (planned(), []),
        (planned(user_logged_on=True), []),
        (planned(user_logged_on=False), [(10, 90)]),
        (planned(((20, None),)), [(10, 20)]),
        (planned(((None, 50),)), [(50, 90)]),
        (planned(((20, 30), (40, 60))), [(10, 20), (30, 40), (60, 90)]),
        (planned(((5, 200),)), []),
        (planned(((95, None),)), [(10, 90)]),
        (planned(((None, 5),)), [(10, 90)]),
    ],
)
def test_the_times_without_a_user(test: PlannedTest, gaps: list[Span]) -> None:
    assert without_user(test, (10, 90)) == gaps


def test_an_empty_window_has_no_gap() -> None:
    assert without_user(planned(user_logged_on=False), (10, 10)) == []


def test_whether_and_when_users_logged_on() -> None:
    assert [has_user(planned(user_logged_on=value)) for value in (True, False, None)] == [True, False, None]
    assert has_user(planned(((20, 30),))) is True
    assert logons(planned(((None, 10), (20, 30)))) == [20]
