"""`make fuzz`: damaged captures through the whole river, for as many seconds as asked, or fewer where so many captures are enough:
`python -m tests.fuzz SECONDS [--seed N] [--captures N]`.

One process for each CPU examines captures; each is written down before it is read, so that one that crashes the process, or that
isn't read within a minute, is kept as well. What fails is kept in tests/fuzz/found/, where the suite reads it ever after. Exit
code 1 when anything failed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

from tests.fuzz.examine import examine
from tests.fuzz.inputs import FOUND, corpus, damaged

MOST_SECONDS = 60  # for one capture of at most 150 kB: more is a hang
MOST_BYTES = 3 << 30  # of memory: a length that was believed
CURRENT, WRONG, COUNT = "current", "wrong", "count"


def fuzz(seed: int, seconds: float, folder: Path, began: float, most: float = math.inf) -> int:
    """Examine damaged captures until the time is over, or one is wrong: exit code 1, with the reason in the folder.

    began   when the whole run did: seconds since 1970
    most    captures to examine: however fast the machine is, it is the same ones
    """
    random, captures, until = Random(seed), corpus(began), time.monotonic() + seconds
    n = 0
    while n < most and time.monotonic() < until:
        data = damaged(random.choice(captures), random.choice(captures), random)
        (folder / CURRENT).write_bytes(data)
        try:
            wrong = examine(data)
        except Exception:  # noqa: BLE001 - any exception is a finding
            wrong = [traceback.format_exc()]
        if wrong:
            (folder / WRONG).write_text("\n".join(wrong), encoding="utf-8")
            return 1
        n += 1
        (folder / COUNT).write_text(str(n), encoding="ascii")
    return 0


class Worker:
    """A process that examines, started again after each failure until the time is over."""

    def __init__(self, seed: int, until: float, folder: Path, most: float = math.inf) -> None:
        self.seed, self.until, self.folder, self.most = seed, until, folder, most
        self.began = time.time()
        self.examined = 0
        self.start()

    def start(self) -> None:
        for name in (CURRENT, WRONG, COUNT):
            (self.folder / name).unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL)

    def command(self) -> list[str]:
        left = max(0.0, self.until - time.monotonic())
        return [
            sys.executable,
            "-m",
            "tests.fuzz",
            str(left),
            "--seed",
            str(self.seed),
            "--worker",
            str(self.folder),
            "--began",
            str(self.began),
            "--captures",
            str(self.most),
        ]

    def failure(self) -> str | None:
        """The reason why the capture in work failed, if it did."""
        code = self.process.poll()
        if code is None:
            current = self.folder / CURRENT
            if not current.exists() or time.time() - current.stat().st_mtime < MOST_SECONDS:
                return None
            self.process.kill()
            self.process.wait()
            return f"not read within {MOST_SECONDS} seconds"
        count = self.folder / COUNT
        self.examined += int(count.read_text(encoding="ascii")) if count.exists() else 0
        if code == 0:
            return None
        wrong = self.folder / WRONG
        return wrong.read_text(encoding="utf-8") if wrong.exists() else f"the process ended with {code}"


def keep(folder: Path, why: str, found: Path = FOUND) -> Path:
    """The path of the capture in work."""
    data = (folder / CURRENT).read_bytes()
    found.mkdir(exist_ok=True)
    path = found / f"{hashlib.sha256(data).hexdigest()[:16]}.pcap"
    path.write_bytes(data)
    print(f"{path}: {why}", flush=True)
    return path


def run(seconds: float, seed: int, most: float = math.inf) -> int:
    """The number of failed captures, in so many seconds and with at most so many captures for each process."""
    examine(corpus()[0])  # kernels that aren't compiled yet are no hang
    until, failed = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory(prefix="whichproxy-fuzz-") as place:
        workers = []
        for n in range(os.cpu_count() or 1):
            folder = Path(place, str(n))
            folder.mkdir()
            workers.append(Worker(seed + n, until, folder, most))
        running = list(workers)
        while running:
            time.sleep(0.1)
            for worker in list(running):
                why = worker.failure()
                if why is None:
                    if worker.process.poll() is not None:
                        running.remove(worker)
                    continue
                failed += 1
                keep(worker.folder, why)
                worker.seed += 1000
                worker.start()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        examined = sum(worker.examined for worker in workers)
        print(f"{examined} captures examined in {(used.ru_utime + used.ru_stime) / 60:.1f} CPU minutes, {failed} failed (seed {seed})")
    return failed


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Damaged captures through the whole river.")
    asked.add_argument("seconds", type=float)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    asked.add_argument("--captures", type=float, default=math.inf, help="for each process, then it ends before its time")
    asked.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    asked.add_argument("--began", type=float, help=argparse.SUPPRESS)
    arguments = asked.parse_args()
    if arguments.worker:
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
        return fuzz(arguments.seed, arguments.seconds, arguments.worker, arguments.began, arguments.captures)
    return 1 if run(arguments.seconds, arguments.seed, arguments.captures) else 0


if __name__ == "__main__":
    sys.exit(main())
