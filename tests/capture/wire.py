"""A wire to capture on: a veth pair in a namespace of its own, which is gone when the `with` block ends."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

NUMBERS = itertools.count()


SLEEPING = "--timer=nano"
"""tcpreplay sleeps between two packets; without it, it asks for the time over and over, which takes one of the CPUs that the test needs."""


class Wire:
    """Two ends: what is sent into `near` arrives at `far`."""

    near, far = "wpnear", "wpfar"

    def __init__(self, name: str) -> None:
        self.name = name

    def inside(self, *argv: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        """A process in the namespace; its pid is the program's own."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(["ip", "netns", "exec", self.name, *map(str, argv)], env=environment, cwd=ROOT, **options)

    def whichproxy(self, *args: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        return self.inside(sys.executable, "-m", "analyzer", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def trickle(self, capture: Path, pps: int) -> subprocess.Popen[bytes]:
        """A process that sends the packets of a pcap file, so many a second."""
        command = ("tcpreplay", "-q", SLEEPING, "--pps", str(pps), "-i", self.near, capture)
        return self.inside(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def replay(self, capture: Path, pps: int = 4000, times: int = 1) -> None:
        """Send every packet of a pcap file, so many times. pps: 0, as fast as can be."""
        rate = [SLEEPING, "--pps", str(pps)] if pps else ["--topspeed"]
        command = ["tcpreplay", "-q", "--preload-pcap", *rate, "--loop", str(times), "-i", self.near, str(capture)]
        done = subprocess.run(["ip", "netns", "exec", self.name, *command], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0 and "Failed packets:            0" in done.stdout, done.stdout + done.stderr


@contextmanager
def wire() -> Iterator[Wire]:
    """A Wire; the test is skipped where there can be none."""
    missing = [tool for tool in ("ip", "tcpreplay", "tcpdump", "dumpcap") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"a wire needs root, and {', '.join(missing) or 'nothing else'}")
    name = f"wpwire{os.getpid()}-{next(NUMBERS)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        for command in (
            f"link add {Wire.near} mtu 65535 type veth peer name {Wire.far} mtu 65535",
            f"link set {Wire.near} up",
            f"link set {Wire.far} up",
        ):
            subprocess.run(["ip", "-n", name, *command.split()], check=True)
        # No router solicitations of the kernel's own among what is replayed.
        switch_off = "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"
        subprocess.run(["ip", "netns", "exec", name, "sh", "-c", switch_off], check=True)
        yield Wire(name)
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
