"""Compiled code is loaded where it can be trusted and read, and what can't be loaded is compiled again and kept."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer import kept
from analyzer.kept import KernelCache, NotKept, cache_folder, cleared, only_kept, stranger
from tests.conftest import ROOT


def test_where_compiled_kernels_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/a/cache")
    assert cache_folder() == Path("/a/cache")
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/whichproxy/kernels")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache/whichproxy/kernels"
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert cache_folder() == Path("/nonexistent/.cache/whichproxy/kernels")


SMALL = """
import os, sys, tempfile
import numpy as np
if sys.argv[1] == "refuse":
    def refused(*args, **options):
        raise OSError(30, "Read-only file system")
    os.mkdir = os.makedirs = tempfile.TemporaryFile = refused
from analyzer.names.uri import authority_parts
print(*authority_parts(np.frombuffer(b"a.example:443", np.uint8), 0, 13), "numba.np.npyimpl" in sys.modules)
"""


@pytest.mark.parametrize(("place", "refuse", "told"), [("/proc/none", "", "0 9 443 True"), ("kept", "refuse", "0 9 443 False")])
def test_a_place_that_cannot_be_written_still_gives_what_is_in_it(place: str, refuse: str, told: str, tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / place)}
    for last in (False, True):
        command = [sys.executable, "-c", SMALL, refuse if last else ""]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == told


def told_by(package_root: Path, folder: Path) -> tuple[str, bool]:
    """What one kernel says in a process of its own, and whether it was compiled for it."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(package_root)}
    command = [sys.executable, "-c", SMALL, ""]
    done = subprocess.run(command, cwd=package_root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, _, compiled = done.stdout.strip().rpartition(" ")
    return said, compiled == "True"


SAID = "0 9 443"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with one kernel in it."""
    folder = tmp_path_factory.mktemp("kernels") / "cache"
    assert told_by(ROOT, folder) == (SAID, True) and told_by(ROOT, folder) == (SAID, False)
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    shutil.copytree(filled, tmp_path / "cache")
    return tmp_path / "cache"


def spoil_empty(path: Path) -> None:
    path.write_bytes(b"")


def spoil_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_text(path: Path) -> None:
    path.write_bytes(b"this is no kernel")


def spoil_type(path: Path) -> None:
    """Something that can be unpickled and is no kernel: for an index, behind its version."""
    import numba

    path.write_bytes((pickle.dumps(numba.__version__) if path.suffix == ".nbi" else b"") + pickle.dumps(["no", "kernel", 7]))


def spoil_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [spoil_empty, spoil_cut, spoil_text, spoil_type, spoil_folder])
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_what_cannot_be_loaded_is_compiled_and_kept_again(spoil: object, suffix: str, folder: Path) -> None:
    spoilt = [path for path in folder.rglob(f"*{suffix}") if path.is_file()]
    assert spoilt
    for path in spoilt:
        spoil(path)  # type: ignore[operator]
    assert told_by(ROOT, folder) == (SAID, True)
    assert told_by(ROOT, folder) == (SAID, spoil is spoil_folder)  # what can't be replaced stays


def test_two_installations_of_one_version_share(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "analyzer", tmp_path / "analyzer", ignore=shutil.ignore_patterns("__pycache__"))
    assert told_by(tmp_path, filled) == (SAID, False)


@pytest.mark.parametrize("place", [".", "names-*", "names-*/*.nbi", "names-*/*.nbc"])
def test_what_another_user_can_write_is_not_loaded(place: str, folder: Path) -> None:
    for at in [folder] if place == "." else sorted(folder.glob(place)):
        at.chmod(at.stat().st_mode | 0o020)
    assert told_by(ROOT, folder) == (SAID, True)


def test_whatever_the_umask_only_its_user_writes(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert told_by(ROOT, tmp_path / "a" / "cache") == (SAID, True)
    finally:
        os.umask(before)
    assert told_by(ROOT, tmp_path / "a" / "cache") == (SAID, False)


@pytest.fixture
def stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the kernel's stage, in the cache in use."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    (stage,) = folder.glob("names-*")
    yield stage
    kept._stranger.cache_clear()


def test_who_is_a_stranger(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stranger(stage) is None and stranger(stage / "none") is None
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000)
    mine = stage.stat().st_uid
    assert stranger(stage) == (None if mine == 0 else f"{cache_folder()} belongs to user {mine}")  # root's is everybody's
    monkeypatch.undo()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", [".", "names-*", "names-*/*.nbc"])
def test_root_loads_nobodys(place: str, folder: Path) -> None:
    for at in [folder] if place == "." else sorted(folder.glob(place)):
        os.chown(at, 65534, 65534)
    assert told_by(ROOT, folder) == (SAID, True)


def test_what_strangers_could_write_is_cleared(stage: Path) -> None:
    cache_folder().chmod(0o777)
    (stage / "x").write_bytes(b"")
    assert stranger(stage) == f"{cache_folder()} can be written by other users"
    cleared([stage])
    assert not stage.exists() and cache_folder().stat().st_mode & 0o777 == 0o755
    stage.mkdir()
    cleared([stage])
    assert stage.exists()


def test_only_what_is_kept(stage: Path) -> None:
    def one(a: int) -> int:
        return a

    one.__module__ = "analyzer.names.uri"
    from analyzer.kernels import kernel

    compiled = kernel(one)
    with only_kept(), pytest.raises(NotKept, match="one"):
        compiled(1)
    assert not KernelCache.only and compiled(1) == 1
