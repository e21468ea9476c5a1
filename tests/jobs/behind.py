"""A job that falls behind, ended again and again: `python -m tests.jobs.behind [ROUNDS]`, as root.

Every round starts a run whose analysis takes BLOCK_S longer per block while packets arrive on a wire and a ring file is finished
every second. The rounds end by SIGKILL, then by SIGTERM, then because their time is over; what one leaves the next takes up, and
runs that aren't slowed catch up in the end. Printed: how long each took to end, what it left, and whether the rows of all ring files
are those of one pass over them. Exit code 1 where a round took longer than it may, or a row or packet differs.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from analyzer.jobs.evidence import read_all
from analyzer.jobs.file import Job
from analyzer.jobs.ring import ring_files
from analyzer.jobs.runs import summaries
from analyzer.jobs.store import Store
from tests.capture.wire import Wire, wire
from tests.conftest import ROOT
from tests.jobs.rings import TOPOLOGY, a_job, of_one_pass
from tests.pieces import Whole, differences

CAPTURE: Final = ROOT / "captures" / "T5-all-three.pcapng"
BLOCK_S: Final = 2.0
FOR_S: Final = 5
BUDGET_S: Final = 4
RESULTS_S: Final = 6.0
"""What a run may take beyond its budget: a block that was begun, the tool's end, and the results of each run it touched."""


def prepared(folder: Path) -> Job:
    job = a_job(folder)
    lines = [f'topology = "{TOPOLOGY}"', job.path.read_text().replace('"eth0"', f'"{Wire.far}"'), "[ring]", 'file_time = "1 s"']
    job.path.write_text("\n".join([*lines, "[schedule]", f'finish_within = "{BUDGET_S} s"', ""]))
    return job


def one_round(line: Wire, job: Job, how: signal.Signals | None, chance: random.Random) -> float:
    """Seconds from when the run was to end until it had ended."""
    before = len(ring_files(job.packets))
    more = [] if how else ["--for", str(FOR_S)]
    command = [sys.executable, "-m", "tests.jobs.slowed", str(BLOCK_S), "capture", str(job.path), *more]
    process = line.inside(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(ring_files(job.packets)) == before and process.poll() is None:
        time.sleep(0.02)
    if how is None:
        captures = time.monotonic()
        process.wait(FOR_S + 600)
        return time.monotonic() - captures - FOR_S
    time.sleep(chance.uniform(0.2, 5))
    began = time.monotonic()
    process.send_signal(how)
    process.wait(600)
    return time.monotonic() - began


def main(rounds: int) -> int:
    chance, wrong = random.Random(10), 0
    with wire() as line, tempfile.TemporaryDirectory() as folder:
        job = prepared(Path(folder))
        feed = ["tcpreplay", "-q", "--pps", "150", "--loop", "0", "-i", Wire.near, str(CAPTURE)]
        replay = line.inside(*feed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for how in (signal.SIGKILL, signal.SIGTERM, None):
                name = how.name if how else "its time"
                took = [one_round(line, job, how, chance) for _ in range(rounds if how else max(1, rounds // 4))]
                late = sum(seconds > BUDGET_S + RESULTS_S for seconds in took)
                wrong += late
                left = [one["waiting"]["files"] for one in summaries(job.results)]
                said = f"median {sorted(took)[len(took) // 2]:.2f} s; it may take {BUDGET_S} + {RESULTS_S:g} s; {late} took longer"
                print(f"{name:<8} {len(took)} rounds, ended after {min(took):.2f} to {max(took):.2f} s ({said})")
                print(f"{'':<8} most files that a run has left so far: {max(left, default=0)}", flush=True)
        finally:
            replay.terminate()
            replay.wait()
        # A run that catches up has a budget too, so it may take several of them.
        catching_up, before = 0, -1
        while (done := len(Store(job.results).record["done"])) != before:
            before, catching_up = done, catching_up + 1
            line.whichproxy("capture", job.path, "--for", "0.5").communicate(timeout=600)
            if not any(run["waiting"]["files"] for run in summaries(job.results)):
                break
        files = [file.path for file in ring_files(job.packets) if file.path.stat().st_size]
        packets, told = sum(Whole(path).n_frames for path in files), sum(run["packets"] for run in summaries(job.results))
        differs = differences(of_one_pass(files, TOPOLOGY), read_all(job.results))
        waiting = sum(run["waiting"]["files"] for run in summaries(job.results))
        print(f"{catching_up} runs caught up: {len(files)} ring files, {packets} packets, {told} in runs' results, {waiting} files waiting")
        print(f"{read_all(job.results).num_rows} rows, {len(differs)} cells differ from one pass over all ring files")
        for one in differs[:5]:
            print(f"  {str(one)[:200]}")
    return 1 if wrong or differs or waiting or packets != told else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
