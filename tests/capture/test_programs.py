"""Purpose: other people's programs are found where their installers put them, and what is on the PATH comes first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.capture import programs
from analyzer.capture.programs import find_program, usual_folders

WINDOWS = {"ProgramW6432": "C:\\Program Files", "ProgramFiles": "C:\\Program Files (x86)", "HOME": ""}


def test_where_installers_put_them() -> None:
    assert list(usual_folders("win32", WINDOWS)) == ["C:\\Program Files\\Wireshark", "C:\\Program Files (x86)\\Wireshark"]
    assert list(usual_folders("linux", {})) == ["/usr/sbin", "/sbin"]
    mac = list(usual_folders("darwin", {"HOME": "/Users/u"}))
    assert mac[:2] == ["/Applications/Wireshark.app/Contents/MacOS", "/Users/u/Applications/Wireshark.app/Contents/MacOS"]
    assert "/opt/homebrew/bin" in mac and mac[-2:] == ["/usr/sbin", "/sbin"]


def test_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("path", "usual"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tshark-of-a-test").write_text("#!/bin/sh\n", encoding="ascii")
        (tmp_path / folder / "tshark-of-a-test").chmod(0o755)
    monkeypatch.setattr(programs, "usual_folders", lambda platform, environment: iter([str(tmp_path / "usual")]))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("tshark-of-a-test") == str(tmp_path / "usual" / "tshark-of-a-test")
    monkeypatch.setenv("PATH", os.pathsep.join(["/nowhere", str(tmp_path / "path")]))
    assert find_program("tshark-of-a-test") == str(tmp_path / "path" / "tshark-of-a-test")
    assert find_program("no-such-program") is None
