"""Eras over months, for one service or plane of one source: the stretches of its days, joined while the winner is the same.

Within a day the eras are the verdict's. Between days its rules apply too: a single request between two runs is a straggler and ends no
era, and an unclear stretch (a day balanced over several proxies) changes no winner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from operator import attrgetter
from typing import Final

from analyzer.fleet.day import Run, Stretch
from analyzer.verdict.winner import LEAST_CERTAIN, LIKELY_SHARE

LEAST_RUN: Final = 2
"""Minimum carried requests of a run, as in the verdict's eras."""

RUN: Final = attrgetter(*(field.name for field in fields(Run)))


@dataclass(slots=True)
class Era(Run):
    """A stretch of time, of hours or months, with one winner.

    days      number of joined stretches
    sure      whether all of them are certain
    alone     whether it is the only era
    """

    days: int = 1
    sure: bool = False
    alone: bool = True

    @property
    def confidence(self) -> str | None:
        """certain: all stretches are, and enough requests were carried; likely: the winner carried 80 %; else unclear. None: no winner."""
        if self.proxy is None:
            return None
        if self.sure and (self.alone or self.carried >= LEAST_CERTAIN):
            return "certain"
        part, whole = LIKELY_SHARE
        return "likely" if self.won * whole >= self.carried * part else "unclear"


def eras_of(stretches: Iterable[Stretch]) -> list[Era]:
    """The eras of these stretches; at least one if there is a stretch. stretches: in order of time."""
    runs: list[Era] = []
    for one in stretches:
        era = Era(*RUN(one))
        era.sure = one.confidence == "certain"
        _add(runs, era, unclear=one.confidence == "unclear")
    settled: list[Era] = []
    for number, run in enumerate(runs):
        # The newest run may continue: it stays, however short.
        if settled and _is_straggler(run) and number < len(runs) - 1:
            _join(settled[-1], run)
        else:
            _add(settled, run)
    for era in settled:
        era.alone = len(settled) == 1
    return settled


def changes_of(eras: Sequence[Era]) -> list[tuple[Era, Era]]:
    """(before, after) of each change of the winner; eras without a winner may lie between. A straggler is no change yet."""
    won = [era for era in eras if era.proxy is not None and not _is_straggler(era)]
    return [(before, after) for before, after in pairwise(won) if not one_proxy(before, after)]


def one_proxy(a: Run, b: Run) -> bool:
    """Whether both have one proxy as winner: the same address, or the same name and method, as in the verdict."""
    return a.proxy == b.proxy or (a.name is not None and (a.name, a.method) == (b.name, b.method))


def _is_straggler(era: Era) -> bool:
    return era.proxy is not None and era.carried < LEAST_RUN


def _add(runs: list[Era], era: Era, unclear: bool = False) -> None:
    """Join the era with the last run if it has the same winner, or is unclear and the last run has a winner; else append it."""
    if runs and (_same(runs[-1], era) or (unclear and runs[-1].proxy is not None)):
        _join(runs[-1], era)
    else:
        runs.append(era)


def _same(a: Era, b: Era) -> bool:
    return one_proxy(a, b) and (a.proxy is not None or a.asked == b.asked)


def _join(a: Era, b: Era) -> None:
    """Add b to a, which keeps its winner; with the same winner, the asked proxy and the outcome are those of b, the later one."""
    if one_proxy(a, b):
        a.proxy = b.proxy if b.won > a.won else a.proxy
        a.name, a.method = b.name or a.name, b.method or a.method
        a.asked, a.outcome = b.asked, b.outcome
        a.won += b.won
        a.sure &= b.sure
    else:
        a.sure = False
    a.first, a.last = _least(a.first, b.first), _most(a.last, b.last)
    a.requests += b.requests
    a.worked += b.worked
    a.carried += b.carried
    a.failed += b.failed
    a.broken += b.broken
    a.days += b.days


def _least(a: int | None, b: int | None) -> int | None:
    return a if b is None else b if a is None else min(a, b)


def _most(a: int | None, b: int | None) -> int | None:
    return a if b is None else b if a is None else max(a, b)
