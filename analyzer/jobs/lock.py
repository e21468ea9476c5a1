"""One run of a job at a time: a locked file that names its holder. The capturing tool holds the lock too, as long as it runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from analyzer.capture.programs import PIPED
from analyzer.errors import Unusable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME: Final = "lock"
WAIT_S: Final = 5.0
"""Most seconds that a capturing tool may outlive the run that started it: the system tells it to end."""


class Lock:
    """The held lock. handle: its file descriptor, which the tool inherits."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def note_tool(self, pid: int) -> None:
        """Write down which process captures."""
        self._write({"run": os.getpid(), "tool": pid})

    def _write(self, values: dict[str, int]) -> None:
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, json.dumps(values).encode("ascii"), 0)


@contextmanager
def locked(folder: Path) -> Iterator[Lock]:
    """Hold the folder's lock. Errors: Unusable, another run holds it, or the system has no such locks."""
    if fcntl is None:
        raise Unusable("a capture job needs Linux", str(folder), PIPED)
    handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, folder)
        lock = Lock(handle)
        lock._write({"run": os.getpid()})
        yield lock
    finally:
        os.close(handle)


def _take(handle: int, folder: Path) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = holder_of(folder)
        if is_alive(holder.get("run")) or time.monotonic() > until:
            who = f" (process {holder['run']})" if "run" in holder else ""
            raise Unusable(f"another run of this job is at work{who}", str(folder), "wait for its end, or stop it")
        tool = holder.get("tool")
        if tool is not None and _is_ours(tool, folder):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(tool, signal.SIGTERM)
        time.sleep(0.1)


def holder_of(folder: Path) -> dict[str, int]:
    """What the lock's holder wrote about itself; {} if nothing."""
    try:
        values = json.loads((folder / NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in values.items() if isinstance(value, int)} if isinstance(values, dict) else {}


def is_held(folder: Path) -> bool:
    """Whether a run is active."""
    if fcntl is None:
        return False
    try:
        handle = os.open(folder / NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def is_alive(pid: int | None) -> bool:
    """Whether the process exists."""
    if pid is None or fcntl is None:  # Windows: there os.kill(pid, 0) would interrupt it
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether the process is a tool that writes into the folder: its number may belong to another process by now."""
    try:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return os.fsencode(folder) in command_line
