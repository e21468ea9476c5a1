"""The same capture read by one core, by two, and by all, compared with programs that only copy it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.build_capture import build
from tests.benchmarks.measure import Reader, Subject, on_cores, run
from tests.benchmarks.session import Bench, Turn

GOALS = {1: {"tcpdump": 1.0}, 2: {"tcpdump": 1 / 0.6, "cat": 1 / 3}}
"""cores → the least ratio of the others' seconds to ours: one core takes no longer than tcpdump, two at most 0.6 of it and
three times cat's."""


def bench_cores(bench: Bench) -> None:
    """By so many cores: from file to flow table with names, and the whole process with the Parquet file; all run on these cores only."""
    everybodys = sorted(os.sched_getaffinity(0))
    for n in sorted({1, 2, len(everybodys)}):
        if n <= len(everybodys):
            bench_table(bench, everybodys[:n])
            bench_pcapng(bench, everybodys[:n])
            bench_net(bench, everybodys[:n])


def bench_table(bench: Bench, cores: Sequence[int]) -> None:
    """From file to flow table in a process that is warm."""
    full = build("full")
    reader = Reader(cores)
    kept = bench.folder / "table.parquet"
    reader.read(build("small").capture)
    reader.read(full.capture, kept)
    bench.check(f"table, {len(cores)} cores", kept, full)
    turns: list[Turn] = [(bench.ours(), lambda: reader.read(full.capture), bench.repeat)]
    bench.take_turns(f"table, {cores_of(cores)}", [*turns, *copying(bench, full.capture, cores)], GOALS.get(len(cores), {}))
    reader.close()
    kept.unlink()


def bench_pcapng(bench: Bench, cores: Sequence[int]) -> None:
    """The same of the same packets as a pcapng file, beside the pcap file; nothing where Wireshark isn't there to convert it."""
    if peers.version_of("editcap", "--version") is None:
        return
    full = build("full")
    converted, kept = full.capture.with_suffix(".pcapng"), bench.folder / "pcapng.parquet"
    if not converted.exists():
        run(["editcap", "-F", "pcapng", str(full.capture), str(converted)])
    reader = Reader(cores)
    reader.read(build("small").capture)
    reader.read(converted, kept)
    bench.check(f"pcapng, {len(cores)} cores", kept, full)
    pcap: Turn = Subject("pcap", bench.version), lambda: reader.read(full.capture), bench.repeat
    bench.take_turns(f"pcapng, {cores_of(cores)}", [(bench.ours(), lambda: reader.read(converted), bench.repeat), pcap], {})
    reader.close()
    kept.unlink()


def bench_net(bench: Bench, cores: Sequence[int]) -> None:
    """The whole process, Parquet included, start-up left out; compared with the file's digest, which only reports take."""
    full, one = build("full").capture, build("sample").capture

    def ours(capture: Path) -> float:
        command, _ = bench.flows(capture, "cores")
        return run([*on_cores(cores), *command, "--workers", str(len(cores))])[0]

    def net() -> float:
        return ours(full) - ours(one)

    ours(full)
    digest = ["openssl", "dgst", "-sha256", str(full)]
    turns: list[Turn] = [
        (bench.ours(), net, bench.repeat),
        *copying(bench, full, cores),
        others(bench, "openssl", "version", digest, cores),
    ]
    bench.take_turns(f"process, {cores_of(cores)}, start-up left out", turns, {})


def cores_of(cores: Sequence[int]) -> str:
    return "one core" if len(cores) == 1 else f"{len(cores)} cores"


def copying(bench: Bench, capture: Path, cores: Sequence[int]) -> list[Turn]:
    """Programs that only copy the file, on these cores: all of it to /dev/null, and its TCP packets to /dev/null."""
    tcpdump = ["tcpdump", "-nr", str(capture), "-w", "/dev/null", "tcp"]
    return [others(bench, "cat", "--version", ["cat", str(capture)], cores), others(bench, "tcpdump", "--version", tcpdump, cores)]


def others(bench: Bench, name: str, asked: str, command: Sequence[str], cores: Sequence[int]) -> Turn:
    """A turn of another program; `asked` is its option that prints the version."""
    version = peers.version_of(name, asked) or "missing"
    return Subject(name, version), lambda: to_nowhere([*on_cores(cores), *command]), bench.repeat


def to_nowhere(command: Sequence[str]) -> float:
    """Seconds of the command, its output thrown away by the kernel."""
    return run(["sh", "-c", 'exec "$@" > /dev/null', "sh", *command])[0]
