"""What exploring found holds now; a find is kept, small, and tried again although its test was touched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.explore.__main__ import command, explore, property_tests, tried
from tests.explore.finds import FOUND, Finds

WRONG = """
from hypothesis import given
from hypothesis import strategies as st

LEAST = {least}

@given(st.integers(0, 10_000))
def test_small(n):
    assert n < LEAST
"""


def test_what_was_found_holds() -> None:
    tests = sorted({test for _, test, _ in Finds(FOUND).all()})
    gone = [test for test in tests if not (ROOT / test.partition("::")[0]).is_file()]
    assert not gone, "their tests have other names now; give them to their finds"
    if tests:
        done = again(*tests, folder=FOUND)
        assert done.returncode == 0, done.stdout


def again(*tests: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """These tests with what was found for them, and nothing else."""
    environment = os.environ | {"HYPOTHESIS_PROFILE": "again", "WHICHPROXY_FOUND": str(folder)}
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a property that doesn't hold, under the suite's own conftest."""
    monkeypatch.setenv("WHICHPROXY_FOUND", str(tmp_path / "found"))
    monkeypatch.setattr("tests.explore.__main__.command", lambda path: [*command(path), "-p", "tests.conftest"])
    path = tmp_path / "test_wrong.py"
    path.write_text(WRONG.format(least=500), encoding="utf-8")
    monkeypatch.setattr("tests.explore.__main__.ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return path


def test_a_find_is_kept_once_and_small_and_tried_again(wrong: Path, tmp_path: Path) -> None:
    assert "test_small" in (tried(wrong, time.monotonic() + 300) or "")
    ((_, test, _),) = list(Finds(tmp_path / "found").all())
    assert test == "test_wrong.py::test_small"
    replay = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest", str(wrong)]
    environment = os.environ | {"HYPOTHESIS_PROFILE": "again"}
    failed = subprocess.run(replay, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1 and "n=500," in failed.stdout.replace("\n", ","), failed.stdout
    wrong.write_text("# touched\n" + WRONG.format(least=501), encoding="utf-8")
    held = subprocess.run(replay, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert held.returncode == 0, held.stdout
    assert len(list(Finds(tmp_path / "found").all())) == 1  # kept, though it holds


def test_exploring_tells_what_failed(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explore(300, [wrong], most=1)
    assert "test_wrong.py ended with 1" in capsys.readouterr().out


def test_the_property_tests_are_found() -> None:
    names = {path.name for path in property_tests()}
    assert len(names) > 20 and "test_reassembly.py" in names
