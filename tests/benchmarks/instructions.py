"""How many instructions compiled code takes for each packet, by valgrind's count: the same on a busy machine, so that two commits compare.

    python -m tests.benchmarks.instructions [-o COUNTS.json] [--against COUNTS.json]

Kernels are counted by their entry functions. The input is always the same: the builder's sample, and captures/T5.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmarks import build_capture
from tests.conftest import ROOT

PRESET: Final = "sample"
ALLOWED: Final = 1.02
"""How much more a path may take than before."""

# Path → its kernels, by their entry functions.
PATHS: Final = {
    "finding frames": ("index_", "note_frames", "copy_frames"),
    "decoding": ("decode_frames",),
    "keys": ("key_packets",),
    "counting": ("count_packets",),
    "reading offers": ("read_offers",),
}
REST: Final = "naming"

_ENTRY: Final = re.compile(r"^fn=\((\d+)\)(?: (.*))?$")
_CALLED: Final = re.compile(r"^cfn=\((\d+)\)(?: (.*))?$")
_COST: Final = re.compile(r"^[+*-]?\d* (\d+)$")  # of a line, or of a call that the line before names, inclusive
_WAY_IN: Final = re.compile(r"__pyx_pw_8analyzer_8compiled_\d+_[a-z]+_\d+entry_(\w+)")


def work(captures: list[str]) -> None:
    """Read captures one by one: in small ones nothing is read ahead."""
    from analyzer import read

    for capture in captures:
        print(capture, len(read(capture)))


def counted(captures: list[Path]) -> dict[str, int]:
    """Inclusive instructions of each kernel that Python calls."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no", "--quiet"]
        command += ["--toggle-collect=__pyx_pw_8analyzer_8compiled_*entry_*"]
        program = [sys.executable, "-m", "tests.benchmarks.instructions", "--work", *map(str, captures)]
        subprocess.run([*command, *program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return inclusive(out.read_text(encoding="utf-8", errors="replace"))


def inclusive(profile: str) -> dict[str, int]:
    """Kernel → its inclusive instructions, from a callgrind profile."""
    names: dict[str, str] = {}
    found: dict[str, int] = {}
    current = ""
    for line in profile.splitlines():
        if match := _ENTRY.match(line) or _CALLED.match(line):
            names.setdefault(match[1], match[2] or "")
            if line.startswith("fn="):
                current = names[match[1]]
        elif (cost := _COST.match(line)) and (way_in := _WAY_IN.search(current)):
            found[way_in[1]] = found.get(way_in[1], 0) + int(cost[1])
    return found


def by_path(kernels: dict[str, int]) -> dict[str, int]:
    """Path → instructions."""
    paths = dict.fromkeys((*PATHS, REST), 0)
    for name, count in kernels.items():
        paths[next((path for path, begins in PATHS.items() if name.startswith(begins)), REST)] += count
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("-o", type=Path, metavar="COUNTS.json", help="where the counts go")
    parser.add_argument("--against", type=Path, metavar="COUNTS.json", help="counts of another commit: more than 2 %% above them fails")
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work)
        return
    captures = [build_capture.build(PRESET).capture, ROOT / "captures" / "T5-all-three.pcapng"]
    kernels = counted(captures)
    counts = by_path(kernels) | {f"  {name}": count for name, count in sorted(kernels.items())}
    before = json.loads(asked.against.read_text(encoding="utf-8")) if asked.against else {}
    for name, count in counts.items():
        change = f"{100 * (count / before[name] - 1):+8.2f} %" if before.get(name) else ""
        print(f"{name:44}{count:>16,}{change}")
    if asked.o:
        asked.o.write_text(json.dumps(counts, indent=1), encoding="utf-8")
    slower = [name for name in (*PATHS, REST) if name in before and counts[name] > ALLOWED * before[name]]
    if slower:
        sys.exit(f"more than {ALLOWED:.0%} of before: {', '.join(slower)}")


if __name__ == "__main__":
    main()
