"""Progress: on a terminal, for long work, and nowhere else."""

from __future__ import annotations

import io

import pytest

from analyzer.cli import progress
from analyzer.cli.progress import PacketProgress, ReadingProgress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, *, quiet: bool, quick_s: float) -> str:
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr(progress, "QUICK_S", quick_s)
    with ReadingProgress(quiet=quiet) as reading:
        for read_bytes in (0, 500, 1000):
            reading.update(read_bytes, 1000)
        reading.update(1000, None)
    return stderr.getvalue()


def test_long_work_on_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "reading" in shown(monkeypatch, Screen(), quiet=False, quick_s=0)


def test_quick_work_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Screen(), quiet=False, quick_s=1e9) == ""


def test_quiet_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Screen(), quiet=True, quick_s=0) == ""


def test_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO(), quiet=False, quick_s=0) == ""


def test_packets_are_counted_for_one_capture_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Screen())
    monkeypatch.setattr("analyzer.cli.progress.QUICK_S", 0)
    with PacketProgress(quiet=False) as packets:
        packets.show("first\x1b.pcap", 1, 10)
        packets.show("second.pcap", 2000, None)
        assert packets._bar is not None
        assert packets._bar.tasks[0].description == "asking Wireshark: second.pcap"
