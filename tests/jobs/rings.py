"""Ring files without a tool: a capture cut into as many files as wanted, and a job that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from analyzer.jobs.analyst import Analyst
from analyzer.jobs.evidence import read_all
from analyzer.jobs.file import Job, load_job
from analyzer.jobs.finish import finish
from analyzer.jobs.pending import KILLED, WHOLE, Closed, Pending, begin
from analyzer.jobs.ring import ring_files
from analyzer.jobs.store import Store
from analyzer.routes.topology import load_topology
from tests.build import pcap
from tests.conftest import ROOT
from tests.engine import reading
from tests.pieces import Whole

TOPOLOGY = ROOT / "captures" / "topology.toml"


def a_job(folder: Path, *more: str) -> Job:
    """A job whose results lie in the folder. more: lines of its file, tables last."""
    path = folder / "job.toml"
    path.write_text("\n".join(['interface = "eth0"', 'name = "gw1"', 'results = "results"', *more]), encoding="utf-8")
    job = load_job(path)
    job.packets.mkdir(parents=True, exist_ok=True)
    return job


def ring_name(run: int, number: int) -> str:
    """As dumpcap writes it."""
    return f"{run:06d}-20261125T101500Z_{number:05d}_2026112510{number // 60:02d}{number % 60:02d}.pcapng"


def frames_of(whole: Whole, first: int, last: int) -> list[tuple[int, bytes]]:
    return [
        (int(frame["ts_ns"]), block.data[int(frame["start"]) : int(frame["start"]) + int(frame["captured_bytes"])].tobytes())
        for block in whole.frames(first, last)
        for frame in block.frames
    ]


def write_rings(job: Job, whole: Whole, n: int, run: int = 1) -> list[Path]:
    """The capture as n ring files of a run."""
    edges = [whole.n_frames * i // n for i in range(n + 1)]
    paths = [job.packets / ring_name(run, i + 1) for i in range(n)]
    for path, first, last in zip(paths, edges, edges[1:], strict=False):
        path.write_bytes(pcap(frames_of(whole, first, last), nanosecond=True))
    return paths


def analyse_all(job: Job) -> tuple[Analyst, Pending]:
    """Every ring file that wasn't analysed, as a run does it after a start."""
    store = Store(job.results)
    if not store.record.get("pending"):
        begin(store)
    analyst = Analyst(job, store)
    for file in ring_files(job.packets):
        if file.name not in store.record.get("done", {}):
            analyst.analyse(file, store.record["pending"][-1])
    return analyst, store.record["pending"][-1]


def of_one_pass(paths: Sequence[Path], topology: Path | None = None) -> pa.Table:
    """The flow table of the files read together, with the files' names as a job has them."""
    flows = reading(*[str(path) for path in paths], topology=load_topology(topology)).flows
    names = [path.name for path in paths]
    where = {str(path): name for path, name in zip(paths, names, strict=True)}
    for column in ("capture", "captures"):
        index = flows.schema.get_field_index(column)
        values = flows[column].to_pylist()
        renamed = [[where[one] for one in value] if isinstance(value, list) else where[value] for value in values]
        flows = flows.set_column(index, flows.schema.field(index), pa.array(renamed, flows.schema.field(index).type))
    return flows


def rows(job: Job) -> pa.Table:
    """All rows on disk."""
    return read_all(job.results)


def frames_as_ring(job: Job, frames: Sequence[tuple[int, bytes]], run: int) -> None:
    """One ring file of a run, with these frames."""
    (job.packets / ring_name(run, 1)).write_bytes(pcap(frames, nanosecond=True))


def finish_run(job: Job, *, cut_short: bool = False) -> tuple[bool, list[str]]:
    """(whether there is drift, what was said) at the end of the run that is at work."""
    said: list[str] = []
    analyst, run = analyse_all(job)
    closed = Closed(how=KILLED if cut_short else WHOLE, ended=run["began"] + 600, dropped=0, upto=None)
    drift = finish(job, analyst, run, closed, say=said.append)
    return drift, said


def one_run(job: Job, frames: Sequence[tuple[int, bytes]]) -> tuple[bool, list[str]]:
    """A whole run of one ring file."""
    frames_as_ring(job, frames, begin(Store(job.results)))
    return finish_run(job)
