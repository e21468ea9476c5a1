"""`make explore SECONDS=600`: every property test with fresh draws, until the time is over: `python -m tests.explore SECONDS`.

One process for each CPU runs one file of tests at a time, whichever comes. No seed is given: Hypothesis keeps nothing of a run
that has one. What fails is printed, and its smallest
draw kept in tests/explore/found/, where the suite tries it ever after. Exit code 1 when anything failed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.conftest import ROOT

NONE_CHOSEN = 5  # pytest's exit code for a file without a property test


def property_tests() -> list[Path]:
    """The files that hold some."""
    return [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "@given(" in path.read_text(encoding="utf-8")]


def command(path: Path) -> list[str]:
    """One file's property tests."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "hypothesis", str(path)]


def tried(path: Path, until: float) -> str | None:
    """What failed, if something did; None too where the time was over before the end."""
    environment = os.environ | {"HYPOTHESIS_PROFILE": "explore"}
    try:
        done = subprocess.run(
            command(path),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(0.1, until - time.monotonic()),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode in (0, NONE_CHOSEN):
        return None
    return f"{path.relative_to(ROOT)} ended with {done.returncode}\n{done.stdout}{done.stderr}"


def explore(seconds: float, files: list[Path], most: int | None = None) -> list[str]:
    """What failed, a text each. most: runs that are begun by each process, whatever the time."""
    until = time.monotonic() + seconds
    failed: list[str] = []
    runs = count()

    def worker(_: int) -> None:
        for _ in range(sys.maxsize if most is None else most):
            if time.monotonic() >= until:
                return
            why = tried(random.choice(files), until)
            next(runs)
            if why is not None:
                print(why, flush=True)
                failed.append(why)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(worker, range(os.cpu_count() or 1)))
    print(f"{next(runs)} files of property tests run in {seconds / 60:.0f} minutes, {len(failed)} failed")
    return failed


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.explore", description="Property tests with fresh draws.")
    asked.add_argument("seconds", type=float)
    arguments = asked.parse_args()
    return 1 if explore(arguments.seconds, property_tests()) else 0


if __name__ == "__main__":
    sys.exit(main())
