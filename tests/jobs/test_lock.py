"""One run at a time, and what a killed one leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs import lock
from analyzer.jobs.lock import holder_of, is_alive, is_held, locked

# A run that is killed while its tool goes on and holds the lock; the tool has the folder in its command line, as a real one has.
KILLED = """
import os, subprocess, sys, time
from pathlib import Path
from analyzer.jobs.lock import locked
folder = Path(sys.argv[1])
with locked(folder) as held:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)", str(folder)]
    tool = subprocess.Popen(sleeping, pass_fds=(held.handle,), stdout=subprocess.DEVNULL)
    held.note_tool(tool.pid)
    print(tool.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_a_second_run_is_refused_and_told_whose_turn_it_is(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(Unusable, match=rf"another run of this job is at work \(process {os.getpid()}\)"), locked(tmp_path):
            pass
    assert not is_held(tmp_path)
    with locked(tmp_path):
        pass


def test_the_tool_of_a_killed_run_is_ended_and_the_lock_is_free(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, check=False)
    tool = int(killed.stdout)
    assert is_held(tmp_path) and holder_of(tmp_path)["tool"] == tool
    with locked(tmp_path):  # it is waited for lock.WAIT_S at most, and refused then
        assert holder_of(tmp_path) == {"run": os.getpid()}


def test_somebody_elses_process_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_S", 0.3)
    with subprocess.Popen(["sleep", "60"]) as other:
        with locked(tmp_path) as held:
            held.note_tool(other.pid)
            monkeypatch.setattr(lock, "is_alive", lambda pid: False)
            with pytest.raises(Unusable, match="another run"), locked(tmp_path):
                pass
        assert other.poll() is None
        other.kill()


def test_who_holds_it_may_be_unknown(tmp_path: Path) -> None:
    assert holder_of(tmp_path) == {} and not is_held(tmp_path)
    (tmp_path / lock.NAME).write_text("[1")
    assert holder_of(tmp_path) == {}
    assert is_alive(os.getpid()) and not is_alive(None)
