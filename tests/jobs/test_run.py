"""A run from its start to its end, with a tool that writes what the test wants; real tools are in tests/cli/test_capture.py."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer import engine, row_files
from analyzer.engine import Limits
from analyzer.errors import Unusable
from analyzer.jobs import carry, run
from analyzer.jobs.file import Job
from analyzer.jobs.pending import begin
from analyzer.jobs.ring import RingFile, ring_files
from analyzer.jobs.run import Control, run_job
from analyzer.jobs.runs import summaries
from analyzer.jobs.store import Store, Transaction
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.engine import reading
from tests.jobs.rings import TOPOLOGY, a_job, frames_as_ring, of_one_pass, ring_name, rows
from tests.pieces import differences

Step = Callable[["Fake"], None]


class Fake:
    """A tool. Each time the run waits, the next step is done."""

    tool, pid = "dumpcap", 1

    def __init__(self, job: Job, number: int, steps: list[Step]) -> None:
        self.job, self.number, self.steps = job, number, steps
        self.files = 0
        self.is_running, self.reason, self.drops = True, None, 0
        self.is_over = False

    def write(self, frames: list[tuple[int, bytes]]) -> None:
        """The next ring file."""
        self.files += 1
        (self.job.packets / ring_name(self.number, self.files)).write_bytes(pcap(frames, nanosecond=True))

    def wait(self, seconds: float) -> bool:
        if seconds and self.steps:
            self.steps.pop(0)(self)
        elif seconds:
            self.is_over = True
        return self.is_over

    def finish(self, wait_s: float) -> None:
        self.is_running = False

    def kill(self) -> None:
        self.is_running = False

    def ended(self) -> str | None:
        return self.reason

    def new_drops(self) -> int:
        return self.drops


@pytest.fixture
def do(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs the job with a tool that does the steps; (outcome, what was said)."""

    def call(job: Job, *steps: Step, seconds: float | None = None) -> tuple[run.Outcome, list[str]]:
        said: list[str] = []
        tools: list[Fake] = []

        def start(job: Job, chosen: object, number: int, lock: object) -> Fake:
            tools.append(Fake(job, number, list(steps)))
            return tools[0]

        monkeypatch.setattr(run, "_start", start)
        return run_job(job, Control(said.append, lambda wait_s: tools[0].wait(wait_s), seconds)), said

    return call


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return a_job(tmp_path, f'topology = "{TOPOLOGY}"')


def file_with(*numbers: int) -> Step:
    return lambda tool: tool.write([frame for number in numbers for frame in tunnel(number=number).frames])


def break_off(reason: str) -> Step:
    def step(tool: Fake) -> None:
        tool.is_running, tool.reason = False, reason

    return step


def last(job: Job) -> dict[str, Any]:
    return summaries(job.results)[-1]


def test_files_are_analysed_as_they_are_finished_and_the_last_one_at_the_end(job: Job, do: Any) -> None:
    seen: list[int] = []

    def look(tool: Fake) -> None:
        seen.append(len(Store(job.results).record.get("done", {})))

    outcome, said = do(job, file_with(1), look, file_with(2), look, file_with(3), look)
    assert seen == [0, 1, 2] and outcome.interrupted
    assert rows(job).num_rows == 3 and len(last(job)["files"]) == 3
    assert said[0].startswith("run 1: dumpcap captures on eth0 packets that match")


def test_what_a_killed_run_left_is_analysed_first_and_is_of_that_run(job: Job, do: Any) -> None:
    frames_as_ring(job, tunnel(number=1).frames, begin(Store(job.results)))
    do(job, file_with(2))
    first, second = summaries(job.results)
    assert (first["how"], first["cut_short"], first["flows"]) == ("it was killed", True, 1)
    assert (second["number"], second["flows"]) == (2, 1)
    assert rows(job).num_rows == 2


def test_a_conversation_that_goes_on_over_the_end_of_a_run_is_one_row(job: Job, do: Any) -> None:
    frames = tunnel().frames
    do(job, lambda tool: tool.write(frames[:5]))
    do(job, lambda tool: tool.write(frames[5:]))
    expected = reading(pcap(frames, nanosecond=True)).flows
    seen_in = ["capture", "captures", "proxy_name", "method"]
    assert differences(expected.drop_columns(seen_in), rows(job).drop_columns(seen_in)) == []
    assert [one["flows"] for one in summaries(job.results)] == [1, 1]


def test_an_interface_that_is_not_there_is_told_and_what_waits_is_analysed(job: Job, do: Any) -> None:
    frames_as_ring(job, tunnel().frames, begin(Store(job.results)))
    with pytest.raises(Unusable, match="eth0: There is no device named"):
        do(job, break_off('There is no device named "eth0"'))
    assert rows(job).num_rows == 1
    assert last(job)["how"] == 'broke off: There is no device named "eth0"' and last(job)["cut_short"]


def test_a_tool_that_is_killed_ends_the_run_and_loses_nothing_that_was_written(job: Job, do: Any) -> None:
    outcome, _ = do(job, file_with(1), file_with(2), break_off("dumpcap ended by itself (signal SIGKILL)"))
    assert outcome.broke_off == "dumpcap ended by itself (signal SIGKILL)" and not outcome.drift
    assert rows(job).num_rows == 2 and last(job)["cut_short"]


def test_a_file_that_a_tool_had_not_begun_to_write_is_told(job: Job, do: Any) -> None:
    do(job, file_with(1), lambda tool: (job.packets / ring_name(1, 2)).write_bytes(b""))
    verdict = json.loads((job.results / "runs" / "000001" / "verdict.json").read_text())
    assert any("the file holds no packets" in damage["text"] for damage in verdict["captures"][1]["damage"])
    assert rows(job).num_rows == 1


def test_a_clock_that_steps_changes_no_order_and_loses_nothing(job: Job, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time
    for step in (0, -86_400, 10 * 365 * 86_400):
        monkeypatch.setattr(run.time, "time", lambda step=step: real() + step)
        do(job, file_with(abs(step) % 1000 + 1))
    assert [one["number"] for one in summaries(job.results)] == [1, 2, 3]
    assert [one["against"] for one in summaries(job.results)] == [None, None, None]  # stopped by hand: cut short
    assert [file.run for file in ring_files(job.packets)] == [1, 2, 3]


def test_packets_go_as_retention_says_and_evidence_stays(tmp_path: Path, do: Any) -> None:
    job = a_job(tmp_path, "[retention]", 'packet_bytes = "3 kB"')
    do(job, *(file_with(number) for number in range(1, 6)))
    assert 0 < sum(path.stat().st_size for path in job.packets.iterdir()) <= 3000
    assert rows(job).num_rows == 5 and len(last(job)["files"]) == 5


def test_rows_of_as_many_days_are_kept_as_the_job_says(tmp_path: Path, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry.Counted.__init__, "__defaults__", (Limits(conversations=1, finished=0),))
    job = a_job(tmp_path, "[retention]", "evidence_days = 2")

    def on_day(day: int) -> Step:
        frames = [(ts + day * 86_400 * 10**9, data) for number in (day * 2, day * 2 + 1) for ts, data in tunnel(number=number).frames]
        return lambda tool: tool.write(frames)

    do(job, *(on_day(day) for day in range(5)))
    assert sorted({path.parent.name for path in (job.results / "flows").rglob("*.parquet")}) == ["date=2023-11-17", "date=2023-11-18"]


def test_packets_that_come_faster_than_they_are_analysed_are_missing_and_counted(tmp_path: Path, do: Any) -> None:
    job = a_job(tmp_path, "[retention]", 'packet_bytes = "3 kB"')

    def burst(tool: Fake) -> None:
        for number in range(1, 5):
            file_with(number)(tool)

    _, said = do(job, burst)
    assert sum("is deleted unread: analysis doesn't keep up" in text for text in said) == 1
    verdict = json.loads((job.results / "runs" / "000001" / "verdict.json").read_text())
    assert [finding["code"] for finding in verdict["findings"]].count("capture-gap") == 1
    assert rows(job).num_rows == 3


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock of its own, on which a block of packets takes `block` seconds."""
    clock = {"now": 0.0, "block": 10.0}
    decode = engine.decode

    def slowly(*args: Any) -> Any:
        for decoded in decode(*args):
            clock["now"] += clock["block"]
            yield decoded

    monkeypatch.setattr(engine, "decode", slowly)
    monkeypatch.setattr(run.time, "monotonic", lambda: clock["now"])
    return clock


def burst(files: int, first: int = 1) -> Step:
    def step(tool: Fake) -> None:
        for number in range(first, first + files):
            file_with(number)(tool)

    return step


def behind(folder: Path, *schedule: str) -> Job:
    return a_job(folder, f'topology = "{TOPOLOGY}"', "[schedule]", *schedule)


def single_pass(job: Job) -> list[str]:
    """How the job's rows differ from those of all its ring files read together."""
    return differences(of_one_pass([file.path for file in ring_files(job.packets)], TOPOLOGY), rows(job))


def test_a_job_that_falls_behind_ends_in_time_and_the_next_run_takes_up_the_rest(tmp_path: Path, do: Any, slow: dict[str, float]) -> None:
    job = behind(tmp_path, 'for = "12 s"', 'finish_within = "25 s"')
    outcome, said = do(job, burst(20))
    # The second file is over at 20 s, when capturing ends; two more fit into 25 s, and the one after it is left as it was.
    assert slow["now"] == 50 and not outcome.interrupted and not outcome.drift
    first = last(job)
    assert (len(first["files"]), first["waiting"]["files"], first["cut_short"], first["flows"]) == (4, 16, True, 4)
    assert first["how"].startswith("its time was over, and 16 ring files (") and first["how"].endswith(") wait to be analysed")
    assert said[-1].startswith("16 ring files (") and said[-1].endswith(") could not be analysed in time: the next run does it")
    verdict = json.loads((job.results / "runs" / "000001" / "verdict.json").read_text())
    assert ["16 ring files" in finding["text"] for finding in verdict["findings"] if finding["code"] == "capture-gap"] == [True]
    assert rows(job).num_rows == 4

    slow["block"] = 0.1
    do(job, burst(2, first=30), seconds=60)
    whole, second = summaries(job.results)
    assert (whole["waiting"]["files"], whole["cut_short"], whole["how"], whole["flows"]) == (0, False, "its time was over", 20)
    assert (second["flows"], len(second["files"]), second["against"]) == (2, 2, None)
    assert single_pass(job) == []


def test_a_run_for_which_no_file_could_be_analysed_says_so(tmp_path: Path, do: Any, slow: dict[str, float]) -> None:
    slow["block"] = 100.0
    job = behind(tmp_path, 'for = "12 s"', 'finish_within = "25 s"')
    do(job, file_with(1), lambda tool: slow.update(now=12.0))
    assert (last(job)["files"], last(job)["waiting"]["files"], last(job)["packets"]) == ([], 1, 0)
    verdict = json.loads((job.results / "runs" / "000001" / "verdict.json").read_text())
    assert [finding["code"] for finding in verdict["findings"]].count("capture-gap") == 1
    slow["block"] = 0.0
    do(job, file_with(2))
    assert single_pass(job) == [] and [one["flows"] for one in summaries(job.results)] == [1, 1]


def test_a_run_that_is_stopped_while_it_is_behind_ends_within_a_minute(tmp_path: Path, do: Any, slow: dict[str, float]) -> None:
    job = behind(tmp_path, 'finish_within = "1 h"')
    seen: list[float] = []

    def all_at_once(tool: Fake) -> None:
        burst(30)(tool)
        finish = tool.finish
        tool.finish = lambda wait_s: (seen.append(slow["now"]), finish(wait_s))  # type: ignore[method-assign,assignment,func-returns-value]
        tool.wait = lambda seconds: slow["now"] >= 15  # type: ignore[method-assign] # the run is stopped in the middle of the second file

    outcome, _ = do(job, all_at_once)
    assert seen == [20] and outcome.interrupted and slow["now"] == 80
    assert last(job)["how"].startswith("it was stopped, and ") and last(job)["cut_short"]
    assert last(job)["waiting"]["files"] + len(last(job)["files"]) == 30
    slow["block"] = 0.0
    do(job)
    assert last(job)["number"] == 2 and single_pass(job) == []
    assert summaries(job.results)[0]["how"] == "it was stopped" and summaries(job.results)[0]["flows"] == 30


def test_a_stop_ends_a_rest_that_would_take_long(tmp_path: Path, do: Any, slow: dict[str, float]) -> None:
    job = behind(tmp_path, 'for = "5 s"', 'every = "2 h"', 'finish_within = "1 h"')

    def all_at_once(tool: Fake) -> None:
        burst(100)(tool)
        tool.wait = lambda seconds: slow["now"] >= 100  # type: ignore[method-assign]

    outcome, _ = do(job, all_at_once)
    assert outcome.interrupted and slow["now"] == 160
    assert last(job)["how"].startswith("its time was over, and ")


def test_a_job_without_an_end_that_is_behind_has_its_runs_all_the_same(tmp_path: Path, do: Any, slow: dict[str, float]) -> None:
    slow["block"] = 1000.0
    job = behind(tmp_path, 'every = "1 h"')
    do(job, burst(6), burst(2, first=7), lambda tool: slow.update(block=0.0))
    first, second = summaries(job.results)
    # At 4000 s four of the five files that were finished are analysed; the fifth is the first run's, whenever it is read.
    assert (first["flows"], first["how"], first["cut_short"], first["waiting"]["files"]) == (5, "its time was over", False, 0)
    assert (second["flows"], second["how"]) == (3, "it was stopped")
    assert single_pass(job) == []


def test_killed_between_the_end_of_a_run_and_the_rest_of_its_files_it_stays_what_it_was(
    tmp_path: Path, do: Any, slow: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was behind at its end is finished by a process that was killed itself and by the one after that."""
    job = behind(tmp_path, 'for = "12 s"', 'finish_within = "25 s"')
    do(job, burst(8))
    commit, left = Transaction.commit, [3]

    def dies(change: Transaction) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        commit(change)

    monkeypatch.setattr(Transaction, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        do(job)
    left[0] = 1000
    slow["block"] = 0.0
    do(job)
    assert [(one["number"], one["how"], one["flows"]) for one in summaries(job.results)] == [
        (1, "its time was over", 8),
        (2, "it was killed", 0),
        (3, "it was stopped", 0),
    ]
    assert single_pass(job) == []


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A disk without room for evidence, as long as "now" says so."""
    state = {"now": False}
    write = row_files.pq.write_table

    def write_table(*args: Any, **options: Any) -> None:
        if state["now"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*args, **options)

    monkeypatch.setattr(row_files.pq, "write_table", write_table)
    return state


def test_a_full_disk_is_told_and_the_next_run_analyses_what_was_captured(job: Job, do: Any, full: dict[str, bool]) -> None:
    with pytest.raises(Unusable, match="the results can't be written: No space left on device"):
        do(job, file_with(1), file_with(2), lambda tool: full.update(now=True), file_with(3))
    full["now"] = False
    assert rows(job).num_rows >= 1
    do(job, file_with(4))
    assert sorted(rows(job)["client_port"].to_pylist()) == [50_001, 50_002, 50_003, 50_004]


def test_analysed_packets_make_room_on_a_full_disk(job: Job, do: Any, full: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def frees(path: Path, *args: Any, **options: Any) -> None:
        unlink(path, *args, **options)
        if path.suffix == ".pcapng":
            full["now"] = False

    monkeypatch.setattr(Path, "unlink", frees)
    _, said = do(job, file_with(1), file_with(2), lambda tool: full.update(now=True), file_with(3))
    assert any("1 analysed files were deleted for room" in text for text in said)
    assert rows(job).num_rows == 3


def test_a_job_without_an_end_has_a_run_for_every_interval_and_one_tool(tmp_path: Path, do: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"', "[schedule]", 'every = "1 h"')
    clock = {"now": 0.0}
    monkeypatch.setattr(run.time, "monotonic", lambda: clock["now"])
    hour = lambda tool: clock.update(now=clock["now"] + 3600)  # noqa: E731
    do(job, file_with(1), file_with(2), hour, file_with(3), file_with(4), hour, file_with(5))
    assert [(one["number"], one["flows"], one["how"]) for one in summaries(job.results)] == [
        (1, 1, "its time was over"),
        (2, 2, "its time was over"),
        (3, 2, "it was stopped"),
    ]
    assert {file.run for file in ring_files(job.packets)} == {1}
    assert rows(job).num_rows == 5


def test_ring_files_of_a_folder_whose_record_is_gone_are_the_newest_runs(job: Job, do: Any) -> None:
    frames_as_ring(job, tunnel(number=1).frames, 7)
    do(job, file_with(2))
    assert last(job)["flows"] == 2
    assert [type(file) for file in ring_files(job.packets)] == [RingFile, RingFile]
