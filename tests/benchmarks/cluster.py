"""A Dask cluster of two workers over thousands of rotated files, beside the single pass: CPU in all processes, and every cell compared.

python -m tests.benchmarks.cluster --folder FOLDER [--tunnels 66000] [--files 12000] [--gateways 1] [--repeat 2] [--kill]

The files are the benchmark's generated capture and the laboratory's captures, cut. Scheduler, workers and client are processes of
their own; what they used is asked of the system, so that it holds on a busy machine. Imports are counted apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.build_capture import PRESETS, Preset, flows_of
from tests.benchmarks.write_frames import FILE_HEADER, write
from tests.build import pcap
from tests.conftest import ROOT
from tests.reference.capture import read_capture

WORKERS = 2
IDLE_S = 10
"""Seconds in which the idle cluster's use is measured."""

LAB_PACKETS = 60
"""Packets in a file that a laboratory capture is cut into."""

TICKS = os.sysconf("SC_CLK_TCK")


def make(folder: Path, tunnels: int, files: int, gateways: int) -> int:
    """Lay the rotated files, of so many gateways side by side in time, and the laboratory's; how many."""
    import numpy as np

    folder.mkdir(parents=True)
    preset = Preset(tunnels, PRESETS["full"].segments, PRESETS["full"].seconds)
    whole = folder / "whole"
    write(whole, *flows_of(preset, np.random.default_rng(17)))
    size = whole.stat().st_size // files
    rotate(whole, folder, size, gateways)
    whole.unlink()
    for path in sorted((ROOT / "captures").glob("**/*.pcapng")):
        frames = [(f.ts_ns or 0, f.data, f.wire_bytes) for f in read_capture(path.read_bytes())]
        into = folder / f"lab-{path.parent.name}-{path.stem}"
        into.mkdir()
        for number, at in enumerate(range(0, len(frames), LAB_PACKETS)):
            (into / f"ring_{number:05}.pcap").write_bytes(pcap(frames[at : at + LAB_PACKETS], nanosecond=True))
    return sum(1 for _ in folder.glob("*/*.pcap"))


def rotate(whole: Path, folder: Path, size: int, gateways: int) -> None:
    """Write the capture's packets to the gateways that its clients belong to, a new file every `size` bytes."""
    held: list[list[bytes]] = [[] for _ in range(gateways)]
    sizes, numbers = [0] * gateways, [0] * gateways

    def close(gateway: int) -> None:
        path = folder / f"gw{gateway}" / f"ring_{numbers[gateway]:05}.pcap"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(FILE_HEADER + b"".join(held[gateway]))
        held[gateway], sizes[gateway] = [], 0
        numbers[gateway] += 1

    with whole.open("rb") as file:
        file.read(len(FILE_HEADER))
        while head := file.read(16):
            packet = head + file.read(int.from_bytes(head[8:12], "little"))
            client = packet[45] if packet[42:45] == b"\xac\x10\x0b" else packet[49]
            gateway = client % gateways
            held[gateway].append(packet)
            sizes[gateway] += len(packet)
            if sizes[gateway] >= size:
                close(gateway)
    for gateway in range(gateways):
        if held[gateway]:
            close(gateway)


def used(pid: int) -> float:
    """CPU seconds of the process, and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def used_by(process: subprocess.Popen[bytes]) -> float:
    return sum(map(used, family(process.pid)))


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
    """The scheduler's address, and its processes, each with its nanny where it is a worker."""
    known = folder.parent / "scheduler.json"
    known.unlink(missing_ok=True)
    dask = [sys.executable, "-m", "dask"]
    scratch = ["--local-directory", str(folder.parent / "scratch")]
    log = (folder.parent / "dask.log").open("ab")
    start = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(known)]
    processes = {"scheduler": subprocess.Popen([*dask, *start], stderr=log, stdout=log)}
    for number in range(WORKERS):
        one = ["worker", "--scheduler-file", str(known), "--nthreads", "1", "--no-dashboard", "--memory-limit", "0", *scratch]
        processes[f"worker {number}"] = subprocess.Popen([*dask, *one], stderr=log, stdout=log)
    try:
        while not known.exists():
            time.sleep(0.1)
        yield json.loads(known.read_text())["address"], processes
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            process.wait()


def answer_of(folder: Path, place: Path, **how: Any) -> float:
    """CPU seconds of this process for table and verdict of the whole folder, which go to `place`."""
    from analyzer.pipeline import judge
    from analyzer.reading import read
    from analyzer.routes.topology import load_topology
    from analyzer.services.catalogue import load_catalogue

    known = {"topology": load_topology(None), "catalogue": load_catalogue()}
    judge(read([str(path) for path in sorted(folder.glob("gw0/*"))[:40]], **known))  # everything is loaded
    before = time.process_time()
    read_all = read([str(folder)], **known, **how)
    verdict = judge(read_all)
    seconds = time.process_time() - before
    verdict.pop("made_by")
    pq.write_table(read_all.flows.replace_schema_metadata(None), place.with_suffix(".parquet"))
    place.with_suffix(".json").write_text(json.dumps([verdict, read_all.captures, read_all.skipped], default=str))
    return seconds


def child(*arguments: str) -> dict[str, Any]:
    """The JSON that this file prints at its end, run with these arguments."""
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks.cluster", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def as_client(folder: Path, place: Path, kill: bool) -> dict[str, Any]:
    """CPU seconds of each process of a cluster that reads the folder, from when everything is loaded everywhere; and for loading."""
    from distributed import Client

    with cluster(folder) as (address, processes), Client(address, set_as_default=False) as client:
        client.wait_for_workers(WORKERS)
        cold = {name: used_by(process) for name, process in processes.items()}
        client.run(loaded)
        loaded()
        before = {name: used_by(process) for name, process in processes.items()}
        time.sleep(IDLE_S)
        warm = {name: used_by(process) for name, process in processes.items()}
        progress = Killer(client, kill)
        began = time.monotonic()
        found = {"client": answer_of(folder, place, cluster=client, progress=progress)}
        wall = time.monotonic() - began
        found |= {name: used_by(process) - warm[name] for name, process in processes.items()}
        # Dask polls ten times a second and more, however long others delay its work.
        found["idle"] = sum(warm[name] - before[name] for name in processes) * wall / IDLE_S
        found["wall"] = wall
        found["loading in workers"] = sum(before[name] - cold[name] for name in processes)
        found["killed"] = progress.killed
        return found


class Killer:
    """Kills a worker, once, when half of the bytes are read."""

    def __init__(self, client: Any, wanted: bool) -> None:
        self.client, self.wanted, self.killed = client, wanted, 0

    def __call__(self, done: int, total: int | None) -> None:
        if self.wanted and not self.killed and total and done * 2 > total:
            self.killed = next(iter(self.client.run(os.getpid).values()))
            os.kill(self.killed, signal.SIGKILL)


def loaded() -> None:
    """Everything that a worker's task needs is loaded in this process, its kernels too."""
    import io

    from analyzer.capture.interleave import in_time_order
    from analyzer.capture.source import Source
    from analyzer.parts.file import part_bytes, part_of
    from analyzer.parts.partial import merge_all
    from tests.parts.rotated import talks
    from tests.pieces import collect_piece

    frames = talks(0, 4)
    parts = []
    for number, some in enumerate((frames[:40], frames[40:])):
        source = Source(f"warm{number}", file=io.BytesIO(pcap(some, nanosecond=True)))
        parts.append(collect_piece(in_time_order([source]), [source]))
    part_of(part_bytes(merge_all([part_of(part_bytes(one), "warm") for one in parts])), "warm")


def differences(one: Path, other: Path) -> list[str]:
    """Columns, and parts of the verdict, in which the two answers differ."""
    tables: Sequence[pa.Table] = [pq.read_table(place.with_suffix(".parquet")) for place in (one, other)]
    found = [name for name in tables[0].column_names if not tables[0][name].equals(tables[1][name])]
    verdicts = [json.loads(place.with_suffix(".json").read_text()) for place in (one, other)]
    found += [f"verdict: {key}" for key in verdicts[0][0] if verdicts[0][0][key] != verdicts[1][0][key]]
    return found + [f"captures: {i}" for i in (1, 2) if verdicts[0][i] != verdicts[1][i]]


def main() -> int:
    """0 when every answer is the single pass's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tunnels", type=int, default=66_000)
    parser.add_argument("--files", type=int, default=12_000)
    parser.add_argument("--gateways", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--as", dest="role", choices=("single", "client"))
    args = parser.parse_args()
    captures, single, both = args.folder / "captures", args.folder / "single", args.folder / "cluster"
    if args.role == "single":
        print(json.dumps({"single": answer_of(captures, single)}))
        return 0
    if args.role == "client":
        print(json.dumps(as_client(captures, both, args.kill)))
        return 0
    if not captures.exists():
        try:
            print(make(captures, args.tunnels, args.files, args.gateways), "files", flush=True)
        except BaseException:
            shutil.rmtree(captures)
            raise
    wrong: list[str] = []
    common = ["--folder", str(args.folder)]
    for _ in range(args.repeat):
        alone = child("--as", "single", *common)["single"]
        found = child("--as", "client", *common, *(["--kill"] if args.kill else []))
        killed, loading, idle, wall = (found.pop(name) for name in ("killed", "loading in workers", "idle", "wall"))
        total = sum(found.values())
        wrong = differences(single, both)
        print(f"single pass {alone:.1f} s; cluster {total:.1f} s in {wall:.0f} s, of which an idle one uses {idle:.1f} s in that time")
        print(f"ratio {total / alone:.2f}; without what an idle cluster uses {(total - idle) / alone:.2f}")
        print({name: round(seconds, 2) for name, seconds in found.items()}, f"loading in workers {loading:.1f} s, killed {killed}")
        print("differs:", wrong or "nothing", flush=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
