"""`make sanitize`: the kernels with ASan and UBSan in them, over damaged frames, captures and streams.

Those say where memory is touched that isn't the kernel's, and where C leaves open what comes out. It takes GCC on Linux.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.compiled.test_kernel import TABLES
from tests.conftest import ROOT

HOME = ROOT / "build" / "sanitized"
# Arrays of bytes may lie over rows, wherever these begin.
SANITIZE = "-fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined"


def main() -> int:
    """0 when the sanitizers find nothing, and what is read is what the kernels here read."""
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.copytree(ROOT / "analyzer", HOME / "analyzer", ignore=shutil.ignore_patterns("__pycache__", "_*.so"))
    flags = {"CFLAGS": f"{SANITIZE} -fno-omit-frame-pointer -g1", "LDFLAGS": SANITIZE}
    subprocess.run(
        [sys.executable, "-m", "analyzer.compiled.build"], cwd=HOME, env=os.environ | flags, stdout=subprocess.DEVNULL, check=True
    )
    libraries = [subprocess.check_output(["gcc", f"-print-file-name=lib{name}.so"], text=True).strip() for name in ("asan", "ubsan")]
    # What Python still has when it ends is no leak of the kernels'.
    watched = {"LD_PRELOAD": " ".join(libraries), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONPATH": f"{HOME}{os.pathsep}{ROOT}"}
    theirs, ours = said_in(HOME, **watched), said_in(ROOT)
    if theirs.returncode or theirs.stdout != ours.stdout:
        print(theirs.stderr, theirs.stdout, ours.stderr, ours.stdout, sep="\n", file=sys.stderr)
        return 1
    print("nothing found")
    return 0


def said_in(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the kernels of the analyzer in this folder make of damaged input."""
    command = [sys.executable, "-c", TABLES]
    return subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
