"""Outcomes as masks."""

import pyarrow as pa
import pytest

from analyzer.tables import OUTCOMES
from analyzer.verdict.outcome import UNSEEN, outcome_of


def entries(*outcomes: str | None, through: bool | None = None) -> pa.StructArray:
    return pa.array(
        [{"outcome": outcome, "let_through": through} for outcome in outcomes],
        pa.struct([("outcome", pa.string()), ("let_through", pa.bool_())]),
    )


def names(mask: object) -> set[str]:
    return {name for name, chosen in zip(OUTCOMES, mask, strict=True) if chosen}  # type: ignore[call-overload]


@pytest.mark.parametrize(("through", "carried"), [(False, {"worked", "broken"}), (True, {"worked", "broken", "unseen"})])
def test_carried_is_what_was_let_through(through: bool, carried: set[str]) -> None:
    assert names(outcome_of(entries(*OUTCOMES, through=through)).carried) == carried


def test_unseen_and_challenged_are_never_failed() -> None:
    outcome = outcome_of(entries(*OUTCOMES))
    assert names(outcome.failed) == {"authentication", "denied", "failed", "unanswered"}
    assert names(outcome.challenged) == {"challenged"} and names(outcome.unseen) == {"unseen"}
    assert names(outcome.worked) == {"worked"} and names(outcome.broken) == {"broken"}


def test_what_has_no_outcome_is_unseen() -> None:
    outcome = outcome_of(entries(None))
    assert outcome.code.tolist() == [UNSEEN] and outcome.through.tolist() == [False]
