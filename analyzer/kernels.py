"""How kernels are compiled, and where the compiled code is kept.

A kernel is compiled once per machine. Numba notices a change in a kernel's own file but not in a function it calls from
another, so the cache folder of each stage is named after the contents of all that its kernels are made of: new sources, new
folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

# What the kernels of each stage are made of: their own stage's sources and those of the stages they call into.
MADE_OF: Final = {
    "packets": ("packets",),
    "capture": ("packets", "capture"),
    "flows": ("packets", "flows"),
    "names": ("packets", "flows", "names"),
}

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "boundscheck": False, "error_model": "numpy", "_nrt": False}

F = TypeVar("F", bound=Callable[..., Any])


class KernelCache(FunctionCache):
    """Numba's cache, but a kernel that is found in it is loaded without what compiling needs: 0.4 s of every start (measured).

    A kernel that isn't found is compiled, and the compiler itself loads what it needs.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]


@cache
def source_digest(stage: str) -> str:
    """A short digest of what a stage's kernels are made of, and of the versions that compile them."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {sys.version_info[:3]}".encode())
    root = Path(__file__).parent
    digest.update(Path(__file__).read_bytes())
    for folder in MADE_OF[stage]:
        for path in sorted((root / folder).glob("*.py")):
            text = path.read_bytes()
            if b"kernel" in text or b": Final = " in text:  # kernels, and the constants that are compiled into them
                digest.update(path.name.encode())
                digest.update(text)
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where compiled kernels are kept: $NUMBA_CACHE_DIR, else in $XDG_CACHE_HOME or ~/.cache."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whichproxy" / "kernels"


def all_digests() -> str:
    """A name for the kernels of all stages together."""
    return "-".join(source_digest(stage)[:6] for stage in MADE_OF)


def kernel(function: F) -> F:
    """The function, compiled: no Python objects inside, the interpreter lock released, kept between runs.

    Kernels allocate nothing: their room is given to them. So Numba's reference counting is left out (`_nrt`), which would
    count every array up and down, atomically, at every call: measured, more than half of the names stage's time.
    """
    stage = function.__module__.split(".")[1]
    numba.config.CACHE_DIR = str(cache_folder() / f"{stage}-{source_digest(stage)}")  # type: ignore[attr-defined]
    compiled: Any = numba.njit(**OPTIONS)(function)
    if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        compiled._cache = KernelCache(function)  # type: ignore[no-untyped-call]
    return cast(F, compiled)


def inlined(function: F) -> F:
    """A kernel's part that is copied into its callers: for what every packet passes through, where a call would cost more than it does."""
    return cast(F, numba.njit(forceinline=True, **OPTIONS)(function))
