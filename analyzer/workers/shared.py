"""Captures divided among processes or a cluster, and their parts merged into one Reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.inputs import Inputs
from analyzer.capture.progress import Progress
from analyzer.engine import Engine
from analyzer.parts.partial import Partial
from analyzer.pipeline import Reading, reading_of
from analyzer.window import Window, check_span
from analyzer.workers.executor import executor_of
from analyzer.workers.plan import can_be_shared_out, runs_of
from analyzer.workers.run import read_runs

if TYPE_CHECKING:
    from analyzer.routes.topology import Topology
    from analyzer.services.catalogue import Catalogue


def read_shared_out(
    found: Inputs,
    topology: Topology,
    catalogue: Catalogue,
    window: Window,
    workers: int,
    cluster: object,
    progress: Progress | None,
    *,
    digests: bool,
    run_bytes: int | None = None,
) -> Reading | None:
    """The reading of the captures by processes or a cluster; None where they can't be divided, or are too small."""
    if not can_be_shared_out(found.sources):
        return None
    names = [source.name for source in found.sources]
    with executor_of(workers, cluster) as executor:
        runs = runs_of(found.sources, executor.workers, *window, digests=digests, run_bytes=run_bytes)
        if len(runs) < 2:
            return None
        whole = read_runs(runs, executor, names, progress)
    return reading_of_part(whole, found, topology, catalogue, window)


def reading_of_part(whole: Partial, found: Inputs, topology: Topology, catalogue: Catalogue, window: Window) -> Reading:
    """The reading of one part with all packets of the captures. Errors: NothingReadable; Unusable, the window has no packet."""
    engine = Engine.of(whole)
    if not whole.n_frames():
        check_span(engine.sources, *window)
    return reading_of(engine, found, topology, catalogue, window)
