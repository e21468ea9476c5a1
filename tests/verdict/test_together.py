"""One answer of several sources that agree."""

from __future__ import annotations

from collections import Counter

from analyzer.verdict.together import together
from analyzer.verdict.winner import Answer, Contest, Era, Share, Turned

PROXY = "172.16.12.10:3128"


def contest(worked: int, failed: int = 0) -> Contest:
    share = Share(PROXY, "PROX01", "winhttp", asked=worked + failed, worked=worked, failed=failed, carried=worked)
    share.failures[407] = failed
    outcomes = Counter({0: worked, 3: failed})
    return Contest({PROXY: share}, outcomes, Counter({407: failed}), on_itself=True, direct=Counter({"answered": 1}))


def test_numbers_add_up_and_the_least_sure_decides() -> None:
    sure, unsure = contest(10), contest(4, 1)
    vars(unsure)["confidence"] = "likely"
    whole = together([(Answer((Era(sure),), sure), 3), (Answer((Era(unsure),), unsure), 1)]).last
    assert whole.winner is whole.shares[PROXY] and (whole.winner.worked, whole.winner.failed, whole.winner.failures) == (34, 1, {407: 1})
    assert (whole.outcomes[0], whole.failures[407], whole.direct["answered"], whole.confidence) == (34, 1, 4, "likely")


def test_times_are_spans() -> None:
    def changed(until: int) -> Answer:
        return Answer((Era(contest(4)), Era(contest(4), until + 5, until)), contest(8), Turned(until, until + 1, True))

    of_all = together([(changed(10), 1), (changed(90), 1)])
    assert (of_all.eras[1].earliest, of_all.eras[1].until, of_all.eras[1].since, of_all.turned) == (10, 90, 15, Turned(10, 91, True))


def test_one_source_s_answer_is_its_own_and_who_disagree_never_turned() -> None:
    alone = Answer((Era(contest(1)),), contest(1))
    assert together([(alone, 1)]) is alone
    assert together([(alone, 1), (Answer(alone.eras, alone.whole, Turned(1, 2, True)), 1)]).turned is None
