"""`make bench`: whichproxy against tcpdump, ndpiReader and NFStream, all in one session on one machine.

Captures and kernels are warmed first; the subjects of a benchmark take turns; medians are compared. Every result is checked against
the builder's truth. The figures go to record/<machine>/<date>.csv. Exit code 1 for a wrong result; a missed goal is reported, not
hidden.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks import initials, peers
from tests.benchmarks.build_capture import Built, build
from tests.benchmarks.by_cores import bench_cores
from tests.benchmarks.by_length import bench_lengths
from tests.benchmarks.by_load import bench_loads
from tests.benchmarks.by_stage import bench_stages
from tests.benchmarks.by_workers import bench_workers
from tests.benchmarks.drip import DRIPS, SEGMENT, prepared, seconds_of
from tests.benchmarks.kernels import Contest, contests
from tests.benchmarks.lengths import beginning_of
from tests.benchmarks.loads import short_flows
from tests.benchmarks.measure import Subject, memory_of, run
from tests.benchmarks.session import FIELDS, WHICHPROXY, Bench, Turn
from tests.benchmarks.translated import bench_translated


def bench_process(bench: Bench) -> None:
    """The whole process, file to Parquet, against the two tools that come nearest to naming flows."""
    full = build("full")
    command, out = bench.flows(full.capture, "process")
    run(command)
    bench.check("process", out, full)
    turns: list[Turn] = [(bench.ours(), lambda: run(command)[0], bench.repeat)]
    ndpi = peers.version_of("ndpiReader", "-h")
    if ndpi:
        turns.append((Subject("ndpiReader", ndpi), lambda: run(["ndpiReader", "-q", "-i", str(full.capture)])[0], bench.repeat))
    nfstream = peers.nfstream()
    if nfstream:
        turns.append((Subject("NFStream", nfstream[1]), lambda: run_nfstream(bench, nfstream[0], full), min(bench.repeat, 3)))
    for name, found in (("ndpiReader", ndpi), ("NFStream", nfstream)):
        if not found:
            print(f"process  {name} isn't here and couldn't be installed; not compared", flush=True)
    bench.take_turns("process", turns, {"ndpiReader": 6.0, "NFStream": 12.0})


def run_nfstream(bench: Bench, command: list[str], built: Built) -> float:
    seconds, said = run([*command, str(built.capture)])
    truth = pq.read_table(built.truth, columns=["packets_out", "packets_in"])
    packets = pc.sum(truth["packets_out"]).as_py() + pc.sum(truth["packets_in"]).as_py()
    if int(said.split()[1]) != packets:
        bench.wrong.append(f"NFStream saw {said.split()[1]} packets of {packets}")
    return seconds


def bench_small(bench: Bench) -> None:
    """A report on 1 MB, against importing the two libraries that a notebook starts with."""
    small = build("small")
    command, out = bench.flows(small.capture, "small")
    run(command)
    bench.check("small", out, small)
    imports = [sys.executable, "-c", "import pandas, pyarrow"]
    report = [WHICHPROXY, "report", "--quiet", str(small.capture)]
    turns: list[Turn] = [
        (bench.ours(), lambda: run(report)[0], bench.repeat),
        (Subject("imports", sys.version.split()[0]), lambda: run(imports)[0], bench.repeat),
    ]
    bench.take_turns("small", turns, {"imports": 1 / 1.7})


def bench_kernels(bench: Bench) -> None:
    """Each stage alone."""

    def once(contest: Contest, ours: bool) -> float:
        seconds, answer = contest.ours() if ours else contest.theirs()
        if answer != answers.setdefault(contest.stage, answer):
            bench.wrong.append(f"{contest.stage}: {contest.peer} gives another answer")
        return seconds

    answers: dict[str, object] = {}
    for contest in contests(build("full").capture):
        once(contest, True)
        peer = Subject(contest.peer, "" if contest.peer == "twin" else version(contest.peer))
        turns: list[Turn] = [(bench.ours(), partial(once, contest, True), bench.repeat)]
        turns.append((peer, partial(once, contest, False), min(bench.repeat, 3)))
        bench.take_turns(contest.stage, turns, {})


def bench_drip(bench: Bench) -> None:
    """A head sent a byte at a time against the same in packets of the usual size: hostile input must not cost its length's square."""
    for name, made in DRIPS.items():
        whole, dripping = prepared(made(), SEGMENT), prepared(made(), 1)
        answers = [run()[1] for run in (whole, dripping)]  # warms them too
        if answers[0] != answers[1]:
            bench.wrong.append(f"drip, {name}: another answer")
        turns: list[Turn] = [(bench.ours(), partial(seconds_of, whole), bench.repeat)]
        turns.append((Subject("a byte at a time", bench.version), partial(seconds_of, dripping), bench.repeat))
        bench.take_turns(f"drip: {name}", turns, {})


def bench_initials(bench: Bench) -> None:
    """10,000 QUIC connections, each with keys of its own, against ndpiReader; of each the time for a single one is taken off."""
    ndpi = peers.version_of("ndpiReader", "-h")
    if not ndpi:
        print("initials ndpiReader isn't here and couldn't be installed; not compared", flush=True)
        return
    many, one = bench.folder / "initials.pcap", bench.folder / "initial.pcap"
    hosts = initials.write(many, 10_000)
    initials.write(one, 1)
    (ours, out), (start, _) = bench.flows(many, "initials"), bench.flows(one, "initial")
    theirs, their_start = (["ndpiReader", "-q", "-i", str(capture)] for capture in (many, one))
    for command in (start, ours):
        run(command)
    bench.wrong += [f"initials: {line}" for line in initials.check(pq.read_table(out)["host"].to_pylist(), hosts)]
    turns: list[Turn] = [
        (bench.ours(), lambda: run(ours)[0] - run(start)[0], bench.repeat),
        (Subject("ndpiReader", ndpi), lambda: run(theirs)[0] - run(their_start)[0], bench.repeat),
    ]
    bench.take_turns("initials", turns, {"ndpiReader": 1.0})


FINISHED_FLOW_BYTES = 400
CLOSED = 400_000, 1_200_000
"""Flows of two captures that are long enough for most to be packed away once they are finished."""


def bench_memory(bench: Bench) -> None:
    """Memory that isn't the mapped file: by length at the same number of flows, by flows, by open flows."""
    held: dict[str, tuple[int, int]] = {}
    captures = {name: build(name).capture for name in ("short", "long", "open", "full")}
    captures["half"] = beginning_of(build("full"), captures["full"].stat().st_size // 2)
    many = {f"{flows:,} closed": bench.folder / f"closed-{flows}.pcap" for flows in CLOSED}
    for flows, capture in zip(CLOSED, many.values(), strict=True):
        short_flows(capture, flows, flows // 300)
    for name, capture in (captures | many).items():
        command, out = bench.flows(capture, f"memory-{name}")
        memory = memory_of(command)
        held[name] = (memory.anonymous, pq.read_metadata(out).num_rows)
        note = f"{name}: {capture.stat().st_size / 1e6:.0f} MB of capture, {held[name][1]} flows"
        bench.record("memory", bench.ours(), memory, note=note)
        print(f"memory   {memory.anonymous / 1e6:8.1f} MB  {note}", flush=True)
    for capture in many.values():
        capture.unlink()
    for said, less, more in (
        ("closed, of many", *many),
        ("closed, of so few that none is put away", "half", "full"),
        ("open", "short", "open"),
    ):
        each = (held[more][0] - held[less][0]) / (held[more][1] - held[less][1])
        goal = f"; goal {FINISHED_FLOW_BYTES} {'met' if each <= FINISHED_FLOW_BYTES else 'NOT MET'}" if said != "open" else ""
        bench.record("memory", bench.ours(), note=f"{each:.0f} bytes per flow ({said}){goal}")
        print(f"memory   {each:.0f} bytes per flow ({said}){goal}", flush=True)
    growth = held["long"][0] - held["short"][0]
    print(f"memory   {growth / 1e6:+.1f} MB for a hundred times the bytes in as many flows", flush=True)
    bench.record("memory", bench.ours(), note=f"{growth / 1e6:+.1f} MB for a hundred times the bytes in as many flows")


BENCHMARKS = {
    "cores": bench_cores,
    "workers": bench_workers,
    "stages": bench_stages,
    "kernels": bench_kernels,
    "drip": bench_drip,
    "initials": bench_initials,
    "translated": bench_translated,
    "process": bench_process,
    "small": bench_small,
    "memory": bench_memory,
    "loads": bench_loads,
    "lengths": bench_lengths,
}


def write_record(bench: Bench, added: bool) -> Path:
    """Today's record, written again. added: its rows stay, except for those of benchmarks that were run again."""
    folder = Path(__file__).parent / "record" / peers.machine()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.date.today().isoformat()}.csv"
    rows = bench.records
    if added and path.exists():
        again = {row["benchmark"] for row in rows} - {"session"}
        with path.open(encoding="utf-8", newline="") as file:
            rows = [*(row for row in csv.DictReader(file) if row["benchmark"] not in again), *rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", nargs="+", choices=BENCHMARKS, help="some of them, without a record")
    asked.add_argument(
        "--without", nargs="+", choices=BENCHMARKS, default=(), help="all but these, which take long (lengths: half an hour)"
    )
    asked.add_argument("--add", action="store_true", help="to today's record, as another session: what it lacks, or has from before")
    asked.add_argument("--repeat", type=int, default=5, help="runs of each subject (NFStream: three at most)")
    arguments = asked.parse_args()
    bench = Bench(arguments.repeat)
    for name in arguments.only or [name for name in BENCHMARKS if name not in arguments.without]:
        BENCHMARKS[name](bench)
    if (arguments.add or not arguments.only) and not bench.wrong:
        print(
            "recorded in", write_record(bench, arguments.add).relative_to(Path.cwd()), "- `python -m docs.build` puts it into docs/speed.md"
        )
    for line in bench.wrong:
        print("WRONG ANSWER", line, file=sys.stderr)
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
