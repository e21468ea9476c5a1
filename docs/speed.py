"""docs/speed.md: what the benchmarks measured last, on each machine that they were run on, and which goals that meets."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

RECORD: Final = Path(__file__).resolve().parent.parent / "tests" / "benchmarks" / "record"

TEXT: Final = """
`make bench` measures on a capture that it generates: 3.5 million packets, 1.6 GB, 50,000 tunnels through three proxies and other traffic.
All tools run in one session on one machine, one after the other in turns, each at least five times where a run takes less than minutes;
medians are compared. Times are in seconds. Above 1 the other takes longer than whichproxy; a goal is the least such number. Every answer is
checked against what the capture was made of. A record belongs to its machine and its commit; goals that aren't met stand here as well.
"""

LENGTH: Final = re.compile(r"lengths: (\d+) MB$")
LEFT_OUT: Final = re.compile(r"lengths: ")
"""Both times are in the note: of two runs each, start-up is taken off."""

OURS: Final = "whichproxy"
WORDS: Final = {
    "table, one core": "file to flow table, in a warm process, on one core",
    "table, 2 cores": "file to flow table, in a warm process, on two cores",
    "pcapng, one core": "the same of a pcapng file, on one core",
    "pcapng, 2 cores": "the same of a pcapng file, on two cores",
    "process, one core, start-up left out": "`flows` to Parquet on one core, without start-up",
    "process, 2 cores, start-up left out": "`flows` to Parquet on two cores, without start-up",
    "path, 2 workers": "critical path of two workers, simulated, in processor seconds",
    "path, 4 workers": "critical path of four workers, simulated, in processor seconds",
    "path, 8 workers": "critical path of eight workers, simulated, in processor seconds",
    "frames": "finding the frames (32 MB)",
    "packets": "decoding the packets (32 MB)",
    "flows": "counting packets into flows (32 MB)",
    "names": "names (1 MB; beside plain Python)",
    "table": "rows of the flow table (32 MB)",
    "drip: short lines": "60 kB of short header lines in large packets, beside one byte in each",
    "drip: long line": "60 kB of one header line in large packets, beside one byte in each",
    "drip: many records": "a hello in many records in large packets, beside one byte in each",
    "translated: 2 sides": "which way 116,000 flows went that are 58,000 on both sides of a translation, beside as many apart",
    "translated: 5 sides": "which way 290,000 flows went that are 58,000 on five sides of four translations, beside as many apart",
    "initials": "10,000 QUIC Initials, without start-up",
    "process": "`flows` to Parquet, the whole process",
    "small": "`report` on 1 MB, beside importing pandas and pyarrow",
}

Row = dict[str, str]


def speed_page(written: str) -> str:
    """The page. written: the line that says who wrote it."""
    lines = ["# Speed", "", written, TEXT.rstrip()]
    for folder in sorted(path for path in RECORD.iterdir() if path.is_dir()):
        newest = max(folder.glob("*.csv"))
        with newest.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        lines += ["", f"## {folder.name}, {newest.stem}", "", f"{rows[0]['note']}. All of it: [{newest.name}]({link_to(newest)})."]
        parts = {
            "Beside others": compared(rows),
            "Where the time of one pass goes": by_stage(rows),
            "By length": by_length(rows),
            "By kind of traffic": by_load(rows),
        }
        for title, part in parts.items():
            if len(part) > 2:
                lines += ["", f"### {title}", "", *part]
        memory = [f"- {row['note']}{held(row)}" for row in rows if row["benchmark"] == "memory"]
        lines += ["", "### Memory", "", *memory] if memory else []
    return "\n".join(lines) + "\n"


def link_to(path: Path) -> str:
    return f"../{path.relative_to(RECORD.parent.parent.parent).as_posix()}"


def held(row: Row) -> str:
    """How much memory, where that is in the row."""
    return f": {row['anonymous_mb']} MB" if row["anonymous_mb"] else ""


def compared(rows: Sequence[Row]) -> list[str]:
    """A table with a line for each other tool: what both did, how long each took, and what was asked for."""
    lines = ["| what | whichproxy | beside | its time | times as long as ours | goal |", "| --- | --- | --- | --- | --- | --- |"]
    ours = ""
    for row in rows:
        if not row["ratio"] or LENGTH.match(row["benchmark"]):
            continue
        if row["subject"] == OURS:
            ours = row["median_s"]
        elif LEFT_OUT.match(row["benchmark"]):
            lines.append(f"| {what(row)} | | {who(row)} | | {row['ratio']} | {row['note']} |")
        else:
            lines.append(f"| {what(row)} | {ours} | {who(row)} | {row['median_s']} | {row['ratio']} | {row['note']} |")
    return lines


def what(row: Row) -> str:
    """What was done, in words."""
    return WORDS.get(row["benchmark"], row["benchmark"])


def who(row: Row) -> str:
    return f"{row['subject']} {row['version']}".strip()


def by_stage(rows: Sequence[Row]) -> list[str]:
    """A table of what one pass by one core is made of."""
    lines = ["| stage | seconds |", "| --- | --- |"]
    stages = [(stage, row["median_s"]) for row in rows for kind, _, stage in [row["benchmark"].partition(": ")] if kind == "stages"]
    return [*lines, *(f"| {stage} | {seconds} |" for stage, seconds in stages)]


def by_length(rows: Sequence[Row]) -> list[str]:
    """A table of seconds: captures by their length, tools beside each other."""
    lengths: dict[int, dict[str, str]] = {}
    for row in rows:
        if found := LENGTH.match(row["benchmark"]):
            lengths.setdefault(int(found[1]), {})[row["subject"]] = row["median_s"]
    tools = list(dict.fromkeys(tool for of_length in lengths.values() for tool in of_length))
    lines = [f"| MB | {' | '.join(tools)} |", f"| --- |{' --- |' * len(tools)}"]
    for length in sorted(lengths):
        lines.append(f"| {length:,} | {' | '.join(lengths[length].get(tool, '') for tool in tools)} |")
    return lines


def by_load(rows: Sequence[Row]) -> list[str]:
    """A table of processor time and memory, for traffic of one kind each."""
    lines = ["| what | processor seconds | MB | |", "| --- | --- | --- | --- |"]
    return [*lines, *loads_of(rows)]


def loads_of(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.get("cpu_s"):
            yield f"| {row['benchmark']} | {row['cpu_s']} | {row['resident_mb']} | {row['note']} |"
