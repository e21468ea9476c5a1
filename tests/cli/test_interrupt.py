"""Ctrl-C on a stream keeps what came of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

import pytest

from analyzer.cli.interrupt import StreamEnd, terminated_like_interrupted
from tests.cli.conftest import apart

WAIT_S = 120


def interrupted(data: bytes, *args: str, number: int = signal.SIGINT) -> tuple[int, str, str]:
    """Exit code and output of a command that was interrupted when it had read `data` from stdin, which goes on."""
    reads, writes = os.pipe()
    process = apart(*args, stdin=reads, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.write(writes, data)
    until = time.monotonic() + WAIT_S
    while unread(reads) or (not data and not waits(process.pid)):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=WAIT_S)
    os.close(reads)
    os.close(writes)
    return process.returncode, out.decode(), err.decode()


def unread(pipe: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])


def waits(pid: int) -> bool:
    """Whether the process waits for its stdin: its system call is read(0, …), on x86 and ARM."""
    call = Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").split()
    return call[:2] in (["0", "0x0"], ["63", "0x0"])


def test_flows_of_an_interrupted_stream(capture: Path) -> None:
    code, out, err = interrupted(capture.read_bytes(), "flows", "-")
    assert (code, err) == (130, "whichproxy: interrupted: this is what was read until then\n")
    assert [json.loads(line)["host"] for line in out.splitlines()] == ["winatp-gw-neu.microsoft.com"]


def test_report_of_a_terminated_stream(capture: Path) -> None:
    code, out, err = interrupted(capture.read_bytes(), "report", "--json", "-", number=signal.SIGTERM)
    assert code == 130 and "until then" in err
    assert json.loads(out)["captures"][0]["packets"] > 0


def test_interrupted_before_anything_came() -> None:
    assert interrupted(b"", "flows", "-") == (130, "", "whichproxy: interrupted\n")


def test_the_second_interrupt_ends_the_program() -> None:
    end = StreamEnd()
    end.interrupted = True
    before = signal.getsignal(signal.SIGINT)
    with end, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def test_a_termination_is_an_interrupt_where_nobody_else_handles_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminated_like_interrupted():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_another_thread_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def enter() -> None:
        with StreamEnd():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
