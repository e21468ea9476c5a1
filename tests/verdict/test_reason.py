from collections import Counter
from dataclasses import replace

import pytest

from analyzer.tables import OUTCOMES
from analyzer.verdict.reason import reason_of
from analyzer.verdict.winner import Answer, Contest, Era, Share

HALF = "A carried 1 of 2 sensor tunnels (50 %), "
ALL_TWO = "A carried all 2 sensor tunnels and every answer was seen"
NONE = "the one sensor request failed (1 × 407): no proxy carried any"
REFUSED = "sensor requests failed (2 × 407): no proxy carried any"
NO_REQUEST = ": no sensor request to a proxy was seen"
UNANSWERED = -1


def share(label: str, carried: int, *, failed: int = 0, pages: int = 0, unseen: int = 0, size: int = 0, last: int = 0) -> Share:
    return Share(
        f"{label}:1",
        label,
        None,
        asked=carried + failed,
        worked=carried - unseen,
        unseen=unseen,
        failed=failed,
        carried=carried,
        pages=pages,
        bytes=size,
        first=0,
        last=last,
        first_asked=0,
    )


def contest(*shares: Share, failures: dict[int, int] | None = None, direct: dict[str, int] | None = None) -> Contest:
    outcomes: Counter[int] = Counter()
    for one in shares:
        outcomes.update(
            {OUTCOMES.index(name): n for name, n in (("worked", one.worked), ("unseen", one.unseen), ("failed", one.failed)) if n}
        )
    return Contest({one.proxy: one for one in shares}, outcomes, Counter(failures or {}), on_itself=True, direct=Counter(direct or {}))


def more_unseen(one: Contest, n: int) -> Contest:
    """The same with requests of which not even the proxy's answer was seen."""
    one.outcomes[OUTCOMES.index("unseen")] += n
    return one


def challenged(one: Contest, n: int) -> Contest:
    """The same with challenges before the tries."""
    one.outcomes[OUTCOMES.index("challenged")] += n
    return one


def reason(one: Contest, what: str = "sensor") -> str:
    return reason_of(Answer((Era(one),), one), what)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (contest(share("A", 12)), "A carried all 12 sensor tunnels and every answer was seen"),
        (contest(share("A", 1)), "A carried the one sensor tunnel and its answer was seen"),
        (contest(share("A", 3, pages=1)), "A carried all 3 sensor requests and every answer was seen"),
        (contest(share("A", 3, unseen=2)), "A carried all 3 sensor tunnels, but what came of 2 of them isn't in the capture"),
        (contest(share("A", 1, unseen=1)), "A carried the one sensor tunnel, but what came of it isn't in the capture"),
        (
            more_unseen(contest(share("A", 5)), 1),
            "A carried 5 sensor tunnels, but whether 1 other request was let through isn't in the capture",
        ),
        (
            more_unseen(contest(share("A", 5, unseen=2)), 12),
            "A carried 5 sensor tunnels, but what came of 2 of them and whether 12 other requests were let through isn't in the capture",
        ),
        (
            challenged(contest(share("A", 0, failed=2), failures={407: 2}), 4),
            f"all 2 {REFUSED}; 4 requests were asked to authenticate first",
        ),
        (contest(share("A", 4, size=9), replace(share("A", 3), proxy="A:2")), "A carried all 7 sensor tunnels and every answer was seen"),
        (contest(share("A", 9), share("B", 1)), "A carried 9 of 10 sensor tunnels (90 %)"),
        (contest(share("A", 1, size=9), share("B", 1, size=2)), HALF + "as many as B but more bytes (9 against 2)"),
        (contest(share("A", 1, last=9), share("B", 1, last=2)), HALF + "as many as B with as many bytes, but later"),
        (contest(share("A", 1), share("B", 1)), "A and B carried 1 of 2 sensor tunnels each, with as many bytes and as late: a tie"),
        (contest(share("A", 2, failed=3), failures={407: 2, UNANSWERED: 1}), ALL_TWO + "; 3 failed (2 × 407, 1 unanswered)"),
        (contest(share("A", 0, failed=1), failures={407: 1}), NONE),
        (contest(share("A", 0, failed=1), failures={407: 1}, direct={"blocked": 1}), NONE + "; 1 direct connection for sensor was blocked"),
        (contest(direct={"answered": 2}), "2 direct connections for sensor were answered" + NO_REQUEST),
        (contest(direct={"answered": 1, "blocked": 2}), "1 direct connection for sensor was answered and 2 were blocked" + NO_REQUEST),
        (contest(direct={"unknown": 1}), "1 direct connection for sensor has an end that isn't in the capture" + NO_REQUEST),
        (contest(share("A", 0)), "there are sensor flows to A, but no request that was carried is in the capture"),
        (
            contest(share("A", 0, failed=30), share("B", 1), failures={407: 30}),
            "B carried the one sensor tunnel and its answer was seen; 30 failed (30 × 407); A was asked most, 30 of 31 times",
        ),
    ],
)
def test_reason(one: Contest, sentence: str) -> None:
    assert reason(one) == sentence


def test_what_was_before_is_told() -> None:
    before, after = contest(share("A", 5)), contest(share("B", 5))
    minute = 60 * 10**9
    answer = Answer((Era(before), Era(after, since=2 * minute, until=minute)), contest(share("A", 5), share("B", 5)))
    told = reason_of(answer, "sensor")
    assert told == "since 00:02:00 B carried all 5 sensor tunnels and every answer was seen; before that A until 00:01:00"


def test_the_numbers_are_those_of_the_contest() -> None:
    assert "(79 %)" in reason(contest(share("A", 79), share("B", 21))), "whole percents are not rounded up"
