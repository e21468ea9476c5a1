"""Outcomes as masks."""

from typing import Any

import pytest

from analyzer.routes.requests import flat_requests
from analyzer.tables import OUTCOMES
from analyzer.verdict.outcome import UNSEEN, Outcome, outcome_of
from tests.verdict.rows import PROX01, SECOND_NS, START_NS, asked, request, table


def outcome_of_all(*outcomes: str | None, through: bool | None = None, **columns: Any) -> Outcome:
    """Of one connection with a request for each."""
    flows = table([asked(PROX01, *(request("connect", "a", 200, outcome=one, let_through=through) for one in outcomes), **columns)])
    return outcome_of(flows, flat_requests(flows))


def names(mask: object) -> set[str]:
    return {name for name, chosen in zip(OUTCOMES, mask, strict=True) if chosen}  # type: ignore[call-overload]


@pytest.mark.parametrize(("through", "carried"), [(False, {"worked", "broken"}), (True, {"worked", "broken", "unseen"})])
def test_carried_is_what_was_let_through(through: bool, carried: set[str]) -> None:
    assert names(outcome_of_all(*OUTCOMES, through=through).carried) == carried


def test_unseen_and_challenged_are_never_failed() -> None:
    outcome = outcome_of_all(*OUTCOMES)
    assert names(outcome.failed) == {"authentication", "denied", "failed", "unanswered"}
    assert names(outcome.challenged) == {"challenged"} and names(outcome.unseen) == {"unseen"}
    assert names(outcome.worked) == {"worked"} and names(outcome.broken) == {"broken"}


def test_what_has_no_outcome_is_unseen() -> None:
    outcome = outcome_of_all(None)
    assert outcome.code.tolist() == [UNSEEN] and outcome.through.tolist() == [False]


def test_mute_is_a_broken_tunnel_in_which_nothing_came_back() -> None:
    assert outcome_of_all("broken", "broken", tunnel_in=0).mute.tolist() == [False, True], "the tunnel is the last one's"
    assert outcome_of_all("broken", tunnel_in=1).mute.tolist() == [True], "a FIN takes a number as a byte does"
    for columns in (
        {"tunnel_in": 2},
        {"tunnel_in": None},
        {"tunnel_in": 0, "server_hello_at": START_NS},
        {"tunnel_in": 0, "tls_alert": "x"},
    ):
        assert outcome_of_all("broken", **columns).mute.tolist() == [False]
    assert outcome_of_all("worked", tunnel_in=0).mute.tolist() == [False]


@pytest.mark.parametrize(
    ("columns", "cut"),
    [
        ({"ended_by": "server", "ended_at": START_NS + SECOND_NS // 2}, True),
        ({"ended_by": "server", "ended_at": START_NS + 20 * SECOND_NS}, False),  # a tunnel that is idle
        ({"ended_by": "client", "ended_at": START_NS + SECOND_NS // 2}, False),
        ({}, False),
    ],
)
def test_a_tunnel_that_the_proxy_ends_at_once_was_cut_and_not_unused(columns: dict[str, Any], cut: bool) -> None:
    let_in = request("connect", "a", 200, outcome="broken", answered=START_NS)
    flows = table([asked(PROX01, let_in, tunnel_in=0, tunnel_out=0, **columns)])
    outcome = outcome_of(flows, flat_requests(flows))
    assert (outcome.mute.tolist(), outcome.unused.tolist()) == ([cut], [not cut])


@pytest.mark.parametrize(("said", "unused"), [(0, True), (1, True), (2, False), (None, False)])
def test_a_tunnel_in_which_nobody_spoke_was_not_used(said: int | None, unused: bool) -> None:
    outcome = outcome_of_all("broken", tunnel_in=0, tunnel_out=said)
    assert (outcome.unused.tolist(), outcome.mute.tolist()) == ([unused], [not unused])
