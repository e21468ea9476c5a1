"""`make matrix`: every capture read every way, and a table of exit codes: `python -m tests.matrix [-o FILE] [CAPTURE ...]`.

One line per capture, one column per way; a `!` marks what ended as it mustn't, and each of those has a line on stderr.
Exit code 1 where there is any.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conftest import ROOT
from tests.matrix.captures import all_captures
from tests.matrix.trial import Ending, tried
from tests.matrix.ways import Way, ways


def shown(captures: list[Path], chosen: list[Way], endings: dict[tuple[Path, str], Ending]) -> str:
    """The table: captures × ways × exit codes, in Markdown."""
    lines = ["| capture | " + " | ".join(way.name for way in chosen) + " |", "| --- |" + " --- |" * len(chosen)]
    for capture in captures:
        found = [endings[capture, way.name] for way in chosen]
        cells = [f"{ending.code}{'!' if ending.wrong else ''}" for ending in found]
        lines.append(f"| {label(capture)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def label(capture: Path) -> str:
    """The capture by where it lies: in the repository, beside it, or built."""
    for place, before in ((ROOT, ""), (ROOT.parent, "../")):
        if capture.is_relative_to(place):
            return before + str(capture.relative_to(place))
    return f"built/{capture.name}"


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.matrix", description="Every verb, form and capture.")
    asked.add_argument("captures", nargs="*", type=Path, help="instead of all")
    asked.add_argument("-o", "--output", type=Path, default=ROOT / "build" / "matrix.md")
    asked.add_argument("--only", default="", metavar="WAY", help="the ways whose name begins so")
    asked.add_argument("--built", action="store_true", help="only the captures that are built here")
    arguments = asked.parse_args()
    began, chosen = time.monotonic(), [way for way in ways() if way.name.startswith(arguments.only)]
    with tempfile.TemporaryDirectory(prefix="whichproxy-matrix-") as folder:
        captures = [path.resolve() for path in arguments.captures] or all_captures(Path(folder))
        captures = [path for path in captures if path.is_relative_to(folder)] if arguments.built else captures
        pairs = [(capture, way) for capture in captures for way in chosen]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            endings = {
                (capture, way.name): ending
                for (capture, way), ending in zip(pairs, pool.map(lambda pair: tried(pair[1], pair[0]), pairs), strict=True)
            }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(shown(captures, chosen, endings), encoding="utf-8")
    bad = [(capture, name, ending) for (capture, name), ending in endings.items() if ending.wrong]
    for capture, name, ending in bad:
        print(f"{label(capture)} × {name}: {ending.wrong}", file=sys.stderr)
    took = f"{len(captures)} captures × {len(chosen)} ways in {(time.monotonic() - began) / 60:.0f} minutes"
    print(f"{took}: {len(bad)} ended badly; the table is in {arguments.output}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
