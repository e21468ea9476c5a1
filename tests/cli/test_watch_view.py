"""The table that refreshes, on a terminal that is none."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
import time

from analyzer.capture.live import Drops
from analyzer.cli.watch_view import Looks
from analyzer.pipeline import Reading
from tests.build import pcap
from tests.cli.conftest import tunnel
from tests.conftest import ROOT
from tests.test_growing import growing


class Seen:
    """A run that has read everything, from a tool that reports these drops."""

    def __init__(self, drops: Drops | None) -> None:
        self.growing = growing(io.BytesIO(pcap(tunnel(answer=b"HTTP/1.1 403 No\r\n\r\n").frames)))
        self.growing.run()
        self._drops = drops

    def drops(self) -> Drops | None:
        return self._drops

    def reading(self) -> Reading:
        return self.growing.reading()


def test_each_finding_is_new_once_and_rates_are_of_the_time_between() -> None:
    looks = Looks(Seen(Drops(5, 0)))
    status, report, new = looks.next()
    assert "proxy-denied" in [finding.code for finding in new]
    assert (status.packets, status.conversations, status.still_open) == (len(tunnel(answer=b"HTTP/1.1 403 No\r\n\r\n").frames), 1, 0)
    assert status.packets_per_s > 0 and status.lost == "5 dropped by the kernel, 0 by the interface"
    time.sleep(0.01)
    status, report, new = looks.next()
    assert (status.packets_per_s, status.bytes_per_s, new) == (0, 0, [])
    assert report.findings


def test_what_follows_from_another_finding_is_new_too() -> None:
    seen = Seen(None)
    seen.growing = growing(io.BytesIO((ROOT / "captures" / "situations" / "static-407-then-winhttp.pcapng").read_bytes()))
    seen.growing.run()
    _, report, new = Looks(seen).next()
    assert {"proxy-auth-required", "fallback"} <= {finding.code for finding in new}
    assert "fallback" not in [finding.code for finding in report.findings]


def test_a_stream_tells_no_drops() -> None:
    assert Looks(Seen(None)).next()[0].lost == "a stream does not say what was dropped"


def test_on_a_terminal_the_table_refreshes_and_the_report_stays() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "analyzer", "watch", "-"],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = bytearray()

    def read() -> None:
        try:
            while piece := os.read(ours, 4096):
                shown.extend(piece)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert process.stdin is not None
    process.stdin.write(pcap(tunnel(answer=b"HTTP/1.1 403 No\r\n\r\n").frames))
    process.stdin.flush()
    until = time.monotonic() + 30
    while b"1 conversation" not in shown and time.monotonic() < until:
        time.sleep(0.1)
    out, _ = process.communicate(timeout=30)
    reader.join(5)
    os.close(ours)
    plain = re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", bytes(shown)).decode()
    assert "proxy-denied" in plain and "172.16.11.92" in plain
    assert b"\x1b[?25l" in shown and b"\x1b[?25h" in shown  # the cursor comes back
    assert process.returncode == 0 and b"proxy-denied" in out
