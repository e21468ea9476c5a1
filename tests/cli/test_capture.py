"""`whichproxy capture` with real tools on a wire of its own: whole, killed, refused."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.cli.outcome import DONE, INTERRUPTED, UNMET, UNUSABLE
from analyzer.jobs.evidence import read_all
from analyzer.jobs.file import Job
from analyzer.jobs.ring import ring_files
from analyzer.jobs.runs import summaries
from tests.capture.wire import Wire, wire
from tests.cli.conftest import Whichproxy
from tests.conftest import ROOT
from tests.jobs.rings import TOPOLOGY, a_job, of_one_pass, write_rings
from tests.pieces import Whole, differences

T5 = ROOT / "captures" / "T5-all-three.pcapng"


@pytest.fixture
def line() -> Iterator[Wire]:
    with wire() as made:
        yield made


def on_wire(folder: Path, *more: str) -> Job:
    job = a_job(folder, *more)
    text = job.path.read_text().replace('"eth0"', f'"{Wire.far}"')
    job.path.write_text(f'topology = "{TOPOLOGY}"\n{text}\n[ring]\nfile_time = "1 s"\n')
    return job


def until(there: object, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def packets(job: Job) -> int:
    return sum(file.path.stat().st_size for file in ring_files(job.packets))


@pytest.mark.parametrize("tool", ["dumpcap", "tcpdump"])
def test_what_came_over_the_wire_is_the_table_of_the_ring_files(tmp_path: Path, line: Wire, tool: str) -> None:
    job = on_wire(tmp_path, f'tool = "{tool}"')
    process = line.whichproxy("capture", job.path)
    until(lambda: ring_files(job.packets))
    time.sleep(0.3)
    line.replay(T5, pps=700)
    process.send_signal(signal.SIGTERM)  # the last packets are still in the kernel now, and are the run's all the same
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (INTERRUPTED, b""), err
    files = [file.path for file in ring_files(job.packets)]
    assert len(files) >= 2
    assert differences(of_one_pass(files, TOPOLOGY), read_all(job.results)) == []
    (run,) = summaries(job.results)
    assert run["packets"] + run["dropped"] == Whole(T5).n_frames and run["dropped"] == 0
    assert run["how"] == "it was stopped"


@pytest.mark.parametrize("tool", ["dumpcap", "tcpdump"])
def test_what_a_full_buffer_dropped_is_counted_to_the_packet(tmp_path: Path, line: Wire, tool: str) -> None:
    """The tool is held while more arrives than its buffer holds."""
    job = on_wire(tmp_path, f'tool = "{tool}"')
    process = line.whichproxy("capture", job.path)
    until(lambda: ring_files(job.packets))
    child = json.loads((job.results / "lock").read_text())["tool"]
    os.kill(child, signal.SIGSTOP)
    line.replay(T5, pps=0, times=400)
    os.kill(child, signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, err
    (run,) = summaries(job.results)
    assert run["dropped"] > 50_000 and run["packets"] + run["dropped"] == 400 * Whole(T5).n_frames


def test_killed_again_and_again_nothing_finished_is_lost_or_counted_twice(tmp_path: Path, line: Wire) -> None:
    job, chance = on_wire(tmp_path), random.Random(9)
    replay = line.trickle(T5, pps=120)
    for number in (1, 2, 3):
        process = line.whichproxy("capture", job.path)
        until(lambda: any(file.run == number for file in ring_files(job.packets)))  # noqa: B023
        time.sleep(chance.uniform(0.1, 2.5))
        process.kill()
        process.communicate()
    replay.terminate()
    replay.wait()
    ended = line.whichproxy("capture", job.path, "--for", "0.5")
    assert ended.communicate(timeout=60) and ended.returncode == 0
    files = [file.path for file in ring_files(job.packets) if file.path.stat().st_size]
    assert len(files) >= 4
    assert differences(of_one_pass(files, TOPOLOGY), read_all(job.results)) == []
    assert [run["number"] for run in summaries(job.results)] == [1, 2, 3, 4]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, None], ids=["SIGTERM", "SIGKILL", "its time"])
def test_a_run_that_falls_behind_ends_and_the_next_one_takes_up_the_rest(tmp_path: Path, line: Wire, ending: signal.Signals | None) -> None:
    """Each block of packets takes 3 s longer, and a ring file comes every second: without an end it would never be done."""
    job = on_wire(tmp_path)
    timed = '[schedule]\nfor = "6 s"\n' if ending is None else "[schedule]\n"
    job.path.write_text(job.path.read_text() + timed + 'finish_within = "4 s"\n')
    process = line.inside(
        sys.executable, "-m", "tests.jobs.slowed", "3", "capture", job.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: ring_files(job.packets))
    replay = line.trickle(T5, pps=120)
    until(lambda: len(ring_files(job.packets)) >= 4)
    if ending is not None:
        process.send_signal(ending)
    _, err = process.communicate(timeout=60)
    replay.terminate()
    replay.wait()
    assert process.returncode == {signal.SIGTERM: INTERRUPTED, signal.SIGKILL: -signal.SIGKILL, None: 0}[ending], err
    if ending != signal.SIGKILL:
        (run,) = summaries(job.results)
        assert run["waiting"]["files"] and run["cut_short"] and b"could not be analysed in time: the next run does it" in err
    job.path.write_text(job.path.read_text().replace('finish_within = "4 s"', 'finish_within = "60 s"'))
    ended = line.whichproxy("capture", job.path, "--for", "0.5")
    # Where the first run was whole in the end, the second is compared with it, and is too short for any source to send something.
    assert ended.communicate(timeout=60) and ended.returncode == (UNMET if ending is None else DONE)
    files = [file.path for file in ring_files(job.packets) if file.path.stat().st_size]
    assert differences(of_one_pass(files, TOPOLOGY), read_all(job.results)) == []
    first, second = summaries(job.results)
    assert (first["against"], second["against"]) == (None, "run 1" if ending is None else None)
    assert (first["waiting"], first["cut_short"]) == ({"files": 0, "bytes": 0}, ending is not None)
    assert first["packets"] + second["packets"] == sum(Whole(path).n_frames for path in files)


def test_an_interface_that_is_not_there_is_told(tmp_path: Path, line: Wire) -> None:
    job = on_wire(tmp_path)
    job.path.write_text(job.path.read_text().replace(Wire.far, "nowhere0"))
    process = line.whichproxy("capture", job.path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == UNUSABLE
    last = err.decode().splitlines()[-1]
    assert last.startswith("whichproxy: nowhere0: ") and last.endswith("see whichproxy doctor")
    assert summaries(job.results)[0]["cut_short"]


def test_a_second_run_is_refused_and_a_killed_tool_ends_the_first(tmp_path: Path, line: Wire) -> None:
    job = on_wire(tmp_path)
    process = line.whichproxy("capture", job.path)
    until(lambda: (job.results / "lock").exists() and "tool" in json.loads((job.results / "lock").read_text() or "{}"))
    second = line.whichproxy("capture", job.path)
    _, err = second.communicate(timeout=60)
    assert second.returncode == UNUSABLE
    assert b"another run of this job is at work" in err
    line.replay(T5, pps=3000)
    until(lambda: packets(job) > 10_000)
    os.kill(json.loads((job.results / "lock").read_text())["tool"], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == UNUSABLE
    assert err.decode().splitlines()[-1] == "whichproxy: the capture broke off: tcpdump ended by itself (signal SIGKILL)"
    assert differences(of_one_pass([file.path for file in ring_files(job.packets)], TOPOLOGY), read_all(job.results)) == []


IMPORTS = """
import sys
from analyzer.cli.run import run
from analyzer.jobs import run as running
from analyzer.jobs.ring import ring_files

class Tool:
    tool, pid, is_running = "dumpcap", 1, True
    def finish(self, wait_s): self.is_running = False
    kill = lambda self: None
    ended = lambda self: None
    new_drops = lambda self: 0

def start(*args):
    print(*(name for name in ("numpy", "pyarrow") if name in sys.modules))
    return Tool()

running._start = start
code = run(["capture", sys.argv[1], "--for", "0.1", "--quiet"])
print(code, *(name for name in ("pandas", "scapy", "pyshark", "matplotlib", "jinja2") if name in sys.modules))
"""


def test_packets_come_before_the_engine_and_a_run_imports_nothing_slow(tmp_path: Path) -> None:
    job = a_job(tmp_path, f'topology = "{TOPOLOGY}"')
    write_rings(job, Whole(T5), 2)
    ended = subprocess.run([sys.executable, "-c", IMPORTS, job.path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout == "\n0\n", ended.stdout + ended.stderr
    assert summaries(job.results)[0]["packets"] > 900


def test_mistakes_in_the_job_are_told(tmp_path: Path, whichproxy: Whichproxy) -> None:
    path = tmp_path / "job.toml"
    path.write_text("interface = 3\n")
    ended = whichproxy("capture", path)
    assert (ended.code, ended.out) == (UNUSABLE, "")
    assert len(ended.lines) == 2 and all(line.startswith(f"whichproxy: {path}: ") for line in ended.lines)
