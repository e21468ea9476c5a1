"""The critical path of a read by many workers, simulated: what a machine with so many cores would have to wait for.

From file to flow table, warm, in processor seconds. The threads of the stages that a read shares out are simulated; a stage that isn't
shared out, such as the routes, counts whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

import pyarrow as pa

from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from tests.benchmarks.build_capture import Built, build
from tests.benchmarks.measure import Subject
from tests.benchmarks.session import Bench, Turn
from tests.benchmarks.simulated import Clock

SHARING = ("analyzer.side_by_side", "analyzer.facts.together", "analyzer.pipeline")
"""The modules that share a read's work among threads."""

ONE = "one worker"
GOALS: Mapping[int, Mapping[str, float]] = {2: {}, 4: {ONE: 1 / 0.35}, 8: {}}
"""workers → how many times their seconds one worker has to take at least."""


def bench_workers(bench: Bench) -> None:
    """One worker against two, four and eight."""
    full = build("full")
    tables = {workers: seconds_of(full, workers)[1] for workers in (1, *GOALS)}  # warms them too
    bench.wrong += [f"path, {workers} workers: another flow table" for workers in GOALS if not tables[workers].equals(tables[1])]
    del tables
    for workers, goals in GOALS.items():
        turns: list[Turn] = [
            (bench.ours(), partial(once, full, workers), bench.repeat),
            (Subject(ONE, bench.version), partial(once, full, 1), bench.repeat),
        ]
        bench.take_turns(f"path, {workers} workers", turns, dict(goals))


def once(built: Built, workers: int) -> float:
    """The critical path, in seconds."""
    return seconds_of(built, workers)[0]


def seconds_of(built: Built, workers: int) -> tuple[float, pa.Table]:
    """The critical path from the file to the flow table, and the table."""
    clock = Clock()
    with simulated(clock):
        began = clock.now()
        reading = read([str(built.capture)], topology=load_topology(None), catalogue=load_catalogue(), digests=False, workers=workers)
        return clock.now() - began, reading.flows


@contextmanager
def simulated(clock: Clock) -> Iterator[None]:
    """While it is entered, reads hand their work to simulated threads."""
    with ExitStack() as patches:
        for module in SHARING:
            patches.enter_context(patch(f"{module}.ThreadPoolExecutor", clock.executor))
        yield
