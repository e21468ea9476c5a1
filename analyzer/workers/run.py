"""Captures read by many workers: a task for each run of neighbouring files, whose parts are merged in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analyzer.capture.block import Block
from analyzer.capture.facts import InputFacts, facts_of
from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.engine import FILE_LIMITS, Engine
from analyzer.parts.file import part_bytes, part_of
from analyzer.parts.partial import Partial, known_of, merge_all, with_names
from analyzer.window import within
from analyzer.workers.executor import Executor
from analyzer.workers.plan import FileRun, overlapping

Progress = Callable[[int, int | None], None]


def read_runs(runs: Sequence[FileRun], executor: Executor, names: Sequence[str], progress: Progress | None = None) -> Partial:
    """One part with the packets of all runs, its inputs in the order of `names`."""
    total, read = sum(run.size for run in runs), [0]

    def done(number: int) -> None:
        read[0] += runs[number].size
        if progress is not None:
            progress(read[0], total)

    pieces = executor.map(read_run, runs, done)
    whole = joined(executor.gather(executor.reduce(join_parts, pieces)))
    if len(runs) > 1 and overlapping(runs, whole.inputs):
        files = tuple({file: None for run in runs for file in run.files})
        by_name = {name: number for number, name in enumerate(names)}
        together = sorted(files, key=lambda file: by_name[file[0]])
        one = replace(runs[0], files=tuple(together), after_ns=None, before_ns=None, again=frozenset(), size=total)
        return read_runs([one], executor, names, progress)
    starts, inputs = known_of([whole], names)
    return with_names(whole, names)._replace(names=tuple(names), starts=starts, inputs=inputs)


def read_run(run: FileRun) -> bytes:
    """A worker's task: the run's packets as a part's bytes."""
    sources = [Source(name, Path(path)) for name, path, _ in run.files]
    for source, (name, _, start) in zip(sources, run.files, strict=True):
        source.vxlan_ports = run.vxlan_ports
        source.begins(start)
        source.digest_beside = run.digests and name not in run.again
    damaged: dict[str, int] = {}
    blocks = within(between(in_time_order(sources), len(sources), run.after_ns, run.before_ns), run.start_ns, run.end_ns)
    part = Engine.piece(sources, FILE_LIMITS).read(noting(blocks, sources, damaged)).part((run.start_ns, run.end_ns))
    inputs = tuple(decoded_alone(source, damaged[source.name]) if source.name in run.again else facts_of(source) for source in sources)
    part = part._replace(starts=tuple(one.first_ns for one in inputs), inputs=inputs)
    return part_bytes(part, at_rest=False)


def join_parts(parts: Sequence[bytes]) -> bytes:
    """A worker's task: neighbouring parts as one."""
    return part_bytes(joined(parts), at_rest=False)


def joined(parts: Sequence[bytes]) -> Partial:
    """Neighbouring parts from workers as one."""
    return merge_all([part_of(one, "a worker's part") for one in parts])


def between(blocks: Iterable[Block], n_sources: int, after_ns: int | None, before_ns: int | None) -> Iterator[Block]:
    """The blocks with only the frames in [after_ns, before_ns), by each file's monotonic clock as in interleave.py."""
    if after_ns is None and before_ns is None:
        yield from blocks
        return
    clocks = np.full(n_sources, np.iinfo(np.int64).min)
    for block in blocks:
        frames = block.frames
        times = np.empty(len(frames), np.int64)
        for source in np.unique(frames["source"]).tolist():
            rows = np.flatnonzero(frames["source"] == source)
            times[rows] = np.maximum.accumulate(np.maximum(frames["ts_ns"][rows], clocks[source]))
            clocks[source] = times[rows[-1]]
        kept = np.ones(len(frames), np.bool_)
        if after_ns is not None:
            kept &= times >= after_ns
        if before_ns is not None:
            kept &= times < before_ns
        if kept.all():
            yield block
        elif kept.any():
            yield Block(block.data, frames[kept])


def noting(blocks: Iterable[Block], sources: Sequence[Source], damaged: dict[str, int]) -> Iterator[Block]:
    """The same blocks; after the last, `damaged` holds each source's number of damage entries in its own bytes."""
    yield from blocks
    damaged.update({source.name: len(source.damage) for source in sources})


def decoded_alone(source: Source, n_known: int) -> InputFacts:
    """The facts of a file that another run reads too: only those from this run's packets."""
    facts = facts_of(source)
    return InputFacts(facts.name, damage=facts.damage[n_known:], passed_over=facts.passed_over)
