"""The same capture by one core, by two, and by as many as there are, beside the least that any reader does."""

from __future__ import annotations

import os
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.build_capture import build
from tests.benchmarks.measure import Subject, run
from tests.benchmarks.session import Bench, Turn

GOALS = {1: {"tcpdump": 1.0}, 2: {"tcpdump": 1 / 0.6, "cat": 1 / 3}}
"""cores → how many times ours the others' seconds have to be at least: one core takes no longer than tcpdump, two at most 0.6 of it and
three times cat's."""


def bench_cores(bench: Bench) -> None:
    """The whole process, file to Parquet, against cat and tcpdump; our start-up is left out, and all run on so many cores only."""
    full = build("full").capture
    out = bench.folder / "cores.parquet"
    one = build("sample").capture
    everybodys = sorted(os.sched_getaffinity(0))
    for cores in sorted({1, 2, len(everybodys)}):
        if cores > len(everybodys):
            continue
        taskset = ["taskset", "-c", ",".join(map(str, everybodys[:cores]))]

        def ours(capture: Path, taskset: list[str] = taskset, cores: int = cores) -> float:
            command, _ = bench.flows(capture, "cores")
            return run([*taskset, *command, "--workers", str(cores)])[0]

        def net(taskset: list[str] = taskset) -> float:
            return ours(full) - ours(one)

        ours(full)
        turns: list[Turn] = [(bench.ours(), net, bench.repeat)]
        for name, command in (("cat", ["cat", str(full)]), ("tcpdump", ["tcpdump", "-nr", str(full), "-w", "/dev/null", "tcp"])):
            version = peers.version_of(name, "--version") or "missing"
            turns.append((Subject(name, version), lambda c=[*taskset, *command]: to_nowhere(c), bench.repeat))  # type: ignore[misc]
        bench.take_turns(f"cores: {cores}", turns, GOALS.get(cores, {}))
    out.unlink(missing_ok=True)


def to_nowhere(command: list[str]) -> float:
    """Seconds of the command, its output thrown away by the kernel."""
    return run(["sh", "-c", 'exec "$@" > /dev/null', "sh", *command])[0]
