"""Live packets of an interface: a capturing tool runs as a child process, and its output is read like any capture.

The privilege stays in a small program made for it. tcpdump is preferred: it prints its drop counts while it runs, and into a pipe it
keeps up where dumpcap doesn't (measured: no drops at 284,000 packets a second, where dumpcap lost a third). dumpcap is for users who
may run it and no tcpdump; scapy's sniffer, in a process of its own, where neither is installed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from analyzer.capture.programs import PIPED, find_program
from analyzer.capture.selection import CaptureFilter
from analyzer.errors import Unusable

TCPDUMP = "tcpdump"
DUMPCAP = "dumpcap"
SCAPY = "scapy"
SNIFFER = "import sys; from analyzer.capture.sniffer import main; sys.exit(main())"

# The kernel's buffer for packets not read yet: 230,000 packets of 200 bytes, one second of a fast link. With 32 on busy cores
# 150,000 packets a second lost some in two of three tries, with 64 and 128 in none.
BUFFER_MIB = 64
PIPE_BYTES = 1 << 20
BPF_DEVICE = "/dev/bpf0"

STOP_S = 5.0
"""Seconds that a tool may take to write its remaining packets after it was asked to stop."""

HELD_S = {TCPDUMP: 1.25, DUMPCAP: 0.5}
"""Seconds that the kernel may hold packets back from a tool: it delivers blocks when they are full or old (tcpdump: after a second,
dumpcap: 250 ms). The block being filled when the tool is asked to end is lost, so the request is delayed by this time."""

CAUGHT_UP_S = 5.0
"""Additional seconds for a tool that lags: packets in the kernel's buffer when it is asked to end are lost, and not counted."""

# "917 packets received by filter, 3 packets dropped by kernel" (tcpdump, on one line or several, and our sniffer).
COUNT = re.compile(r"(\d+) packets? (captured|received by filter|dropped by kernel|dropped by interface)")
# "... received/dropped on interface 'eth0': 911/3 (pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0)" (dumpcap, when it ends).
DUMPCAP_COUNT = re.compile(r"\(pcap:(\d+)/dumpcap:(\d+)/flushed:(\d+)/ps_ifdrop:(\d+)\)")
# Output of a tool that works normally.
CHATTER = re.compile(
    r"^(tcpdump: listening on|tcpdump: verbose output|Capturing on|File: |Packets |Running as user|\d+ packets? |.*packets captured,)"
)


def is_at_work(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether a process runs or waits for a processor or a disk, and isn't idle (proc(5)).

    False where the system doesn't give a process's state, as on other systems than Linux.
    """
    try:
        stat = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(") ")[2][:1] in ("R", "D")


def unread_bytes(pipe: IO[bytes] | None) -> int:
    """The number of unread bytes in the pipe; 0 without a pipe, or where the system doesn't give it."""
    if pipe is None or sys.platform == "win32":
        return 0
    import fcntl
    import termios

    room = array("i", [0])
    try:
        fcntl.ioctl(pipe.fileno(), termios.FIONREAD, room)
    except (OSError, ValueError):  # ValueError: it is closed
        return 0
    return room[0]


@dataclass(frozen=True)
class Drops:
    """Packets that were lost before we could read them; None: not known yet.

    kernel     the capture's buffer was full
    interface  the interface or its driver had no room
    """

    kernel: int | None = None
    interface: int | None = None

    @property
    def total(self) -> int:
        return (self.kernel or 0) + (self.interface or 0)

    def __str__(self) -> str:
        kernel, interface = ("?" if n is None else f"{n:,}" for n in (self.kernel, self.interface))
        return f"{kernel} dropped by the kernel, {interface} by the interface"


def drops_after(line: str, before: Drops) -> Drops:
    """The drop counts after a tool's line; `before` where the line has none."""
    found = DUMPCAP_COUNT.search(line)
    if found:
        pcap, dumpcap, flushed, interface = map(int, found.groups())
        return Drops(pcap + dumpcap + flushed, interface)
    counts = {what: int(number) for number, what in COUNT.findall(line)}
    if "dropped by kernel" in counts:
        before = replace(before, kernel=counts["dropped by kernel"], interface=before.interface or 0)
    if "dropped by interface" in counts:
        before = replace(before, interface=counts["dropped by interface"])
    return before


def choose_tool() -> str:
    """The tool that this user can capture with here: tcpdump, dumpcap or scapy. Errors: Unusable, none."""
    if not hasattr(os, "geteuid"):
        raise Unusable("capturing an interface by itself needs Linux or macOS", None, PIPED)
    is_root = os.geteuid() == 0
    tcpdump, dumpcap = (find_program(tool) for tool in (TCPDUMP, DUMPCAP))
    if tcpdump and (is_root or _has_privilege(tcpdump)):
        return TCPDUMP
    if dumpcap and (is_root or _has_privilege(dumpcap)):
        return DUMPCAP
    if is_root and hasattr(socket, "AF_PACKET"):
        return SCAPY
    if sys.platform == "darwin":
        raise Unusable("this user may not capture", None, "run it with sudo, or install ChmodBPF, which comes with Wireshark")
    raise Unusable(
        "this user may not capture",
        None,
        f"run it as root, or: sudo setcap cap_net_raw,cap_net_admin+eip {dumpcap or '$(command -v dumpcap)'}",
    )


def _has_privilege(path: str) -> bool:
    """Whether the program has the privilege to capture, and this user may run it."""
    if not hasattr(os, "getxattr"):  # not Linux: a user who may read the devices may capture, with any program
        return os.access(BPF_DEVICE, os.R_OK)
    try:
        status = Path(path).stat()
        given = status.st_mode & 0o4000 or bool(os.getxattr(path, "security.capability"))
    except OSError:
        return _has_ambient()
    return bool(given) and os.access(path, os.X_OK)


def _has_ambient() -> bool:
    """Whether programs started by this process may open packet sockets: CAP_NET_RAW is in its ambient set (a service's)."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return False
    found = re.search(r"^CapAmb:\s*([0-9a-f]+)", status, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> 13 & 1)


def command(tool: str, interface: str, chosen: CaptureFilter) -> list[str]:
    """The command line by which the tool writes its packets to stdout, each within a second."""
    if tool == TCPDUMP:
        # No --immediate-mode: each packet would take snap_bytes of the buffer, however short it is. Measured in 32 MiB: 8,036 packets
        # of T5 at 4,096 bytes and 512 whole ones; in blocks (TPACKET_V3) 115,629, at two thirds of the processor time.
        options = ["-U", "-w", "-", "-n", "-B", str(BUFFER_MIB * 1024), "--time-stamp-precision=nano"]
        return [
            find_program(tool) or tool,
            "-i",
            interface,
            *options,
            "-s",
            str(chosen.snap_bytes),
            "--",
            *([chosen.filter] if chosen.filter else []),
        ]
    if tool == DUMPCAP:
        wanted = ["-f", chosen.filter] if chosen.filter else []
        return [find_program(tool) or tool, "-i", interface, "-q", "-w", "-", "-B", str(BUFFER_MIB), "-s", str(chosen.snap_bytes), *wanted]
    # scapy's socket gives frames without their outer tag, so the filter's offsets are right as they are.
    return [sys.executable, "-c", SNIFFER, interface, str(chosen.snap_bytes), chosen.wanted]


class Tap(io.RawIOBase):
    """A stream that can be ended, even while it waits for its writer (on Windows: once something comes)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._fd = file.fileno()
        self._file = file
        self._wake, self._waker = os.pipe()
        self._closed = False

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        """The number of bytes put into `place`: 0 at the end, and after close_off once all bytes are read."""
        if not hasattr(os, "readv"):  # Windows, where select takes only sockets
            data = b"" if self._closed else os.read(self._fd, len(place))
            place[: len(data)] = data
            return len(data)
        ready = select.select([self._fd, self._wake], [], [])[0]
        return os.readv(self._fd, [place]) if self._fd in ready else 0

    def close_off(self) -> None:
        """End the stream behind the bytes that have come."""
        if not self._closed:
            self._closed = True
            os.write(self._waker, b"x")

    def close(self) -> None:
        if not self.closed:
            os.close(self._wake)
            os.close(self._waker)
        super().close()


class Tool:
    """A running capturing tool and its messages.

    tool    its name
    """

    def __init__(self, tool: str, interface: str, arguments: list[str], output: int, **more: Any) -> None:
        """Errors: Unusable, it can't be started. A refusal by the tool itself is known when it ends."""
        self.tool = tool
        self.interface = interface
        self._messages: deque[str] = deque(maxlen=8)
        self._drops = Drops()
        self._has_counts = threading.Event()
        self._stopped = False
        try:
            # A process group of its own: Ctrl-C is for us, and we ask the tool early enough to write all its packets.
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                bufsize=0,
                process_group=0,
                env={**os.environ, "LC_ALL": "C"},
                **more,
            )
        except OSError as error:
            raise Unusable(f"{self.tool} can't be started: {error.strerror or error}", interface) from error
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        """Read the tool's messages."""
        assert self._process.stderr is not None
        with self._process.stderr as errors:
            for raw in io.BufferedReader(errors):  # type: ignore[type-var]
                line = raw.decode("utf-8", "backslashreplace").strip()
                drops = drops_after(line, self._drops)
                if COUNT.search(line) or DUMPCAP_COUNT.search(line):
                    self._drops = drops
                    self._has_counts.set()
                if line and not CHATTER.match(line):
                    self._messages.append(line)

    def drops(self, wait_s: float = 0.2) -> Drops:
        """The latest drop counts; requests them from tcpdump and the sniffer. dumpcap prints them only when it ends."""
        if self._process.poll() is None and self.tool != DUMPCAP:
            self._has_counts.clear()
            self._process.send_signal(signal.SIGUSR1)
            self._has_counts.wait(wait_s)
        return self._drops

    def stop(self, wait_s: float = STOP_S) -> None:
        """Ask the tool to end after writing the packets that came until now; it has wait_s to write them."""
        if self._stopped:
            return
        self._stopped = True
        threading.Thread(target=self._end_it, args=(wait_s,), daemon=True).start()

    def _end_it(self, wait_s: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(HELD_S.get(self.tool, 0))
        until = time.monotonic() + CAUGHT_UP_S
        while self.tool in HELD_S and self._is_behind() and time.monotonic() < until:
            time.sleep(0.01)
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._was_killed()

    def _is_behind(self) -> bool:
        """Whether it still processes packets that came until now, or waits for us to read them."""
        # In this order: a tool that waits for the pipe to be read is at work from the moment the pipe is empty.
        return unread_bytes(self._process.stdout) > 0 or is_at_work(self._process.pid)

    def _was_killed(self) -> None:
        """The tool didn't end in time and was killed."""

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, wait_s: float) -> None:
        """Wait until the tool has ended and all its messages were read, at most wait_s."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s)
        self._listener.join(timeout=1)

    def ended(self, clock: Callable[[], float] = time.monotonic) -> str | None:
        """After the end: the tool's own reason where it ended unasked; None where it was asked to end."""
        until = clock() + STOP_S
        while self._process.poll() is None and clock() < until:
            time.sleep(0.01)
        self._listener.join(timeout=1)
        if self._stopped:
            return None
        code = self._process.poll()
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        reasons = [line for line in self._messages if not line.startswith("(")]  # libpcap repeats some messages in brackets
        return reasons[-1].replace(f"{self.interface}: ", "", 1) if reasons else f"{self.tool} ended by itself ({how})"

    def kill(self) -> None:
        """End the tool now; its remaining packets are lost."""
        self._stopped = True
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Recorder(Tool):
    """A capturing tool whose packets are read as they come.

    stream   its packets, pcap or pcapng
    """

    def __init__(self, interface: str, chosen: CaptureFilter, tool: str | None = None) -> None:
        """Errors: Unusable, no tool that this user may capture with. A refusal by the tool itself is known when its stream ends."""
        tool = tool or choose_tool()
        super().__init__(tool, interface, command(tool, interface, chosen), subprocess.PIPE)
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, AttributeError, ImportError):  # a larger pipe is only faster; a system may not have it
            import fcntl

            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[attr-defined,unused-ignore]
        self.stream = Tap(self._process.stdout)

    def _was_killed(self) -> None:
        self.stream.close_off()
