"""One capture, one way: the exit code, and what is wrong with how it ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.matrix.ways import Way

MOST_SECONDS = 300
HUNG = -1000


@dataclass(frozen=True)
class Ending:
    """How a run ended: its exit code, what it wrote, and why that isn't right (None: it is)."""

    code: int
    stdout: bytes
    stderr: str
    wrong: str | None


def tried(way: Way, capture: Path) -> Ending:
    """The capture read this way in a process of its own, as a user would."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory(prefix="whichproxy-matrix-") as folder:
        start = [sys.executable, "-m", "analyzer"]
        given = capture.read_bytes() if way.streamed else b""
        for arguments in way.steps(capture, Path(folder)):
            try:
                done = subprocess.run(
                    start + arguments, cwd=folder, env=environment, input=given, capture_output=True, timeout=MOST_SECONDS, check=False
                )
            except subprocess.TimeoutExpired:
                return Ending(HUNG, b"", "", f"not done after {MOST_SECONDS} seconds")
            if done.returncode:
                break
    said = done.stderr.decode(errors="replace")
    return Ending(done.returncode, done.stdout, said, amiss(way, done.returncode, said))


def amiss(way: Way, code: int, stderr: str) -> str | None:
    """Why a run ended badly; None where it ended as it may."""
    last = stderr.strip().splitlines()[-1:] or [""]
    if "Traceback" in stderr or "mistake in whichproxy" in stderr:
        return f"a mistake of whichproxy's own: {last[0]}"
    if code not in way.codes:
        return f"exit code {code}: {last[0]}"
    if code == 2 and not any(line.startswith("whichproxy: ") for line in stderr.splitlines()):
        return "exit code 2, and nothing says why"
    return None
