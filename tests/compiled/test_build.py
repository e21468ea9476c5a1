"""The kernels are built where there is a compiler, and nothing breaks where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer.compiled import build
from analyzer.compiled.units import UNITS
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """The folder with the C text of every stage, and its extension. What was translated for these kernels already isn't again."""
    folder = tmp_path_factory.mktemp("units") / "units"
    if (ROOT / "build" / "units").is_dir():
        shutil.copytree(ROOT / "build" / "units", folder)
    return folder, build.extensions(folder)


def test_a_stage_is_one_extension_that_any_python_from_3_11_loads(made: tuple[Path, list[Any]]) -> None:
    _, extensions = made
    assert [extension.name for extension in extensions] == [f"analyzer.compiled._{stage}" for stage in UNITS]
    assert all(extension.optional for extension in extensions)
    if build.LIMITED:
        assert all(extension.py_limited_api and ("Py_LIMITED_API", "0x030B0000") in extension.define_macros for extension in extensions)
        assert all(list((ROOT / "analyzer" / "compiled").glob(f"_{stage}.*abi3*")) for stage in UNITS) or os.name == "nt"


def test_without_a_compiler_the_build_ends_and_leaves_plain_python(made: tuple[Path, list[Any]], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "analyzer", tmp_path / "analyzer", ignore=shutil.ignore_patterns("__pycache__", "_*.so", "_*.pyd"))
    shutil.copytree(made[0], tmp_path / "build" / "units")
    shutil.copy(ROOT / "setup.py", tmp_path)
    environment = os.environ | {"CC": "/bin/false", "PYTHONPATH": ""}
    command = [sys.executable, "-m", "analyzer.compiled.build"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert not [path for path in (tmp_path / "analyzer" / "compiled").iterdir() if path.suffix in (".so", ".pyd")]
