"""Runs a job in pyshark's process: starts it, passes the job, reads its output, and always ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from analyzer.errors import WhichproxyError

ROOT: Final = Path(__file__).resolve().parents[2]

Progress = Callable[[int], None]
"""Called with the number of the frame that the dissectors reached."""


class DissectorFailed(WhichproxyError):
    """The process with the dissectors ended without an answer."""


def ask(job: dict[str, Any], progress: Progress | None = None) -> dict[str, Any]:
    """The result of `dissect` for the job, run in a process of its own.

    That process has none of the user's Wireshark settings, so the same capture gives the same result everywhere, and no pyshark
    settings file of the current folder, which could name another program than tshark.
    Errors  DissectorFailed
    """
    with tempfile.TemporaryDirectory(prefix="whichproxy-") as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "WIRESHARK_CONFIG_DIR": folder,
            "HOME": folder,
            "APPDATA": folder,
        }
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "analyzer.second_opinion"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env=environment,
                start_new_session=hasattr(os, "setsid"),
            )
            try:
                answer = _converse(child, job, progress)
            finally:
                _end(child)
            if answer is None:
                errors.seek(0)
                output = errors.read().decode(errors="backslashreplace").strip().splitlines()
                raise DissectorFailed(f"the second opinion ended without an answer: {output[-1] if output else 'it said nothing'}")
            return answer


def _converse(child: subprocess.Popen[bytes], job: dict[str, Any], progress: Progress | None) -> dict[str, Any] | None:
    assert child.stdin is not None and child.stdout is not None
    try:
        child.stdin.write(json.dumps(job).encode())
        child.stdin.close()
    except BrokenPipeError:
        return None
    for line in child.stdout:
        message = json.loads(line)
        if "conversations" in message:
            return dict(message)
        if progress is not None:
            progress(int(message["frame"]))
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and the tshark it started; both are in a process group of their own."""
    import signal

    if child.poll() is None:
        try:
            child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
            child.wait()
    if child.stdout is not None:
        child.stdout.close()
