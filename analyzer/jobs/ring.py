"""Ring files: packets on disk in files of bounded size and time, which a capturing tool closes one after the other.

A name is the tool's behind a prefix that no other run has, so a file is known by its name for good, whatever the clock shows and however
often a run was killed. A file is finished when its run has begun another one, or its tool has ended.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analyzer.capture.live import BUFFER_MIB, CAUGHT_UP_S, DUMPCAP, HELD_S, TCPDUMP, Tool, choose_tool
from analyzer.capture.programs import find_program
from analyzer.capture.selection import CaptureFilter
from analyzer.errors import Unusable

# RUN-TIME_00001_20261125091500.pcapng (dumpcap) and RUN-TIME-1764061200.pcap, RUN-TIME-1764061200.pcap1 (tcpdump).
NAME: Final = re.compile(r"(?P<run>\d{6,9})-\d{8}T\d{6}Z[_-](?P<first>\d+)(?:_\d+\.pcapng|\.pcap(?P<second>\d*))")
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, order=True)
class RingFile:
    """One file. run: the number of the run that wrote it;  place: its place among the run's files, whatever the clock."""

    run: int
    place: tuple[int, int]
    path: Path

    @property
    def name(self) -> str:
        return self.path.name


def ring_files(folder: Path) -> list[RingFile]:
    """The ring files of a folder, by run and place; other files are left alone."""
    found = []
    for path in folder.iterdir():
        match = NAME.fullmatch(path.name)
        if match:
            found.append(RingFile(int(match["run"]), (int(match["first"]), int(match["second"] or 0)), path))
    return sorted(found)


def finished(files: Iterable[RingFile], writing: int | None) -> list[RingFile]:
    """The files that are complete. writing: the run whose tool is at work; None: no tool is."""
    ordered = list(files)
    own = [file for file in ordered if file.run == writing]
    return [file for file in ordered if file.run != writing or file != own[-1]]


def prefix_of(run: int) -> str:
    """How the names of a run's files begin: its number, which no other run has, and when it began, for people."""
    return f"{run:06d}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"


def choose_ring_tool(asked: str | None) -> str:
    """tcpdump or dumpcap. Errors: Unusable, this user may capture with neither.

    tcpdump comes first: it says at any time what was dropped, dumpcap only when it ends (in ring files it writes no statistics), and it
    takes half of dumpcap's processor time for a packet.
    """
    if asked:
        if find_program(asked) is None:
            raise Unusable(f"{asked} isn't installed", "tool", "leave the key out, or install it")
        return asked
    chosen = choose_tool()
    if chosen not in (DUMPCAP, TCPDUMP):
        raise Unusable("ring files need dumpcap or tcpdump", None, "install tcpdump, or Wireshark's dumpcap")
    return chosen


def command(tool: str, interface: str, chosen: CaptureFilter, folder: Path, prefix: str, file_bytes: int, file_s: int) -> list[str]:
    """How the tool is started to write ring files."""
    wanted = [chosen.filter] if chosen.filter else []
    if tool == DUMPCAP:
        size = ["-b", f"filesize:{max(1, file_bytes // 1000)}", "-b", f"duration:{file_s}"]
        place = ["-w", str(folder / f"{prefix}.pcapng")]
        options = ["-q", "-B", str(BUFFER_MIB), "-s", str(chosen.snap_bytes), *size, *place]
        return [find_program(tool) or tool, "-i", interface, *options, *(["-f", *wanted] if wanted else [])]
    size = ["-G", str(file_s), "-C", str(max(1, file_bytes // 1_000_000)), "-w", str(folder / f"{prefix}-%s.pcap")]
    user = ["-Z", "root"] if os.geteuid() == 0 else []
    options = ["-n", "-B", str(BUFFER_MIB * 1024), "-s", str(chosen.snap_bytes), "--time-stamp-precision=nano", *user, *size]
    return [find_program(tool) or tool, "-i", interface, *options, "--", *wanted]


class RingTool(Tool):
    """A tool that writes ring files. lock: a file descriptor that it keeps open, so that its folder is locked as long as it runs."""

    def __init__(self, tool: str, interface: str, arguments: list[str], lock: int) -> None:
        super().__init__(tool, interface, arguments, subprocess.DEVNULL, pass_fds=(lock,), preexec_fn=_die_with_us())

        self._drops_told = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def finish(self, wait_s: float) -> None:
        """Tell the tool to end, and wait until it has: it writes what it still has, or is killed."""
        self.stop(wait_s)
        self.wait(HELD_S[self.tool] + CAUGHT_UP_S + wait_s + 1)

    def new_drops(self) -> int:
        """Packets that the tool says were dropped since this was asked last; dumpcap says none before its end."""
        before, self._drops_told = self._drops_told, self.drops().total
        return self._drops_told - before


def _die_with_us() -> Callable[[], None]:
    """Ask Linux to end this child process when its parent is gone, however that came; elsewhere it goes on. The child runs it first."""
    if sys.platform != "linux":
        return lambda: None
    library = ctypes.CDLL(None, use_errno=True)
    return lambda: library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def to_delete(files: Iterable[RingFile], done: Mapping[str, float], keep_bytes: int, keep_since: float | None) -> list[RingFile]:
    """The analysed files that go: the oldest beyond keep_bytes of all files together, and those analysed before keep_since.

    done   name → when it was analysed (seconds since 1970)
    """
    ordered = list(files)
    sizes = {file: size_of(file.path) for file in ordered}
    total, gone = sum(sizes.values()), []
    for file in ordered:
        analysed = done.get(file.name)
        if analysed is not None and (total > keep_bytes or (keep_since is not None and analysed < keep_since)):
            gone.append(file)
            total -= sizes[file]
    return gone


def size_of(path: Path) -> int:
    """Bytes on disk; 0 where the file is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
