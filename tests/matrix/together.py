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


def tried_together(pairs: Sequence[tuple[Path, Way]], *, pandas_first: bool = False) -> list[Ending]:
    """How each ended, in their order. If the process breaks off, the runs that didn't begin have the exit code -1.

    pandas_first   Arrow has met pandas before; nothing may depend on it
    """
    with tempfile.TemporaryDirectory(prefix="whichproxy-matrix-") as place:
        runs: list[Run] = []
        for n, (capture, way) in enumerate(pairs):
            folder = Path(place, str(n))
            folder.mkdir()
            runs.append((way.steps(capture, folder), str(capture) if way.streamed else None))
        environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1", "WHICHPROXY_TRACEBACK": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.matrix.together", *(["--pandas-first"] if pandas_first else [])],
            cwd=place,
            env=environment,
            input=json.dumps(runs),
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS * 2,
            check=False,
        )
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    ended += [(-1, "", f"{done.stderr}\nthe process ended with {done.returncode}")] * (len(runs) - len(ended))
    return [
        Ending(code, out.encode("latin-1"), err, amiss(way, code, err)) for (code, out, err), (_, way) in zip(ended, pairs, strict=True)
    ]


def run_each(runs: Sequence[Run]) -> None:
    """Write a JSON line for each run to what was standard output: exit code, its own standard output (as Latin-1), standard error."""
    from analyzer.cli.run import run

    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for steps, given in runs:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(given or os.devnull).open("rb") as stdin:
            for file, number in ((stdin, 0), (out, 1), (err, 2)):
                os.dup2(file.fileno(), number)
            sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
            sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8") for number in (1, 2))  # type: ignore[type-var]
            code = next((code for code in map(run, steps) if code), 0)
            sys.stdout.flush()
            sys.stderr.flush()
            out.seek(0)
            err.seek(0)
            results.write(json.dumps((code, out.read().decode("latin-1"), err.read().decode(errors="replace"))) + "\n")
            results.flush()


if __name__ == "__main__":
    if "--pandas-first" in sys.argv:
        import pandas  # noqa: F401
        import pyarrow as pa

        pa.array([])
    run_each(json.loads(sys.stdin.read()))
