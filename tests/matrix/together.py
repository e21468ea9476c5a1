"""Several runs of the command line one after the other in one process, for where a process each would take too long."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.matrix.trial import MOST_SECONDS, Ending, amiss
from tests.matrix.ways import Way

Run = tuple[list[list[str]], str | None]
"""The arguments of each step, and the capture that comes on standard input."""


def tried_together(pairs: Sequence[tuple[Path, Way]]) -> list[Ending]:
    """How each ended, in their order. Of a process that broke off the runs behind it didn't begin: exit code -1."""
    with tempfile.TemporaryDirectory(prefix="whichproxy-matrix-") as place:
        runs: list[Run] = []
        for n, (capture, way) in enumerate(pairs):
            folder = Path(place, str(n))
            folder.mkdir()
            runs.append((way.steps(capture, folder), str(capture) if way.streamed else None))
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1", "WHICHPROXY_TRACEBACK": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.matrix.together"],
            cwd=place,
            env=environment,
            input=json.dumps(runs),
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS * 2,
            check=False,
        )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    told += [(-1, f"{done.stderr}\nthe process ended with {done.returncode}")] * (len(runs) - len(told))
    return [Ending(code, b"", said, amiss(way, code, said)) for (code, said), (_, way) in zip(told, pairs, strict=True)]


def run_each(runs: Sequence[Run]) -> None:
    """Run each, and write its exit code and what it said on stderr to what was standard output, a JSON line each."""
    from analyzer.cli.run import run

    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for steps, given in runs:
        with tempfile.TemporaryFile() as said, Path(os.devnull).open("r+b") as nothing, Path(given or os.devnull).open("rb") as stdin:
            for file, number in ((stdin, 0), (nothing, 1), (said, 2)):
                os.dup2(file.fileno(), number)
            sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
            sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8") for number in (1, 2))  # type: ignore[type-var]
            code = next((code for code in map(run, steps) if code), 0)
            sys.stdout.flush()
            sys.stderr.flush()
            said.seek(0)
            results.write(json.dumps((code, said.read().decode(errors="replace"))) + "\n")
            results.flush()


if __name__ == "__main__":
    run_each(json.loads(sys.stdin.read()))
