"""Unfinished runs, as in the store's record: which ring files belong to which run, and how capturing ended."""

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
    dropped   dropped packets that no file reports
    upto      place of the last of the tool's ring files that belongs to the run; None: all do
    """

    how: str
    ended: float
    dropped: int
    upto: list[int] | None


class Pending(TypedDict):
    """An unfinished run.

    tool         the run that started the capturing tool: this one, or an earlier one where the tool captures continuously
    began        seconds since 1970;  since: the number of the change before its first
    files        the `captures` entry of each ring file that was analysed
    dropped_before   packets dropped according to the tool's files that an earlier run reported
    going_on     conversations evicted from memory
    duplicates   packets captured twice, before the run; None: not known yet
    closed       missing: the run captures, or was killed
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
    """How capturing ended where the run was killed before it could note that."""
    return Closed(how=KILLED, ended=at, dropped=0, upto=None)


def run_of(file: RingFile, pending: Sequence[Pending]) -> Pending:
    """The run that the file's packets belong to: its tool's, else the newest (a folder whose record was moved away)."""
    for run in pending:
        upto = run["closed"]["upto"] if "closed" in run else None
        if run["tool"] == file.run and (upto is None or file.place <= tuple(upto)):
            return run
    return pending[-1]
