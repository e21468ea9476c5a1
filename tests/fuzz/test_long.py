"""A few captures of `make fuzz`, the same at each run, and every capture that failed once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tests.fuzz.__main__ as fuzzing
from tests.fuzz.examine import examine
from tests.fuzz.inputs import FOUND, corpus

CAPTURES = 80  # at least, of all CPUs together: some ten seconds of processor time


def test_what_failed_once() -> None:
    assert {path.name: wrong for path in FOUND.glob("*.pcap") if (wrong := examine(path.read_bytes()))} == {}


def test_some_hundred_damaged_captures(root: Path) -> None:
    each = -(-CAPTURES // (os.cpu_count() or 1))
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "290", "--seed", "20261125", "--captures", str(each)],
        cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) == each * (os.cpu_count() or 1)


def test_there_is_a_corpus_and_it_is_read_right() -> None:
    captures = corpus()
    assert len(captures) > 20
    assert [examine(data) for data in captures[::10]] == [[] for _ in captures[::10]]


def test_what_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "examine", lambda data: ["not a name"] if data else [])
    assert fuzzing.fuzz(1, 5, tmp_path, time.time()) == 1
    assert (tmp_path / fuzzing.WRONG).read_text() == "not a name"


@pytest.mark.parametrize(
    ("does", "why"), [("os.abort()", "the process ended with -6"), ("time.sleep(60)", "not read within 1 seconds"), ("pass", None)]
)
def test_crashes_and_hangs_are_failures(does: str, why: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"import os, time; open('{tmp_path}/current', 'wb').write(b'capture'); {does}"
    monkeypatch.setattr(fuzzing.Worker, "command", lambda self: [sys.executable, "-c", code])
    monkeypatch.setattr(fuzzing, "MOST_SECONDS", 1)
    worker = fuzzing.Worker(1, time.monotonic(), tmp_path)
    told = None
    while told is None and worker.process.poll() is None:
        told = worker.failure()
        time.sleep(0.05)
    assert (told or worker.failure()) == why
    if why:
        assert fuzzing.keep(tmp_path, why, tmp_path / "found").read_bytes() == b"capture"
