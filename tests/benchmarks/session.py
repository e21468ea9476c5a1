"""One session of benchmarks: the subjects' turns, the record, and the errors."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks import peers
from tests.benchmarks.build_capture import Built
from tests.benchmarks.measure import Memory, Subject, Used

ENDS = ["client_ip", "client_port", "server_ip", "server_port"]
FIELDS = ["benchmark", "subject", "version", "runs", "median_s", "min_s", "max_s", "cpu_s", "ratio", "resident_mb", "anonymous_mb", "note"]
WHICHPROXY = str(Path(sys.executable).parent / "whichproxy")

Turn = tuple[Subject, Callable[[], float], int]


class Bench:
    """One session: its captures, its records and its errors."""

    def __init__(self, repeat: int) -> None:
        self.repeat = repeat
        self.version = peers.whichproxy_version()
        about = f"Python {sys.version.split()[0]}, numpy {version('numpy')}, pyarrow {version('pyarrow')}"
        self.records: list[dict[str, object]] = [{"benchmark": "session", "note": f"{about}; load {os.getloadavg()[0]:.2f} at the start"}]
        self.wrong: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="whichproxy-bench-"))

    def ours(self) -> Subject:
        return Subject("whichproxy", self.version)

    def take_turns(self, benchmark: str, turns: list[Turn], goals: dict[str, float]) -> None:
        """Run the subjects alternately, the order turned round each time; whichproxy comes first in `turns`.

        goals   peer → how many times whichproxy's seconds the peer has to take at least
        """
        for n in range(self.repeat):
            for subject, once, runs in turns if n % 2 == 0 else reversed(turns):
                if n < runs:
                    subject.seconds.append(once())
        own = turns[0][0]
        for subject, _, _ in turns:
            ratio = subject.median / own.median
            goal = goals.get(subject.name)
            note = "" if goal is None else f"goal {goal:.2f} {'met' if ratio >= goal else 'NOT MET'}"
            self.record(benchmark, subject, ratio=round(ratio, 2), note=note)
            print(f"{benchmark:8} {subject.name:12} {subject.median:8.3f} s  {ratio:6.2f}  {note}", flush=True)

    def record(self, benchmark: str, subject: Subject, memory: Memory | None = None, **more: object) -> None:
        row: dict[str, object] = {"benchmark": benchmark, "subject": subject.name, "version": subject.version, **more}
        if subject.seconds:
            row |= {"runs": len(subject.seconds), "median_s": round(subject.median, 4)}
            row |= {"min_s": round(min(subject.seconds), 4), "max_s": round(max(subject.seconds), 4)}
        if memory:
            row |= {"resident_mb": round(memory.resident / 1e6, 1), "anonymous_mb": round(memory.anonymous / 1e6, 1)}
        self.records.append(row)

    def used(self, benchmark: str, subject: Subject, used: Used, note: str) -> None:
        """Record what one run took, in processor time: for what is too long, or too small, to be run in turns."""
        self.record(benchmark, subject, cpu_s=round(used.cpu, 3), resident_mb=round(used.resident / 1e6, 1), note=note)
        print(f"{benchmark:8} {subject.name:12} {used.cpu:8.2f} s CPU {used.resident / 1e6:7.0f} MB  {note}", flush=True)

    def check(self, what: str, answer: Path, built: Built) -> None:
        for difference in differences(pq.read_table(answer), pq.read_table(built.truth)):
            self.wrong.append(f"{what}: {difference}")

    def flows(self, capture: Path, name: str) -> tuple[list[str], Path]:
        out = self.folder / f"{name}.parquet"
        return [WHICHPROXY, "flows", "--quiet", str(capture), "-o", str(out)], out


def differences(answer: pa.Table, truth: pa.Table) -> list[str]:
    """How the flow table differs from the truth, a line per column; empty when it doesn't."""
    if answer.num_rows != truth.num_rows:
        return [f"{answer.num_rows} flows instead of {truth.num_rows}"]
    order = [(name, "ascending") for name in ENDS]
    answer, truth = (table.take(pc.sort_indices(table, order)) for table in (answer, truth))
    found = []
    for name in truth.column_names:
        said = pc.list_value_length(answer[name]) if name == "requests" else answer[name]
        said, known = said.cast(truth[name].type).combine_chunks(), truth[name].combine_chunks()
        both_missing = pc.and_(pc.is_null(said), pc.is_null(known))
        same = pc.or_(both_missing, pc.fill_null(pc.equal(said, known), False))
        bad = np.flatnonzero(~same.to_numpy(zero_copy_only=False))
        if len(bad):
            found.append(f"{name}: {len(bad)} flows, e.g. {said[bad[0]].as_py()!r} instead of {known[bad[0]].as_py()!r}")
    return found
