"""Measures a program's time and memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SAMPLE_EVERY_S = 0.02


class Failed(Exception):
    """A measured program ended with an error; the text is the end of its output."""


class Used(NamedTuple):
    """A process's use: seconds of processor time, user and system together, and its peak of resident bytes."""

    cpu: float
    resident: int


WAIT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Run by a small process: Linux counts the starting process's memory as the started one's (execve keeps the maximum)."""


def used_by(command: Sequence[str], cwd: Path | None = None) -> Used:
    """The process's use, with that of the children it waited for. Errors: Failed, it ended with an error."""
    started = [sys.executable, "-c", WAIT, *command]
    ended = subprocess.run(started, cwd=cwd, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Failed(f"{' '.join(command)}: exit code {ended.returncode}: {ended.stderr[-500:]}")
    cpu, resident = ended.stdout.split()
    return Used(float(cpu), int(resident))


class Memory(NamedTuple):
    """Peaks in bytes. Resident counts the pages of a mapped file too; anonymous is what the program itself holds."""

    resident: int
    anonymous: int


@dataclass
class Subject:
    """A program under measurement, and the seconds of each of its runs."""

    name: str
    version: str
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Seconds from start to end of the process, and what it wrote to stdout."""
    began = time.perf_counter()
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr[-500:]}")
    return seconds, done.stdout


def on_cores(cores: Sequence[int]) -> list[str]:
    """The beginning of a command that runs on these processors only."""
    return ["taskset", "-c", ",".join(map(str, cores))]


def memory_of(command: Sequence[str]) -> Memory:
    """Peak memory of the process and its children together; sampled, so not for timing."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = Memory(0, 0)
    while process.poll() is None:
        parts = [memory_now(pid) for pid in family_of(process.pid)]
        peak = Memory(max(peak.resident, sum(p.resident for p in parts)), max(peak.anonymous, sum(p.anonymous for p in parts)))
        time.sleep(SAMPLE_EVERY_S)
    if process.returncode and process.stderr:
        raise Failed(f"{' '.join(command)}: exit code {process.returncode}: {process.stderr.read()[-500:].decode()}")
    return peak


def family_of(pid: int) -> Iterable[int]:
    """The process and its descendants; those that have ended meanwhile are left out."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # it has just ended
            continue
        for child in children:
            yield from family_of(int(child))


def memory_now(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return Memory(0, 0)
    held = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
    return Memory(held.get("Rss:", 0), held.get("Anonymous:", 0))


class Reader:
    """A process that holds the engine, warm, and reads a capture on each request; a file's digest isn't taken.

    cores   the processors it runs on, a worker for each; None: two workers on any
    """

    CODE = """
import sys, time
import pyarrow.parquet as pq
from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
topology, catalogue, workers = load_topology(None), load_catalogue(), int(sys.argv[1])
for line in sys.stdin:
    capture, _, keep = line.rstrip("\\n").partition("\\t")
    began = time.perf_counter()
    reading = read([capture], topology=topology, catalogue=catalogue, digests=False, workers=workers)
    seconds = time.perf_counter() - began
    if keep:
        pq.write_table(reading.flows, keep)
    print(seconds, flush=True)
"""

    def __init__(self, cores: Sequence[int] | None = None) -> None:
        self.process = subprocess.Popen(
            [*(on_cores(cores) if cores else ()), sys.executable, "-c", self.CODE, str(len(cores) if cores else 2)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, capture: Path, keep: Path | None = None) -> float:
        """Seconds from file to flow table; the table is written to `keep` after the clock has stopped."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{capture}\t{keep or ''}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the reading process ended with {self.process.wait()}")
        return float(line)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()
