"""One answer for several sources that agree: their counts added, over the time from the first source to the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from analyzer.verdict.winner import Answer, Contest, Era, Share, Turned

CONFIDENCES: Final = (None, "unclear", "likely", "certain")
"""In increasing order."""


def together(answers: Sequence[tuple[Answer, int]]) -> Answer:
    """The answer of sources with the same winners in as many eras. answers: (answer, number of sources). The lowest confidence is taken."""
    if len(answers) == 1 and answers[0][1] == 1:
        return answers[0][0]
    eras = []
    for of_all in zip(*(answer.eras for answer, _ in answers), strict=True):
        untils = [era.until for era in of_all if era.until is not None]
        contest = _contest([(era.contest, n) for era, (_, n) in zip(of_all, answers, strict=True)])
        since = min((era.since for era in of_all if era.since is not None), default=None)
        eras.append(Era(contest, since, max(untils, default=None), min(untils, default=None)))
    return Answer(tuple(eras), _contest([(answer.whole, n) for answer, n in answers]), _turned([answer.turned for answer, _ in answers]))


def _turned(turns: Sequence[Turned | None]) -> Turned | None:
    """From the first source's turn to the last one's, where all turned the same way; else None."""
    known = [one for one in turns if one is not None]
    if len(known) < len(turns) or len({one.to_direct for one in known}) > 1:
        return None
    return Turned(min(one.until for one in known), max(one.since for one in known), known[0].to_direct)


def _contest(contests: Sequence[tuple[Contest, int]]) -> Contest:
    first = contests[0][0]
    whole = Contest(idle=any(one.idle for one, _ in contests), split=first.split, one_of_many=first.one_of_many)
    for one, n in contests:
        for name in ("outcomes", "failures", "direct"):
            getattr(whole, name).update(_times(getattr(one, name), n))
        whole.mute += n * one.mute
        whole.unused += n * one.unused
        whole.taken_over += n * one.taken_over
        whole.torn += n * one.torn
        whole.shut |= one.shut
        for proxy, share in one.shares.items():
            if proxy not in whole.shares:
                whole.shares[proxy] = Share(share.proxy, share.name, share.method)
            whole.shares[proxy].add(share, n)
            whole.shares[proxy].saw(share.first, share.last)
    # The sources agree on these values; the sums over all sources could give others.
    found = {
        "winner": _same(whole, first.winner),
        "asked": _same(whole, first.asked),
        "tied": [share for share in whole.by_name if share.itself in {one.itself for one in first.tied}],
        "confidence": min((one.confidence for one, _ in contests), key=CONFIDENCES.index),
        "outcome": first.outcome,
    }
    vars(whole).update(found)
    return whole


def _same(whole: Contest, wanted: Share | None) -> Share | None:
    """The share of `whole` for this share's proxy."""
    return None if wanted is None else next(share for share in whole.by_name if share.itself == wanted.itself)


def _times(counts: Counter[str] | Counter[int], n: int) -> dict[str | int, int]:
    return {what: n * number for what, number in counts.items()}
