"""The end of a run: results on disk, and what a person gets to read when a proxy is switched off, stays off and comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.jobs import evidence
from analyzer.jobs.drift import DRIFT_CODES
from analyzer.jobs.evidence import read_all
from analyzer.jobs.file import Job
from analyzer.jobs.finish import baseline, check_baseline, tell_waiting
from analyzer.jobs.runs import place_of
from analyzer.jobs.store import Store
from tests.build import Conversation
from tests.cli.conftest import tunnel
from tests.jobs.rings import TOPOLOGY, a_job, finish_run, one_run
from tests.jobs.rings import begin as begin_run

STATIC = "172.16.12.12"
SENSOR = "winatp-gw-neu.microsoft.com"
S = 10**9
Frames = list[tuple[int, bytes]]


def at(frames: Frames, hour: int) -> Frames:
    return [(ts + hour * 3600 * S, data) for ts, data in frames]


def carried(hour: int) -> Frames:
    """The sensor's tunnels through the static proxy."""
    return at([frame for i in range(4) for frame in tunnel(SENSOR, 100 * hour + i, proxy=STATIC).frames], hour)


def switched_off(hour: int) -> Frames:
    """The static proxy doesn't answer; the sensor falls back to the direct way, which is blocked."""
    frames = []
    for i in range(4):
        for j, server in enumerate([(STATIC, 3128), ("20.1.8.14", 443)]):
            talk = Conversation(
                client=("172.16.11.92", 40_000 + 100 * hour + 10 * i + j), server=server, start_ns=1_700_000_000 * S + i * S
            )
            frames += talk.handshake().frames[:1]
    return at(sorted(frames), hour)


def findings(job: Job, run: int) -> list[dict[str, Any]]:
    document = json.loads((job.results / place_of(run, "verdict.json")).read_text())
    return [finding for finding in document["findings"] if finding["code"] in DRIFT_CODES]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path, f'topology = "{TOPOLOGY}"')


def test_a_static_proxy_switched_off_is_told_once_and_that_it_is_back_too(job: Job) -> None:
    assert one_run(job, carried(0)) == (False, [])
    assert one_run(job, carried(1)) == (False, [])
    drift, said = one_run(job, switched_off(2))
    assert drift
    assert [(finding["code"], finding["client_ip"]) for finding in findings(job, 3)] == [
        ("new-direct", "172.16.11.92"),
        ("service-silent", "172.16.11.92"),
    ]
    assert said == [
        "drift since run 2: WORKSTATION (172.16.11.92) goes past the proxies (20.1.8.14:443; blocked), and didn't before",
        "drift since run 2: nothing was heard of edr-command-and-control of WORKSTATION (172.16.11.92); PROX03 (static) carried it before",
    ]
    assert one_run(job, switched_off(3)) == (False, [])
    drift, said = one_run(job, carried(4))
    assert [finding["code"] for finding in findings(job, 5)] == ["service-back"]
    assert said == ["drift since run 4: edr-command-and-control of WORKSTATION (172.16.11.92) is heard again through PROX03 (static)"]
    assert one_run(job, carried(5)) == (False, [])


def test_the_results_of_a_run_lie_beside_each_other(job: Job) -> None:
    one_run(job, carried(0))
    one_run(job, switched_off(1))
    summary = json.loads((job.results / place_of(2, "run.json")).read_text())
    assert (summary["number"], summary["packets"], summary["flows"], summary["against"]) == (2, 8, 8, "run 1")
    assert summary["drift"] == {"new-direct": 1, "service-silent": 1}
    assert "service-silent" in (job.results / place_of(2, "difference.md")).read_text()
    assert (job.results / place_of(2, "report.md")).read_text().startswith("#")
    assert not (job.results / place_of(1, "difference.md")).exists()


def test_a_run_that_was_cut_short_is_kept_and_compared_with_nothing(job: Job) -> None:
    one_run(job, carried(0))
    begin_run(Store(job.results))
    assert finish_run(job, cut_short=True) == (False, [])
    assert json.loads((job.results / place_of(2, "run.json")).read_text())["cut_short"]
    assert baseline(job, 3)[0] == "run 1"
    assert one_run(job, carried(2)) == (False, [])


def test_it_is_compared_with_what_the_job_names(job: Job, tmp_path: Path) -> None:
    one_run(job, carried(0))
    one_run(job, switched_off(1))
    verdict = job.results / place_of(1, "verdict.json")
    for against, name in (("last", "run 2"), ("first", "run 1"), ("1", "run 1"), (str(verdict), str(verdict)), ("7", None)):
        chosen = a_job(tmp_path, f'topology = "{TOPOLOGY}"', "[drift]", f'against = "{against}"')
        assert baseline(chosen, 3)[0] == name
        check_baseline(chosen)
    wrong = a_job(tmp_path, "[drift]", 'against = "job.toml"')
    with pytest.raises(Unusable, match="can't be read"):
        check_baseline(wrong)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(Unusable, match="no verdict document"):
        check_baseline(a_job(tmp_path, "[drift]", 'against = "other.json"'))


def test_expectations_are_held_to(job: Job, tmp_path: Path) -> None:
    (tmp_path / "expect.toml").write_text('[test.expect]\nwinner = { "plane:sensor" = "winhttp" }\n')
    expecting = a_job(tmp_path, f'topology = "{TOPOLOGY}"', "[drift]", 'expect = "expect.toml"')
    drift, said = one_run(expecting, carried(0))
    assert drift and len(said) == 1
    assert said[0].startswith("drift since the expectations: expected winhttp to win for sensor, but WORKSTATION")


def test_what_could_not_be_told_is_told_with_the_next_run(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = f"[on_change]\ncommand = ['sh', '-c', 'test -e {told} && cat >> {told}']"
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"', command)
    one_run(job, carried(0))
    _, said = one_run(job, switched_off(1))
    assert said[-1] == "sh ended with 1"
    told.touch()
    tell_waiting(job, Store(job.results), said.append)
    body = json.loads(told.read_text())
    assert (body["job"], body["number"], body["against"], body["results"]) == ("gw1", 2, "run 1", "runs/000002")
    assert [finding["code"] for finding in body["findings"]] == ["new-direct", "service-silent"]
    tell_waiting(job, Store(job.results), said.append)
    assert told.read_text().count('"job"') == 1


def test_a_floods_rows_are_on_disk_and_not_in_the_verdict(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_UNNAMED", 2)
    frames = [*carried(0), *switched_off(0)]
    one_run(job, sorted(frames))
    verdict = json.loads((job.results / place_of(1, "verdict.json")).read_text())
    (text,) = [finding["text"] for finding in verdict["findings"] if finding["code"] == "flows-evicted"]
    assert "rows of conversations without a name are in flows/ and not in this verdict (6 in all)" in text
    assert verdict["sources"][0]["services"][0]["winner"] == f"{STATIC}:3128"
    assert read_all(job.results).num_rows == 12
