"""Runs that aren't finished: whose a ring file is."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs.pending import KILLED, WHOLE, Closed, Waiting, begin, killed, run_of
from analyzer.jobs.ring import RingFile
from analyzer.jobs.store import Store, Transaction


def file(run: int, place: int) -> RingFile:
    return RingFile(run, (place, 0), Path(f"{run}-{place}"))


def closed(upto: int) -> Closed:
    return Closed(how=WHOLE, ended=1.0, dropped=0, upto=[upto, 0])


def test_a_file_is_of_its_tools_run_and_of_the_one_at_whose_time_it_was_captured(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert begin(store) == 1
    assert begin(store, 1, (1, closed(3))) == 2
    assert begin(store, 1, (2, closed(5))) == 3
    assert begin(store) == 4
    pending = Store(tmp_path).record["pending"]
    found = [run_of(one, pending)["number"] for one in (*(file(1, n) for n in (1, 3, 4, 5, 6, 99)), file(4, 1), file(77, 1))]
    assert found == [1, 1, 2, 2, 3, 3, 4, 4]  # the last one's run isn't known: it is the newest's


def test_a_run_whose_end_nobody_could_tell_was_killed() -> None:
    assert killed(5.0) == {"how": KILLED, "ended": 5.0, "dropped": 0, "upto": None}


def test_what_waits_is_told_in_files_and_bytes(tmp_path: Path) -> None:
    for number, size in ((1, 100), (2, 2000)):
        (tmp_path / f"1-{number}").write_bytes(bytes(size))
    files = [RingFile(1, (n, 0), tmp_path / f"1-{n}") for n in (1, 2, 3)]  # the third one is gone
    assert str(Waiting.of(files[:2])) == "2 ring files (2.1 kB)" and str(Waiting.of(files[:1])) == "1 ring file (100 B)"
    assert Waiting.of(files) == (3, 2100) and Waiting() == (0, 0)
    assert json.dumps(Waiting(3, 2100)._asdict()) == '{"files": 3, "bytes": 2100}'


def test_a_disk_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)

    def commit(change: Transaction) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Transaction, "commit", commit)
    with pytest.raises(Unusable, match="the results can't be written: No space left on device"):
        begin(store)
