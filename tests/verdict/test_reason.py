import pytest

from analyzer.routes.requests import NO_STATUS
from analyzer.verdict.reason import counted, failure_list, listed, printable, reason_of
from analyzer.verdict.winner import Contest, Share

HALF = "A carried 1 of 2 sensor tunnels (50 %), "
ALL_TWO = "A carried all 2 sensor tunnels and every answer was seen"
NONE = "the one sensor request failed (1 × 407): no proxy carried any"
NO_REQUEST = ": no proxy carried any sensor request"


def share(label: str, carried: int, *, failed: int = 0, pages: int = 0, unseen: int = 0, size: int = 0, last: int = 0) -> Share:
    return Share(f"{label}:1", label, label, None, carried, failed, pages, unseen, size, 0, last)


@pytest.mark.parametrize(
    ("contest", "sentence"),
    [
        (Contest([share("A", 12)]), "A carried all 12 sensor tunnels and every answer was seen"),
        (Contest([share("A", 1)]), "A carried the one sensor tunnel and its answer was seen"),
        (Contest([share("A", 3, pages=1)]), "A carried all 3 sensor requests and every answer was seen"),
        (Contest([share("A", 3, unseen=2)]), "A carried all 3 sensor tunnels, but 2 answers were not captured"),
        (Contest([share("A", 9), share("B", 1)]), "A carried 9 of 10 sensor tunnels (90 %)"),
        (
            Contest([share("A", 1, size=9), share("B", 1, size=2)]),
            HALF + "as many as B but more bytes (9 against 2)",
        ),
        (
            Contest([share("A", 1, last=9), share("B", 1, last=2)]),
            HALF + "as many as B with as many bytes, but later",
        ),
        (Contest([share("A", 1), share("B", 1)]), "A and B carried 1 of 2 sensor tunnels each, with as many bytes and as late: a tie"),
        (
            Contest([share("A", 2, failed=3)], {407: 2, NO_STATUS: 1}),
            ALL_TWO + "; 3 failed (2 × 407, 1 unanswered)",
        ),
        (Contest([share("A", 0, failed=1)], {407: 1}), NONE),
        (
            Contest([share("A", 0, failed=1)], {407: 1}, 0, 1),
            NONE + "; 1 direct attempt was blocked",
        ),
        (Contest(went_direct=2), "2 connections went direct" + NO_REQUEST),
        (
            Contest(went_direct=1, blocked_direct=2),
            "1 connection went direct and 2 direct attempts were blocked" + NO_REQUEST,
        ),
        (Contest([share("A", 0)]), "there are sensor flows to A, but no request that was carried is in the capture"),
    ],
)
def test_reason(contest: Contest, sentence: str) -> None:
    assert reason_of(contest, "sensor") == sentence


def test_three_that_tie_are_all_named() -> None:
    sentence = reason_of(Contest([share("A", 2), share("B", 2), share("C", 2)]), "user")
    assert sentence.startswith("A, B and C carried 2 of 6 user tunnels each")


def test_only_the_full_tie_is_called_one() -> None:
    """Two with the most requests, bytes and lateness tie; a third with as many requests but fewer bytes is no part of it."""
    sentence = reason_of(Contest([share("A", 2, size=5), share("B", 2, size=5), share("C", 2, size=1)]), "user")
    assert sentence.startswith("A and B carried 2 of 6")


def test_words() -> None:
    assert [counted(n, "flow") for n in (0, 1, 2)] == ["0 flows", "1 flow", "2 flows"]
    assert counted(2, "address") == "2 addresses"
    assert failure_list({502: 1, 407: 3, NO_STATUS: 1}) == "3 × 407, 1 unanswered, 1 × 502"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c", "d"], "a, b, c and d"), (list("abcde"), "a, b, c and 2 more")],
)
def test_listed(texts: list[str], expected: str) -> None:
    assert listed(texts) == expected


def test_text_from_the_network_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2J\n‮é") == "a\\x1b[2J\\x0a\\x202eé"
