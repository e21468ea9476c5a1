"""`whichproxy job`: check, install, status, history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.cli.job import _length
from analyzer.cli.outcome import DONE, UNMET, UNUSABLE
from analyzer.jobs.file import Job
from tests.cli.conftest import Whichproxy, tunnel
from tests.jobs.rings import TOPOLOGY, a_job, one_run


def local(folder: Path, *more: str) -> Job:
    """A job on an interface that every machine has."""
    job = a_job(folder, *more)
    job.path.write_text(job.path.read_text().replace('"eth0"', '"lo"'))
    return job


def test_check_says_what_the_job_will_do(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, f'topology = "{TOPOLOGY}"', "[schedule]", 'every = "2 h"', 'for = "10 min"', "[on_change]", "command = ['tell']")
    ended = whichproxy("job", "check", job.path)
    assert ended.code == DONE, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "job        gw1"
    assert "host 172.16.11.92 or host 172.16.12.10" in lines[1]
    assert lines[2] == "runs       for 10 min every 2 h"
    assert lines[-1] == "tells      the journal, command tell"


def test_check_tells_everything_that_is_wrong(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, 'topology = "no.toml"', "[drift]", 'expect = "none.toml"', 'against = "gone.json"')
    job.path.write_text(job.path.read_text().replace('"lo"', '"nowhere0"'))
    ended = whichproxy("job", "check", job.path)
    assert (ended.code, ended.out) == (UNUSABLE, "")
    assert [part in line for part, line in zip(("nowhere0", "no.toml", "none.toml", "gone.json"), ended.lines, strict=True)] == [True] * 4


def test_install_writes_units_and_says_what_comes_next(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = a_job(tmp_path)
    job.path.write_text(job.path.read_text().replace('"results"', '"/var/lib/whichproxy/gw1"'))
    shown = whichproxy("job", "install", job.path, "--print")
    assert shown.code == DONE and shown.out.startswith("# whichproxy-gw1.service\n[Unit]")
    ended = whichproxy("job", "install", job.path, "--folder", tmp_path)
    assert ended.out.splitlines() == [
        str(tmp_path / "whichproxy-gw1.service"),
        "now: systemctl daemon-reload && systemctl enable --now whichproxy-gw1.service",
    ]
    assert whichproxy("job", "install", job.path, "--folder", tmp_path / "no").code == UNUSABLE


def test_status_and_history_of_a_job(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"')
    assert "no run was finished yet" in whichproxy("job", "history", job.path).err
    one_run(job, tunnel().frames)
    one_run(job, tunnel(number=1, proxy="172.16.12.12").frames)
    assert "job        gw1, well" in whichproxy("job", "status", job.path).out
    assert json.loads(whichproxy("job", "status", job.path, "--json").out)["last"]["number"] == 2
    lines = whichproxy("job", "history", job.path).out.splitlines()
    assert [line.split(" · ")[0] for line in lines if line.startswith("run")] == ["run 1", "run 2"]
    assert lines[0].endswith("not compared") and "new-proxy, winner-changed" in lines[2]
    assert lines[1] == "    WORKSTATION (172.16.11.92): WinHTTP (PROX01) won for sensor."
    assert [run["number"] for run in json.loads(whichproxy("job", "history", job.path, "--last", "1", "--json").out)["runs"]] == [2]


def test_history_compares_two_runs(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"')
    one_run(job, tunnel().frames)
    one_run(job, tunnel(number=1, proxy="172.16.12.12").frames)
    ended = whichproxy("job", "history", job.path, "--compare", "1", "2")
    assert ended.code == UNMET
    assert "winner-changed: WORKSTATION (172.16.11.92) now uses static (PROX03)" in ended.out
    assert [one["code"] for one in json.loads(whichproxy("job", "history", job.path, "--compare", "1", "2", "--json").out)["findings"]] == [
        "winner-changed",
        "new-proxy",
    ]
    assert whichproxy("job", "history", job.path, "--compare", "2", "2").out == "nothing changed from run 2 to run 2\n"
    assert "there is no run 9" in whichproxy("job", "history", job.path, "--compare", "1", "9").err


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (61, "61 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")])
def test_lengths_are_written_as_in_a_job_file(seconds: float, text: str) -> None:
    assert _length(seconds) == text
