"""The state of a job, read from its results without disturbing an active run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.jobs.file import Job
from analyzer.jobs.lock import holder_of, is_held
from analyzer.jobs.ring import finished, ring_files, size_of
from analyzer.jobs.runs import summaries
from analyzer.jobs.store import RECORD, STATE
from analyzer.jobs.systemd import installed
from analyzer.text.inert import inert
from analyzer.text.labels import byte_size
from analyzer.text.words import counted


def status_of(job: Job) -> dict[str, Any]:
    """The state of a job, as plain data.

    well        the last run was complete, and no file waits without a run to analyse it
    running     the process that captures now, None if none does
    waiting     ring files that are finished and not analysed;  packets, evidence: files and bytes on disk
    free_bytes  free space on the disk of the results
    last        the last finished run's run.json, None if there is none
    untold      runs whose changes couldn't be sent to a command or webhook yet
    units       the systemd units that are installed
    """
    record = _record(job)
    running = is_held(job.results)
    files = ring_files(job.packets) if job.packets.is_dir() else []
    pending = record.get("pending", [])
    live = pending[-1]["tool"] if running and pending else None
    waiting = [file for file in finished(files, live) if file.name not in record.get("done", {})]
    evidence = [path for path in job.results.rglob("*.parquet") if STATE not in path.parts]
    last = next(reversed(summaries(job.results)), None)
    return {
        "schema": 1,
        "job": job.name,
        "well": (last is None or not last["cut_short"]) and (running or not waiting),
        "running": holder_of(job.results).get("run") if running else None,
        "waiting": len(waiting),
        "packets": {"files": len(files), "bytes": sum(size_of(file.path) for file in files)},
        "evidence": {"files": len(evidence), "bytes": sum(size_of(path) for path in evidence)},
        "free_bytes": shutil.disk_usage(job.results).free if job.results.is_dir() else None,
        "last": last,
        "untold": len(record.get("untold", [])),
        "units": [str(path) for path in installed(job)],
    }


def _record(job: Job) -> dict[str, Any]:
    """The store's record as it is on disk: an active run may write the next one meanwhile."""
    place = job.results / STATE / RECORD
    if not place.exists():
        return {}
    record: dict[str, Any] = json.loads(place.read_bytes())["record"]
    return record


def lines_of(status: Mapping[str, Any], now: float) -> Iterator[str]:
    """The state as text for people. now: seconds since 1970."""
    last = status["last"]
    yield f"job        {inert(status['job'])}, {'well' if status['well'] else 'not well'}"
    yield f"run        {'none at work' if status['running'] is None else 'process ' + str(status['running'])}"
    yield f"waiting    {counted(status['waiting'], 'ring file')} to analyse"
    for what in ("packets", "evidence"):
        yield f"{what:<10} {counted(status[what]['files'], 'file')}, {byte_size(status[what]['bytes'])}"
    if status["free_bytes"] is not None:
        yield f"disk       {byte_size(status['free_bytes'])} free"
    yield f"units      {inert(', '.join(status['units'])) or 'not installed'}"
    if status["untold"]:
        yield f"untold     {counted(status['untold'], 'run')}: a command or webhook fails"
    if last is None:
        yield "last run   none was finished yet"
        return
    minutes = max(0, round((now - last["ended"]) / 60))
    changed = ", ".join(last["drift"]) or "nothing"
    yield f"last run   {last['number']}, {counted(minutes, 'minute')} ago, {inert(last['how'])}; changed: {changed}"
    for answer in last["answers"]:
        yield f"           {inert(answer)}"
