"""Ring files analysed once each, whatever kills the run: one row per conversation, equal to a single pass."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from analyzer import row_files
from analyzer.jobs import analyst, store
from tests.build import messy_capture, pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.engine import reading
from tests.jobs.rings import a_job, analyse_all, frames_of, of_one_pass, rows, write_rings
from tests.pieces import Whole, differences

CAPTURE = ROOT / "captures" / "T5-all-three.pcapng"


class Killed(BaseException):
    """The process is gone: nothing behind it runs, and no handler of errors sees it."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everything that reaches the disk counts down, and at 0 the process is gone in the middle of it."""
    left: dict[str, Any] = {"n": None}

    def step(call: Any) -> Any:
        def counted(*args: Any, **options: Any) -> Any:
            if left["n"] is not None:
                left["n"] -= 1
                if left["n"] < 0:
                    raise Killed
            return call(*args, **options)

        return counted

    for module, name in (
        (store, "_to_disk"),
        (analyst, "write_part"),
        (row_files.pq, "write_table"),
        (Path, "replace"),
        (Path, "unlink"),
    ):
        monkeypatch.setattr(module, name, step(getattr(module, name)))
    monkeypatch.setattr(store.os, "fsync", lambda handle: None)  # no power failure happens here
    return left


def test_thirty_files_with_kills_between_and_during_them_are_the_single_pass(tmp_path: Path, dying: dict[str, Any]) -> None:
    job = a_job(tmp_path)
    paths = write_rings(job, Whole(CAPTURE), 30)
    chance, kills = random.Random(6), 0
    while True:
        dying["n"] = chance.randrange(10, 90)
        try:
            analyse_all(job)
            break
        except Killed:
            kills += 1
    assert kills >= 5
    dying["n"] = None
    expected = of_one_pass(paths)
    assert differences(expected, rows(job)) == []
    assert len(set(rows(job)["id"].to_pylist())) == expected.num_rows > 40


def test_every_single_step_may_be_the_last(tmp_path: Path, dying: dict[str, Any]) -> None:
    whole = Whole(pcap(tunnel().frames))
    for n in range(200):
        folder = tmp_path / str(n)
        folder.mkdir()
        job = a_job(folder)
        paths = write_rings(job, whole, 2)
        paths[1].rename(tmp_path / "later")
        analyse_all(job)
        (tmp_path / "later").rename(paths[1])
        dying["n"] = n
        try:
            analyse_all(job)
        except Killed:
            dying["n"] = None
            analyse_all(job)
        else:
            break
        assert differences(of_one_pass(paths), rows(job)) == [], n
    assert n >= 8


@pytest.mark.parametrize("seed", range(4))
def test_odd_traffic_is_the_single_pass_too(tmp_path: Path, seed: int) -> None:
    """Packets out of order over the ends of files: the file that was never cut, but for which file a row was seen in."""
    job, whole = a_job(tmp_path), Whole(messy_capture(seed))
    write_rings(job, whole, 8)
    analyse_all(job)
    seen_in = ["capture", "captures", "first_frame"]
    expected = reading(pcap(frames_of(whole, 0, whole.n_frames), nanosecond=True)).flows
    assert differences(expected.drop_columns(seen_in), rows(job).drop_columns(seen_in)) == []
