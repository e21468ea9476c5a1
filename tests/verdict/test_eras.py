"""The contract's paragraph on eras, sentence by sentence."""

import random
from collections.abc import Hashable
from itertools import groupby

import pytest

from analyzer.verdict.eras import (
    STRAGGLER_BETWEEN,
    Asked,
    Border,
    Carried,
    Run,
    agreeing,
    best_agreed,
    borders_of,
    failing_end,
    runs_of,
)
from tests.steps import steps_of

SECOND = 1_000_000_000


def carried(pattern: str, services: str = "", *, start: int = 0, weights: str = "") -> list[Carried]:
    """Requests a second apart: a letter of `pattern` is a proxy, of `services` a service (one for all where it is empty)."""
    of: list[Hashable] = list(services) if services else ["cnc"] * len(pattern)
    weight = [int(w) for w in weights] if weights else [1] * len(pattern)
    return [Carried((start + i) * SECOND, ord(proxy), of[i], weight[i]) for i, proxy in enumerate(pattern)]


def changes(pattern: str, services: str = "", **options: str) -> list[str]:
    """What went over to what, "A>B", and the seconds between."""
    return [
        f"{chr(b.before)}>{chr(b.after)} {b.until // SECOND}-{b.since // SECOND}" for b in borders_of(carried(pattern, services, **options))
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("AAAA", []),
        ("AABB", ["A>B 1-2"]),
        ("AAAB", []),  # one request is no run
        ("ABBB", []),
        ("A" * 21 + "B" * 12, ["A>B 20-21"]),
        ("AAABBBAAA", ["A>B 2-3", "B>A 5-6"]),
        ("AABBAA", []),  # three runs take three requests each
        ("AAABBBAAABBBAAA", ["A>B 2-3", "B>A 5-6", "A>B 8-9", "B>A 11-12"]),
        ("AAABBBAAABBBAAABBB", []),  # six runs are alternation
        ("ABABABAB", []),
        ("AAABBBCCC", ["A>B 2-3", "B>C 5-6"]),
    ],
)
def test_runs_make_eras(pattern: str, expected: list[str]) -> None:
    assert changes(pattern) == expected


def test_a_lone_request_between_two_runs_of_six_together_ends_none() -> None:
    assert changes("AAABAAA") == []
    assert changes("AAABAAABBB") == ["A>B 6-7"]
    assert [run.weight for run in runs_of(carried("AAABAAA"))] == [6]
    assert len(runs_of(carried("AABAA"))) == 3, "four together are too few"


def test_a_long_used_tunnel_counts_as_two() -> None:
    assert changes("AAB", weights="112") == ["A>B 1-2"]
    assert changes("AAABAAA", weights="1112111") == [], "three runs, of which one has two"
    assert len(runs_of(carried("AAABAAA", weights="1112111"))) == 3, "but it is no straggler"


def test_a_border_needs_a_service_on_both_sides() -> None:
    assert changes("AAABBB", "cccddd") == [], "two services, each with a proxy of its own, are no change"
    assert changes("AAABBB", "cccddc") == ["A>B 2-3"]


def test_a_balanced_service_makes_no_border() -> None:
    sensor = carried("AAABBB")
    balanced = carried("ABABABABAB", "mmmmmmmmmm")
    half = [one._replace(at=one.at // 2) for one in balanced]
    assert borders_of(sensor, sorted([*sensor, *half])) == []
    elsewhere = [one._replace(at=one.at + 100 * SECOND) for one in balanced]
    assert borders_of(sensor, sorted([*sensor, *elsewhere])) != [], "only within the two runs beside the border"


def test_where_a_plane_s_own_runs_give_none_its_services_decide_together() -> None:
    # Service c changes at 4, service d at 9: taken together there are six runs.
    assert len(runs_of(carried("AAAABABABBBB"))) == 6
    (border,) = borders_of(carried("AAAABABABBBB", "cdcdcdcdcdcd"))
    assert border == Border(7 * SECOND, 9 * SECOND, ord("A"), ord("B")), "the last service's border"


def test_services_that_disagree_give_none() -> None:
    assert borders_of(carried("ABABBABA", "cdcdcdcd")) == []


def test_other_planes_take_a_border_that_their_requests_agree_with() -> None:
    border = Border(10 * SECOND, 12 * SECOND, ord("A"), ord("B"))
    assert agreeing(carried("XY", start=0)[:1] + carried("Y", start=20), [border]) == [border]
    assert agreeing(carried("X", start=0) + carried("X", start=20), [border]) == []
    assert agreeing(carried("XY", start=0) + carried("Y", start=20), [border]) == []
    assert agreeing(carried("X", start=0), [border]) == []
    assert best_agreed(carried("X", start=0) + carried("Y", start=20), [[], [border]]) == [border]


def asked(pattern: str) -> list[Asked]:
    """Upper case: carried; lower case: failed; a digit: neither, at that proxy."""
    return [Asked(i * SECOND, ord(c.upper()), c.isupper(), c.islower()) for i, c in enumerate(pattern)]


@pytest.mark.parametrize(
    ("pattern", "since"),
    [
        ("AAAbbb", 3),
        ("AAAbb", None),
        ("AAAaaa", None),
        ("AAAbbc", None),
        ("AAAbb2", None),
        ("AAAcbcbcb", None),
        ("bbb", None),
        ("AAAbbbA", None),
        ("AAaabbb", None),
        ("bbAAAbbb", 5),
        ("bbbAbbbAbbb", 8),  # by the contract's letter, though each carried request was a fallback
    ],
)
def test_three_failures_at_one_other_proxy_behind_the_last_carried_are_an_era(pattern: str, since: int | None) -> None:
    border = failing_end(asked(pattern))
    assert (border.since // SECOND if border else None) == since


def test_what_is_no_failure_of_its_own_ends_no_failing_era() -> None:
    steps = [Asked(0, 1, True, False), *(Asked(at, 2, False, at % 3 == 0) for at in range(1, 10))]
    assert failing_end(steps) == Border(0, 1, 1, 2), "two challenges before each refusal: three tries, from the first challenge on"
    assert failing_end(steps[:-1]) is None, "two refusals"


@pytest.mark.parametrize("seed", range(20))
def test_runs_are_those_that_one_finds_run_by_run(seed: int) -> None:
    rng = random.Random(seed)
    requests = [
        Carried(at, rng.choices((1, 2, 3), (12, 2, 1))[0], "s", rng.choice((1, 1, 1, 2))) for at in range(rng.choice((0, 1, 9, 60)))
    ]
    runs = [Run(proxy, tuple(run)) for proxy, run in groupby(requests, key=lambda one: one.proxy)]
    at = 1
    while at + 1 < len(runs):
        before, lone, after = runs[at - 1 : at + 2]
        if lone.weight == 1 and before.proxy == after.proxy and before.weight + after.weight >= STRAGGLER_BETWEEN:
            runs[at - 1 : at + 2] = [Run(before.proxy, before.requests + lone.requests + after.requests)]
        else:
            at += 1
    assert runs_of(requests) == runs


def test_a_run_with_many_stragglers_is_counted_once() -> None:
    """And not again with each of them."""

    def steps(n: int) -> int:
        requests = [Carried(at, 2 if at % 10 == 9 else 1, "s") for at in range(n)]
        runs, taken = steps_of(lambda: runs_of(requests))
        assert [run.weight for run in runs[:1]] == [n - n // 10]
        return taken

    assert steps(4_000) < 11 * steps(400)
