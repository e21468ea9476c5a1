"""Progress: on a terminal, for long work, and nowhere else."""

from __future__ import annotations

import io

import pytest

from analyzer.cli import progress
from analyzer.cli.progress import ReadingProgress


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
