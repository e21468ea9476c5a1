"""How a job does, before, between and after its runs."""

from __future__ import annotations

from pathlib import Path

from analyzer.jobs.lock import locked
from analyzer.jobs.pending import begin
from analyzer.jobs.status import lines_of, status_of
from analyzer.jobs.store import Store
from tests.cli.conftest import tunnel
from tests.jobs.rings import a_job, finish_run, frames_as_ring, one_run


def test_before_the_first_run_it_is_well(tmp_path: Path) -> None:
    found = status_of(a_job(tmp_path))
    assert found["well"] and found["last"] is None and found["running"] is None
    assert "last run   none was finished yet" in list(lines_of(found, 0))


def test_after_a_run(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    one_run(job, tunnel().frames)
    found = status_of(job)
    assert (found["well"], found["waiting"], found["packets"]["files"], found["evidence"]["files"]) == (True, 0, 1, 1)
    lines = list(lines_of(found, found["last"]["ended"] + 120))
    assert lines[0] == "job        gw1, well"
    assert any(line.startswith("last run   1, 2 minutes ago, its time was over; changed: nothing") for line in lines)


def test_files_that_wait_with_no_run_at_work_are_not_well(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    frames_as_ring(job, tunnel().frames, begin(Store(job.results)))
    found = status_of(job)
    assert (found["well"], found["waiting"]) == (False, 1)
    with locked(job.results):
        found = status_of(job)
        assert found["well"] and found["running"] and found["waiting"] == 0  # it is being written
    finish_run(job, cut_short=True)
    assert not status_of(job)["well"]
