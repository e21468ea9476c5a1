"""Runs that aren't finished, as the store's record keeps them: which ring files are whose, and how capturing ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

from analyzer.errors import Unusable
from analyzer.jobs.ring import RingFile, size_of
from analyzer.jobs.store import Store
from analyzer.text.labels import byte_size
from analyzer.text.words import counted

WHOLE: Final = "its time was over"
STOPPED: Final = "it was stopped"
KILLED: Final = "it was killed"


class Closed(TypedDict):
    """How a run's capturing ended.

    how       for people;  ended: when, seconds since 1970
    dropped   packets that were dropped and no file says so
    upto      place of the last of the tool's ring files that is the run's; None: all are
    """

    how: str
    ended: float
    dropped: int
    upto: list[int] | None


class Pending(TypedDict):
    """A run that isn't finished.

    tool         the run that started the capturing tool: this one, or an earlier one where it captures on and on
    began        seconds since 1970;  since: the number of the change before its first
    files        the `captures` entry of each ring file that was analysed
    dropped_before   packets that the tool's files say were dropped, as far as an earlier run reported them
    going_on     conversations that memory had no room for
    duplicates   packets captured twice, before the run; None: not known yet
    closed       not there: it captures, or was killed
    """

    number: int
    tool: int
    began: float
    since: int
    files: list[dict[str, Any]]
    dropped_before: NotRequired[int]
    going_on: int
    duplicates: int | None
    closed: NotRequired[Closed]


class Waiting(NamedTuple):
    """Ring files that are captured and not analysed yet, and their bytes."""

    files: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, files: Iterable[RingFile]) -> Waiting:
        sizes = [size_of(file.path) for file in files]
        return cls(len(sizes), sum(sizes))

    def __str__(self) -> str:
        return f"{counted(self.files, 'ring file')} ({byte_size(self.bytes)})"


def begin(store: Store, tool: int | None = None, closes: tuple[int, Closed] | None = None) -> int:
    """The number of a new run, which is written to the store.

    tool     the run that started the tool; None: this one will
    closes   a run whose capturing ends with it
    Errors   Unusable, the results can't be written
    """
    change = store.change()
    number = int(change.record.get("last", 0)) + 1
    run = Pending(number=number, tool=tool or number, began=time.time(), since=change.number, files=[], going_on=0, duplicates=None)
    before = change.record.get("pending", [])
    if closes is not None:
        before = [{**one, "closed": closes[1]} if one["number"] == closes[0] else one for one in before]
    change.record["last"] = number
    change.record["pending"] = [*before, run]
    try:
        change.commit()
    except OSError as error:
        raise Unusable(f"the results can't be written: {error.strerror or error}", str(store.path), "make room") from error
    return number


def killed(at: float) -> Closed:
    """How capturing ended where the run was killed before it could write that down."""
    return Closed(how=KILLED, ended=at, dropped=0, upto=None)


def run_of(file: RingFile, pending: Sequence[Pending]) -> Pending:
    """The run that the file's packets are of: its tool's, else the newest (a folder whose record was moved away)."""
    for run in pending:
        upto = run["closed"]["upto"] if "closed" in run else None
        if run["tool"] == file.run and (upto is None or file.place <= tuple(upto)):
            return run
    return pending[-1]
