"""A 407 that goes on is no refusal; one that doesn't is, however soon it is tried again."""

from typing import Any

import pytest

from tests.verdict.rows import PROX01, PROX02, SECOND_NS, START_NS, asked, flow, request, routed

NTLM = {"challenge": ["negotiate", "ntlm"]}


def ask(status: int | None, at: float, **fields: Any) -> dict[str, Any]:
    first = START_NS + int(at * SECOND_NS)
    host = fields.pop("host", "a.example")
    return request("connect", host, status, first_seen=first, answered=first + SECOND_NS // 10 if status else None, **fields)


def said(*rows: dict[str, Any]) -> list[list[str]]:
    return [[entry["outcome"] for entry in row["requests"]] for row in routed(*rows)]


def connection(*requests: dict[str, Any], at: float | None = None, proxy: str = PROX01, **columns: Any) -> dict[str, Any]:
    opened = requests[0]["first_seen"] - SECOND_NS // 100 if at is None else START_NS + int(at * SECOND_NS)
    return asked(proxy, *requests, first_seen=opened, **({"client_family": "winhttp"} | columns))


def test_on_the_same_connection() -> None:
    row = connection(ask(407, 0, **NTLM), ask(407, 1, offered="ntlm", continues=True), ask(200, 2, offered="ntlm"))
    assert said(row) == [["challenged", "challenged", "worked"]]


def test_on_the_next_connection() -> None:
    assert said(connection(ask(407, 0)), connection(ask(200, 1, offered="negotiate"))) == [["challenged"], ["worked"]]
    assert said(connection(ask(407, 0)), connection(ask(200, 1))) == [["challenged"], ["worked"]]


def test_a_three_step_refusal_is_one_try() -> None:
    row = connection(ask(407, 0), ask(407, 1, offered="ntlm", continues=True), ask(407, 2, offered="ntlm"))
    assert said(row) == [["challenged", "challenged", "authentication"]]


def test_offered_credentials_that_are_refused_stay_refused_however_soon_it_is_tried_again() -> None:
    rows = connection(ask(407, 0, offered="basic")), connection(ask(200, 1, offered="basic"))
    assert said(*rows) == [["authentication"], ["worked"]]


def test_nobody_answers_the_challenge() -> None:
    assert said(connection(ask(407, 0)), connection(ask(407, 1))) == [["authentication"], ["authentication"]]


@pytest.mark.parametrize("seconds", [29.9, 30.2])
def test_thirty_seconds(seconds: float) -> None:
    expected = "challenged" if seconds < 30 else "authentication"
    assert said(connection(ask(407, 0)), connection(ask(200, seconds))) == [[expected], ["worked"]]


@pytest.mark.parametrize(
    "other", [{"proxy": PROX02}, {"client_family": "chromium"}, {"client_family": None}, {"client_ip": "172.16.11.93"}]
)
def test_others_answer_no_challenge(other: dict[str, Any]) -> None:
    assert said(connection(ask(407, 0)), connection(ask(200, 1), **other))[0] == ["authentication"]


def test_another_host_answers_no_challenge() -> None:
    assert said(connection(ask(407, 0)), connection(ask(200, 1, host="b.example")))[0] == ["authentication"]
    assert said(connection(ask(407, 0), ask(200, 1, host="b.example"))) == [["authentication", "worked"]]


def test_names_are_compared_without_case_and_dot() -> None:
    assert said(connection(ask(407, 0, host="A.example."), ask(200, 1))) == [["challenged", "worked"]]


def test_a_connection_opened_before_the_question_is_another_matter() -> None:
    assert said(connection(ask(200, 5, offered="ntlm"), at=-1), connection(ask(407, 0))) == [["worked"], ["authentication"]]


def test_an_earlier_success_on_the_same_connection_answers_nothing() -> None:
    row = asked(PROX01, request("absolute", "a", 200), request("absolute", "a", 407))
    assert said(row) == [["worked", "authentication"]]


def test_without_times_only_the_same_connection_counts() -> None:
    timeless = {"first_seen": None, "last_seen": None}
    row = asked(PROX01, request("connect", "a", 407), request("connect", "a", 200)) | timeless
    lone = [asked(PROX01, request("connect", "a", status)) | timeless for status in (407, 200)]
    assert said(row) == [["challenged", "worked"]]
    assert said(*lone) == [["authentication"], ["worked"]]


HELLO = {"client_hello_at": START_NS + 2 * SECOND_NS, "tls_offered": "1.3", "tls_completed": True}


def test_a_hello_that_says_more_of_the_client_parts_it_from_its_own_challenge_by_user_agent_only() -> None:
    challenged = connection(ask(407, 0))
    assert said(challenged, connection(ask(200, 1), client_family="other", **HELLO)) == [["challenged"], ["worked"]]
    edge = connection(ask(200, 1), client_family="chromium", user_agent="Edge", **HELLO)
    assert said(challenged, edge) == [["authentication"], ["worked"]]


def test_a_capture_that_ends_with_the_challenge_tells_nothing() -> None:
    now = START_NS + SECOND_NS // 10
    assert said(connection(ask(407, 0), state="open", last_seen=now)) == [["unseen"]]
    assert said(connection(ask(407, 0), state="open", last_seen=now + 4 * SECOND_NS)) == [["authentication"]]
    assert said(connection(ask(407, 0), state="closed", last_seen=now)) == [["authentication"]], "the proxy ended it"
    assert said(connection(ask(407, 0, offered="basic"), state="open", last_seen=now)) == [["authentication"]], "refused for good"


def test_a_challenge_at_a_captures_end_of_a_client_that_goes_on_with_others() -> None:
    """The proxy closes with the challenge, and what follows would come on the next connection: behind the end, perhaps."""
    going_on = connection(ask(407, 0)), connection(ask(200, 1, offered="basic"))
    assert said(*going_on, connection(ask(407, 2), ended_by="server"))[2] == ["unseen"]
    later = flow(first_seen=START_NS, last_seen=START_NS + 100 * SECOND_NS)
    assert said(*going_on, connection(ask(407, 2), ended_by="server"), later)[2] == ["authentication"]
    assert said(connection(ask(407, 2), ended_by="server")) == [["authentication"]], "one that goes on with none is turned away"
    others = connection(ask(407, 0, host="b.example")), connection(ask(200, 1, host="b.example", offered="basic"))
    assert said(*others, connection(ask(407, 2), ended_by="server"))[2] == ["authentication"], "the user's going on isn't SYSTEM's"
