"""dumpcap on the gateway: it records what a person at the gateway would."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from captures.lab.network import CAPTURE_POINTS, Network


class Recorder:
    """A running dumpcap that writes `path` (pcapng), with one interface for each capture point.

    rotate_s   begin a new file after that many seconds: they are <name>-1.pcapng, <name>-2.pcapng … once it has stopped
    """

    def __init__(self, network: Network, points: Sequence[str], path: Path, log: Path, rotate_s: int | None = None) -> None:
        interfaces = [argument for point in points for argument in ("-i", CAPTURE_POINTS[point])]
        rotation = ["-b", f"duration:{rotate_s}"] if rotate_s else []
        self.log, self.path, self.rotated = log, path, bool(rotate_s)
        self.process = network.start("gateway", log, "dumpcap", *interfaces, *rotation, "-q", "-w", str(path))
        self._wait_for("File:")

    def _wait_for(self, word: str, timeout_s: float = 10) -> None:
        end = time.monotonic() + timeout_s
        while word not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"dumpcap does not record: {self.log.read_text().strip()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the recording; RuntimeError when packets were dropped, since the truth file would then be wrong."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=10)
        for kept, dropped in re.findall(r"received/dropped on interface .*?: (\d+)/(\d+)", self.log.read_text()):
            if int(dropped):
                raise RuntimeError(f"dumpcap kept {kept} packets and lost {dropped}")
        if self.rotated:
            for number, part in enumerate(sorted(self.path.parent.glob(f"{self.path.stem}_*.pcapng")), start=1):
                part.rename(self.path.with_name(f"{self.path.stem}-{number}.pcapng"))
