"""The time of each stage of one pass, on one core: the kernels, the Python between them, naming, routes. It shows where time can be gained.

Measured under Python's profiler, which costs a little itself: the sum is a few per cent above the other benchmarks' figures.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from tests.benchmarks.build_capture import build
from tests.benchmarks.measure import Subject, on_cores, run
from tests.benchmarks.session import Bench

CODE = """
import cProfile, json, pstats, sys
from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
topology, catalogue = load_topology(None), load_catalogue()
warm, capture, repeat = sys.argv[1:]
read([warm], topology=topology, catalogue=catalogue, digests=False, workers=1)
for _ in range(int(repeat)):
    profile = cProfile.Profile()
    reading = profile.runcall(read, [capture], topology=topology, catalogue=catalogue, digests=False, workers=1)
    found = pstats.Stats(profile).stats
    print(json.dumps([reading.flows.num_rows, [[*key, own, all] for key, (_, _, own, all, _) in found.items()]]))
"""

COPYING = "'readinto"  # of a file, not of our own wrappers
KERNELS = {
    "index_pcap": "frames found",
    "decode_frames": "decoded",
    "key_packets": "keys",
    "count_packets": "counted",
    "read_offers": "read",
}
STAGES = {"collect": "the Python between these", "named": "rows and names", "routed": "routes and services"}
"""For kernels their own time; for stages the time of everything in them, for `collect` that outside of the kernels."""


def bench_stages(bench: Bench) -> None:
    """Record each stage's seconds, medians."""
    full, cores = build("full"), sorted(os.sched_getaffinity(0))[:1]
    _, out = run([*on_cores(cores), sys.executable, "-c", CODE, str(build("sample").capture), str(full.capture), str(bench.repeat)])
    known = pq.read_metadata(full.truth).num_rows
    by_stage: defaultdict[str, list[float]] = defaultdict(list)
    for line in out.splitlines():
        flows, profile = json.loads(line)
        if flows != known:
            bench.wrong.append(f"stages: {flows} flows instead of {known}")
        for stage, seconds in seconds_of(profile).items():
            by_stage[stage].append(seconds)
    for stage, runs in by_stage.items():
        bench.record(f"stages: {stage}", Subject("whichproxy", bench.version, runs))
        print(f"stages   {stage:30} {statistics.median(runs):8.3f} s", flush=True)


def seconds_of(profile: list[tuple[str, int, str, float, float]]) -> dict[str, float]:
    """The seconds of each stage, and of all together, by a profile's (file, line, function, own seconds, all its seconds)."""
    found: defaultdict[str, float] = defaultdict(float)
    for file, _, function, own, everything in profile:
        if COPYING in function:
            found["copied"] += own
        for kernel, stage in KERNELS.items():
            if function.endswith(f".entry_{kernel}>"):
                found[stage] += own
        if function in STAGES and Path(file).stem in ("pipeline", "engine"):
            found[STAGES[function]] += everything
        if function == "read" and Path(file).stem == "reading":
            found["all"] += everything
    found[STAGES["collect"]] -= sum(found[stage] for stage in ("copied", *KERNELS.values()))
    found["the rest"] = found["all"] - sum(seconds for stage, seconds in found.items() if stage != "all")
    return {stage: found[stage] for stage in ("copied", *KERNELS.values(), *STAGES.values(), "the rest", "all")}
