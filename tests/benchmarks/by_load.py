"""Traffic of one kind each: the processor time per item, and the memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from tests.benchmarks import crowds, initials, loads
from tests.benchmarks.build_capture import build
from tests.benchmarks.measure import Used, used_by
from tests.benchmarks.session import Bench

LOADS = {
    "dns": (loads.dns, 50_000, "lookups"),
    "short": (loads.short_flows, 100_000, "short flows"),
    "quic": (lambda path, n: len(initials.write(path, n)), 10_000, "QUIC connections"),
    "files": (loads.many_files, 10_000, "files"),
}
"""name → (the writer, which returns the number of flows; the number of items; their name)"""


def bench_loads(bench: Bench) -> None:
    """DNS, short flows, QUIC, many files and open flows; many sources and floods, whose goals are crowds.py's."""
    command, _ = bench.flows(build("small").capture, "start")
    start = min(used_by(command).cpu for _ in range(3))
    for name, (write, items, what) in LOADS.items():
        capture = bench.folder / f"load-{name}"
        expected = write(capture, items)
        measured(bench, name, capture, expected, items, what, start)
        (shutil.rmtree if capture.is_dir() else Path.unlink)(capture)
    measured(bench, "open", build("open").capture, 50_000, 50_000, "flows that stay open", start)
    for name, (talking, syns) in crowds.SIZES.items():
        capture, out = bench.folder / f"{name}.pcap", bench.folder / f"{name}.json"
        expected_sources = crowds.write(capture, talking, syns)
        used = crowds.measured(capture, out)
        bench.wrong += [f"{name}: {line}" for line in crowds.check(json.loads(out.read_bytes()), expected_sources, syns)]
        seconds, megabytes = crowds.GOALS[name]
        bench.used(name, bench.ours(), used, f"{talking:,} sources, {syns:,} forged SYNs; {held(used, seconds, megabytes)}")
        capture.unlink()
        out.unlink()


def measured(bench: Bench, name: str, capture: Path, expected: int, items: int, what: str, start: float) -> None:
    """Record the least of three runs, and check that every flow is there. start: the seconds of a small capture, which are subtracted."""
    command, out = bench.flows(capture, f"load-{name}")
    used = min(used_by(command) for _ in range(3))
    rows = pq.read_metadata(out).num_rows
    if rows != expected:
        bench.wrong.append(f"{name}: {rows} flows instead of {expected}")
    each = 1e6 * (used.cpu - start) / items
    bench.used(name, bench.ours(), used, f"{items:,} {what}, {each:.1f} µs each, start-up left out")


def held(used: Used, seconds: float, megabytes: float) -> str:
    """Which goals are met."""
    found = ((used.cpu, seconds, "s"), (used.resident / 1e6, megabytes, "MB"))
    return ", ".join(f"goal {goal:,} {unit} {'met' if n <= goal else 'NOT MET'}" for n, goal, unit in found)
