"""Captures from 10 MB to the size of the free disk: each tool's time by length, and the length from which on we are faster."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.build_capture import build, cache_folder
from tests.benchmarks.lengths import beginning_of, repeated
from tests.benchmarks.measure import Subject, run
from tests.benchmarks.session import Bench, Turn

MEGABYTE = 1_000_000
BEGINNINGS = tuple(n * MEGABYTE for n in (10, 30, 100, 250, 500, 1_000))
TIMES = (2, 5, 10)
"""The whole capture of 1.6 GB once, and so many times in a row where there is room for twice as much."""

TSHARK_MB = (10, 250)
NDPI_FROM_MB = 1_000
NDPI_AFTER_START_FROM_MB = 100
LONG_RUNS = 3
"""Of captures beyond the whole one."""


def bench_lengths(bench: Bench) -> None:
    """The whole process by the capture's length; tshark where it ends within minutes; ndpiReader with its start-up and without."""
    full = build("full")
    captures = [beginning_of(full, size) for size in BEGINNINGS] + [full.capture]
    size = full.capture.stat().st_size
    for times in TIMES:
        if shutil.disk_usage(cache_folder()).free > 2 * times * size:
            captures.append(repeated(full, times))
        else:
            print(f"lengths  no room for {times} × {size / 1e9:.1f} GB; left out", flush=True)
    small = build("sample").capture
    starts = {"ndpiReader": Subject("ndpiReader", peers.version_of("ndpiReader", "-h") or "missing"), "whichproxy": bench.ours()}
    for _ in range(bench.repeat):
        starts["whichproxy"].seconds.append(run(bench.flows(small, "start")[0])[0])
        if starts["ndpiReader"].version != "missing":
            starts["ndpiReader"].seconds.append(run(["ndpiReader", "-q", "-i", str(small)])[0])
    for capture in captures:
        megabytes = capture.stat().st_size / MEGABYTE
        runs = bench.repeat if capture.stat().st_size <= size else min(bench.repeat, LONG_RUNS)
        command, out = bench.flows(capture, "lengths")
        turns: list[Turn] = [(bench.ours(), lambda command=command: run(command)[0], runs)]  # type: ignore[misc]
        turns += [(Subject(name, version), once, runs) for name, version, once in others(capture, megabytes)]
        goals = {"tshark": 1.0, "ndpiReader": 1.0 if megabytes >= NDPI_FROM_MB else 0.0}
        bench.take_turns(f"lengths: {megabytes:.0f} MB", turns, {name: goal for name, goal in goals.items() if goal})
        out.unlink()
        theirs = {subject.name: subject for subject, _, _ in turns}.get("ndpiReader")
        if megabytes >= NDPI_AFTER_START_FROM_MB and theirs is not None:
            without_start(bench, f"lengths: {megabytes:.0f} MB, start-up left out", turns[0][0], theirs, starts)


def without_start(bench: Bench, benchmark: str, ours: Subject, theirs: Subject, starts: dict[str, Subject]) -> None:
    """Record the ratio of ndpiReader's seconds to ours, without each one's seconds for a capture of 200 conversations."""
    net = [one.median - starts[one.name].median for one in (ours, theirs)]
    ratio = round(net[1] / net[0], 2)
    note = f"{net[1]:.2f} s against {net[0]:.2f} s; goal 1.00 {'met' if ratio >= 1 else 'NOT MET'}"
    bench.record(benchmark, Subject(theirs.name, theirs.version), ratio=ratio, note=note)
    print(f"{benchmark} ndpiReader {ratio:.2f}  {note}", flush=True)


def others(capture: Path, megabytes: float) -> list[tuple[str, str, Callable[[], float]]]:
    """(name, version, a function that runs it once) of the installed tools that end in reasonable time."""
    commands = {
        "cat": (["sh", "-c", 'cat "$1" > /dev/null', "sh", str(capture)], "--version"),
        "tcpdump": (["tcpdump", "-nr", str(capture), "-w", "/dev/null", "tcp"], "--version"),
        "tshark": (["tshark", "-n", "-r", str(capture), "-q", "-z", "conv,tcp"], "--version"),
        "ndpiReader": (["ndpiReader", "-q", "-i", str(capture)], "-h"),
    }
    found = []
    for name, (command, asked) in commands.items():
        version = peers.version_of(name, asked)
        if version is None or (name == "tshark" and not TSHARK_MB[0] * 0.9 <= megabytes <= TSHARK_MB[1] * 1.1):
            continue
        found.append((name, version, lambda command=command: run(command)[0]))  # type: ignore[misc]
    return found  # type: ignore[return-value]
