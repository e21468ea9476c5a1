"""The division of the files among workers: runs of neighbouring files, cut in time so that every packet is in one run and no run
begins before the one before it ends.

Where files follow each other, the cut is between two of them. Where files of several gateways overlap in time, the cut is a moment, and
a file that continues past it is read by both runs, each of which takes its own packets. A file's end is assumed to be the start of the
next one of its rotation; `overlapping` checks that after the files were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analyzer.capture.facts import InputFacts
from analyzer.capture.interleave import MOMENT_NS, in_order_of_starts, series_of
from analyzer.capture.source import Source

RUN_BYTES: Final = 32 << 20
"""A smaller run isn't worth a task."""

RUNS_EACH: Final = 2
"""Runs for each worker, so that none waits long for another. Each additional run is another part to merge (docs/cluster.md)."""


@dataclass(frozen=True)
class FileRun:
    """The input of one task.

    files       (name, path, its first packet's time) in the order in which they were given
    after_ns    only packets from this time on, by their file's monotonic clock; before_ns: only those before
    again       names of files that another run reads too and reports the facts of
    """

    files: tuple[tuple[str, str, int | None], ...]
    after_ns: int | None = None
    before_ns: int | None = None
    again: frozenset[str] = frozenset()
    start_ns: int | None = None
    end_ns: int | None = None
    digests: bool = True
    size: int = 0
    vxlan_ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cut:
    """A cut: the first file behind it, in time order; its moment; whether it is between two files."""

    place: int
    at_ns: int
    clean: bool


def can_be_shared_out(sources: Sequence[Source]) -> bool:
    """Whether other processes can read the sources too: plain files, each under one name."""
    plain = all(source.is_plain for source in sources)
    return plain and len({source.name for source in sources}) == len(sources) > 1


def runs_of(
    sources: Sequence[Source],
    workers: int,
    start_ns: int | None = None,
    end_ns: int | None = None,
    *,
    digests: bool = True,
    run_bytes: int | None = None,
) -> list[FileRun]:
    """The runs, in time order; one of all files where they can't be divided."""
    sizes = [source.size or 0 for source in sources]
    known = [source.first_time() for source in sources]
    all_files = tuple((source.name, str(source.path), start) for source, start in zip(sources, known, strict=True))
    whole = FileRun(all_files, start_ns=start_ns, end_ns=end_ns, digests=digests, size=sum(sizes), vxlan_ports=sources[0].vxlan_ports)
    n_runs = min(workers * RUNS_EACH, sum(sizes) // (RUN_BYTES if run_bytes is None else run_bytes), len(sources))
    if n_runs < 2:
        return [whole]
    starts = [start for start in known if start is not None]
    if len(starts) < len(known):
        return [whole]
    order = in_order_of_starts(sources, known)
    ends = ends_of(sources, starts, order)
    cuts = cuts_of(order, sizes, starts, ends, n_runs)
    edges = [Cut(0, 0, True), *cuts, Cut(len(order), 0, True)]
    runs, earlier = [], set[int]()
    for i in range(len(edges) - 1):
        begin, end = edges[i], edges[i + 1]
        over = [] if begin.clean else [k for k in order[: begin.place] if ends[k] >= begin.at_ns]
        files = sorted({*over, *order[begin.place : end.place]})
        again = frozenset(sources[k].name for k in files if k in earlier)
        earlier |= set(files)
        after, before = None if begin.clean else begin.at_ns, None if end.clean else end.at_ns
        named = tuple(all_files[k] for k in files)
        runs.append(FileRun(named, after, before, again, start_ns, end_ns, digests, sum(sizes[k] for k in files), sources[0].vxlan_ports))
    return runs


def ends_of(sources: Sequence[Source], starts: Sequence[int], order: Sequence[int]) -> list[int]:
    """The assumed end of each file: the start of the next one of its rotation; the last one's is unbounded."""
    ends = [1 << 62] * len(sources)
    newest: dict[tuple[str, str], int] = {}
    for k in order:
        rotation = series_of(sources[k])
        if rotation in newest:
            ends[newest[rotation]] = starts[k]
        newest[rotation] = k
    return ends


def cuts_of(order: Sequence[int], sizes: Sequence[int], starts: Sequence[int], ends: Sequence[int], n_runs: int) -> list[Cut]:
    """Cuts that make runs of about equal size, between two files where that is near."""
    total = sum(sizes)
    cuts: list[Cut] = []
    done, goes_to, target = 0, -(1 << 62), 1
    for place, k in enumerate(order):
        if place and done >= total * target // n_runs:
            clean = goes_to <= starts[k]
            late = done >= total * (target + 0.5) / n_runs
            if clean or late or not any_clean(order, starts, ends, place):
                cuts.append(Cut(place, min(starts[later] for later in order[place:]), clean))
                target = done * n_runs // total + 1
        done += sizes[k]
        goes_to = max(goes_to, ends[k])
    return cuts


def any_clean(order: Sequence[int], starts: Sequence[int], ends: Sequence[int], place: int) -> bool:
    """Whether one of the next few places is between two files."""
    goes_to = max(ends[k] for k in order[:place]) if place < 64 else max(ends[k] for k in order[place - 64 : place])
    for later in range(place, min(place + 4, len(order))):
        if goes_to <= starts[order[later]]:
            return True
        goes_to = max(goes_to, ends[order[later]])
    return False


def overlapping(runs: Sequence[FileRun], facts: Sequence[InputFacts]) -> bool:
    """Whether a file continues into a later run's time, so that all runs must be read as one."""
    last = {one.name: one.last_ns for one in facts}
    first = {one.name: one.first_ns for one in facts}
    for i, run in enumerate(runs[:-1]):
        following = runs[i + 1]
        later = {name for name, *_ in following.files}
        begins = following.after_ns
        if begins is None:
            times = [time for name in later - following.again if (time := first[name]) is not None]
            begins = min(times, default=None)
            slack = MOMENT_NS
        else:
            slack = -1
        alone = [last[name] for name, *_ in run.files if name not in later]
        if begins is not None and any(time is not None and time > begins + slack for time in alone):
            return True
    return False
