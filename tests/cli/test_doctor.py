"""What works here and what mends the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli import doctor
from analyzer.cli.outcome import UNUSABLE
from analyzer.compiled import PLAIN, STAGES, build
from tests.cli.conftest import Whichproxy


def test_every_part_is_named_with_its_state(whichproxy: Whichproxy) -> None:
    ended = whichproxy("doctor")
    parts = {line[9:].split("  ")[0].strip(): line.split()[0] for line in ended.out.splitlines()}
    assert list(parts) == [
        "python",
        "packages",
        "tshark",
        "dumpcap",
        "privilege to capture",
        "extra notebook",
        "extra remote",
        "extra cluster",
        "extra pac",
        "compiled",
    ]
    assert parts["packages"] == "ok" and ended.code == 0
    assert all("mend it: " in line for line in ended.out.splitlines() if not line.startswith("ok"))


def test_something_required_that_is_broken_is_1(monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    monkeypatch.setattr(doctor, "REQUIRED", ("numpy", "no_such_package"))
    ended = whichproxy("doctor")
    assert ended.code == 1
    assert "broken   no_such_package" in ended.out and "pip install --force-reinstall no_such_package" in ended.out


def test_optional_parts_that_are_missing_are_0(monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = whichproxy("doctor")
    assert ended.code == 0
    assert "missing  tshark" in ended.out and "missing  dumpcap" in ended.out


def test_kernels_that_run_as_plain_python_are_listed_with_what_mends_it(
    monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy, tmp_path: Path
) -> None:
    assert f"ok       compiled              {', '.join(STAGES)}\n" in whichproxy("doctor").out
    monkeypatch.setattr("analyzer.compiled.not_compiled", lambda: {"flows": "they weren't built"})
    slow = "missing  compiled              flows run as plain Python, SLOWLY: they weren't built; mend it: "
    assert f"{slow}whichproxy doctor --warm\n" in whichproxy("doctor").out
    monkeypatch.setenv("PATH", str(tmp_path))
    assert " (and python3-dev), then whichproxy doctor --warm\n" in whichproxy("doctor").out
    monkeypatch.setenv(PLAIN, "1")
    assert f"{slow}unset {PLAIN}\n" in whichproxy("doctor", "--warm").out


def test_warm_compiles_what_is_not(monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    missing = {"flows": "they weren't built"}
    monkeypatch.setattr("analyzer.compiled.not_compiled", lambda: missing)
    monkeypatch.setattr(build, "in_place", missing.clear)
    ended = whichproxy("doctor", "--warm")
    assert ended.code == 0 and "ok       compiled" in ended.out
    assert ended.lines == ["whichproxy: compiling the kernels; this takes half a minute"]


def test_warm_needs_cython(monkeypatch: pytest.MonkeyPatch, whichproxy: Whichproxy) -> None:
    def lacking() -> None:
        raise ModuleNotFoundError(name="Cython")

    monkeypatch.setattr("analyzer.compiled.not_compiled", lambda: {"flows": "they weren't built"})
    monkeypatch.setattr(build, "in_place", lacking)
    ended = whichproxy("doctor", "--warm")
    assert ended.code == UNUSABLE and ended.out == ""
    assert (
        ended.lines[-1].startswith("whichproxy: kernels: Cython isn't installed; ") and "pip install cython setuptools" in ended.lines[-1]
    )


def test_the_privilege_of_a_user_is_dumpcaps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    dumpcap = tmp_path / "dumpcap"
    dumpcap.write_text("#!/bin/sh\n", encoding="ascii")
    dumpcap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor._privilege() == (
        "privilege to capture",
        "missing",
        f"{dumpcap} lacks it",
        f"sudo setcap cap_net_raw,cap_net_admin+eip {dumpcap}",
    )
    dumpcap.chmod(0o4755)
    assert doctor._privilege().state == "ok"
