"""Which tshark there is, and one line where there is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.second_opinion.tshark import find_tshark


def test_the_installed_one_has_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", find_tshark().version)


def test_without_one_a_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unusable, match=r"isn't installed; install it \(Debian and Ubuntu: sudo apt-get install tshark"):
        find_tshark()


def test_one_that_does_not_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tshark").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "tshark").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Unusable, match=f"{tmp_path}/tshark: doesn't run"):
        find_tshark()
