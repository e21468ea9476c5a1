"""Purpose: compiled code is found again exactly as long as nothing it is made of has changed, and it holds no objects."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from analyzer.kernels import MADE_OF, all_digests, inlined, kernel, source_digest
from analyzer.names.fields import u32
from tests.conftest import ROOT


def digests_of(package: Path) -> dict[str, str]:
    """What a copy of the package calls its kernels."""
    code = "from analyzer.kernels import MADE_OF, source_digest\nprint(*(f'{stage}={source_digest(stage)}' for stage in MADE_OF))"
    done = subprocess.run([sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True)
    return dict(word.split("=") for word in done.stdout.split())


def test_a_changed_source_makes_new_kernels_of_its_stage_and_those_behind_it(tmp_path: Path) -> None:
    package = tmp_path / "analyzer"
    shutil.copytree(ROOT / "analyzer", package, ignore=shutil.ignore_patterns("__pycache__"))
    before = digests_of(package)
    assert before == {stage: source_digest(stage) for stage in MADE_OF}
    changed = package / "flows" / "keys.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    after = digests_of(package)
    assert {stage for stage in MADE_OF if before[stage] != after[stage]} == {"flows", "names"}
    changed = package / "packets" / "layout.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    last = digests_of(package)
    assert {stage for stage in MADE_OF if after[stage] != last[stage]} == set(MADE_OF)


def test_every_stage_with_kernels_says_what_they_are_made_of() -> None:
    folders = {path.parent.name for path in (ROOT / "analyzer").glob("*/*.py") if "kernels import " in path.read_text(encoding="utf-8")}
    assert folders == set(MADE_OF)
    for stage, parts in MADE_OF.items():
        sources = [path.read_text(encoding="utf-8") for path in (ROOT / "analyzer" / stage).glob("*.py")]
        text = "".join(source for source in sources if "@kernel" in source)
        needed = {other for other in MADE_OF if f"from analyzer.{other}." in text}
        assert needed <= set(parts), f"{stage} calls into {needed - set(parts)}"


def test_one_name_for_all() -> None:
    assert all_digests().count("-") == len(MADE_OF) - 1


def test_kernels_keep_no_objects_and_stop_at_no_lock() -> None:
    def packed(buf, at):  # type: ignore[no-untyped-def]
        return u32(buf, at)

    packed.__module__ = "analyzer.names.fields"
    compiled = kernel(packed)
    assert compiled.targetoptions["nogil"] and not compiled.targetoptions["_nrt"]  # type: ignore[attr-defined]
    assert inlined(lambda a: a + 1).targetoptions["forceinline"]  # type: ignore[attr-defined]
    assert int(u32(np.frombuffer(b"\1\2\3\4", np.uint8), 0)) == 0x01020304


def test_what_is_found_compiled_loads_nothing_to_compile_with(root: Path) -> None:
    """Everything that Numba's compiler needs takes as long to load as a small capture to read."""
    code = "import sys, analyzer; print(len(analyzer.read(sys.argv[1]).flows), 'numba.np.npyimpl' in sys.modules)"
    command = [sys.executable, "-c", code, str(root / "captures" / "T4-static.pcapng")]
    for _ in range(2):  # the first time may be what compiles
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    n, compiles = done.stdout.split()
    assert int(n) > 0 and compiles == "False"
