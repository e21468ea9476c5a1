"""`whichproxy job`: init, check, install, uninstall, status, history."""

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
    """A job on an interface that every machine has, with results where a service may have them."""
    job = a_job(folder, *more)
    job.path.write_text(job.path.read_text().replace('"eth0"', '"lo"').replace('"results"', '"/var/lib/whichproxy/gw1"'))
    return job


def test_check_says_what_the_job_will_do(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, f'topology = "{TOPOLOGY}"', "[schedule]", 'every = "2 h"', 'for = "10 min"', "[on_change]", "command = ['tell']")
    ended = whichproxy("job", "check", job.path)
    assert ended.code == DONE, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "job        gw1"
    assert "host 172.16.11.92 or host 172.16.12.10" in lines[1]
    assert lines[2] == "runs       for 10 min every 2 h; what is left is analysed for 1 min"
    assert lines[-1] == "reports to the journal, command tell"


def test_check_tells_everything_that_is_wrong(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, 'topology = "no.toml"', "[drift]", 'expect = "none.toml"', 'against = "gone.json"')
    job.path.write_text(job.path.read_text().replace('"lo"', '"nowhere0"'))
    ended = whichproxy("job", "check", job.path)
    assert (ended.code, ended.out) == (UNUSABLE, "")
    assert [part in line for part, line in zip(("nowhere0", "no.toml", "none.toml", "gone.json"), ended.lines, strict=True)] == [True] * 4


@pytest.mark.parametrize("results", ["results", "/srv/x", "/var/lib", "/var/lib/private/x", "/var/lib/a\\u0007b"])
def test_check_refuses_what_install_refuses(tmp_path: Path, whichproxy: Whichproxy, results: str) -> None:
    job = local(tmp_path)
    job.path.write_text(job.path.read_text().replace("/var/lib/whichproxy/gw1", results))
    refused = whichproxy("job", "install", job.path, "--print")
    checked = whichproxy("job", "check", job.path)
    assert (refused.code, checked.code, checked.out) == (UNUSABLE, UNUSABLE, "")
    assert refused.lines == checked.lines and len(refused.lines) == 1


def test_a_webhooks_address_is_printed_nowhere(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, f'topology = "{TOPOLOGY}"', "[on_change]", 'webhook = "http://127.0.0.1:1/s3cr3t"')
    checked = whichproxy("job", "check", job.path)
    assert checked.out.splitlines()[-1] == "reports to the journal, a webhook"
    ended = [checked, whichproxy("job", "install", job.path, "--print")]
    here = a_job(tmp_path, f'topology = "{TOPOLOGY}"', "[on_change]", 'webhook = "http://127.0.0.1:1/s3cr3t"')
    _, first = one_run(here, tunnel().frames)
    drift, second = one_run(here, tunnel(number=1, proxy="172.16.12.12").frames)
    assert drift and second[-1] == "the webhook failed: connection refused"
    ended += [whichproxy("job", verb, here.path, *more) for verb in ("status", "history") for more in ((), ("--json",))]
    assert "s3cr3t" not in "".join([*first, *second, *(one.out + one.err for one in ended)])
    written = [path for path in here.results.rglob("*") if path.is_file()]
    assert len(written) > 5 and not [path for path in written if b"s3cr3t" in path.read_bytes()]


def test_init_writes_a_job_and_never_over_one(tmp_path: Path, whichproxy: Whichproxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = whichproxy("job", "init")
    assert (ended.code, ended.out) == (DONE, "job.toml\n")
    assert ended.lines == ["whichproxy: now: read it, then whichproxy job check job.toml"]
    assert whichproxy("job", "install", "job.toml", "--print").out.startswith("# whichproxy-job.service\n")
    Path("job.toml").write_text("mine")
    again = whichproxy("job", "init")
    assert again.code == UNUSABLE and again.out == "" and "is there already" in again.err
    assert Path("job.toml").read_text() == "mine"
    elsewhere = whichproxy("job", "init", "-o", tmp_path / "our gw.toml")
    assert elsewhere.code == DONE and f"job check '{tmp_path}/our gw.toml'" in elsewhere.err
    assert whichproxy("job", "init", "-o", tmp_path / "no" / "x.toml").code == UNUSABLE
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_uninstall_says_what_it_removed(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = local(tmp_path, "[schedule]", 'for = "10 min"')
    whichproxy("job", "install", job.path, "--folder", tmp_path)
    ended = whichproxy("job", "uninstall", job.path, "--folder", tmp_path)
    assert ended.code == DONE and ended.out.splitlines() == [
        str(tmp_path / "whichproxy-gw1.service"),
        str(tmp_path / "whichproxy-gw1.timer"),
        "now: systemctl daemon-reload && systemctl stop whichproxy-gw1.timer whichproxy-gw1.service",
    ]
    assert not list(tmp_path.glob("whichproxy-*"))
    again = whichproxy("job", "uninstall", job.path, "--folder", tmp_path)
    assert (again.code, again.out) == (DONE, "") and "nothing to remove" in again.err


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
    assert lines[1] == "    WORKSTATION (172.16.11.92): PROX01 (WinHTTP) won for sensor (likely), but TLS broke in 1 of 1 tunnel."
    assert [run["number"] for run in json.loads(whichproxy("job", "history", job.path, "--last", "1", "--json").out)["runs"]] == [2]


def test_history_compares_two_runs(tmp_path: Path, whichproxy: Whichproxy) -> None:
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"')
    one_run(job, tunnel().frames)
    one_run(job, tunnel(number=1, proxy="172.16.12.12").frames)
    ended = whichproxy("job", "history", job.path, "--compare", "1", "2")
    assert ended.code == UNMET
    assert "winner-changed: WORKSTATION (172.16.11.92) now uses PROX03 (static)" in ended.out
    assert [one["code"] for one in json.loads(whichproxy("job", "history", job.path, "--compare", "1", "2", "--json").out)["findings"]] == [
        "winner-changed",
        "new-proxy",
    ]
    assert whichproxy("job", "history", job.path, "--compare", "2", "2").out == "nothing changed from run 2 to run 2\n"
    assert "there is no run 9" in whichproxy("job", "history", job.path, "--compare", "1", "9").err


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (61, "61 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")])
def test_lengths_are_written_as_in_a_job_file(seconds: float, text: str) -> None:
    assert _length(seconds) == text
