"""How kernels are compiled, and what they are made of (analyzer/kept.py keeps them).

A kernel is compiled once per machine. Numba notices a change in a kernel's own file but not in a function it calls from
another, so the cache folder of each stage is named after the contents of all that its kernels are made of: new sources, new
folder.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

from analyzer.kept import KernelCache, cache_folder

# What the kernels of each stage that Numba compiles are made of: their own stage's sources and those of the stages they call into.
MADE_OF: Final = {
    "names": ("packets", "flows", "names"),
}

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "boundscheck": False, "error_model": "numpy", "_nrt": False}

F = TypeVar("F", bound=Callable[..., Any])


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


def stage_folder(stage: str) -> Path:
    """Where the compiled kernels of a stage are kept."""
    return cache_folder() / f"{stage}-{source_digest(stage)}"


def all_digests() -> str:
    """A name for the kernels of all stages together."""
    return "-".join(source_digest(stage)[:6] for stage in MADE_OF)


def kernel(function: F) -> F:
    """The function, compiled: no Python objects inside, the interpreter lock released, kept between runs.

    Kernels allocate nothing: their room is given to them. So Numba's reference counting is left out (`_nrt`), which would
    count every array up and down, atomically, at every call: measured, more than half of the names stage's time.
    """
    stage = function.__module__.split(".")[1]
    compiled: Any = numba.njit(**OPTIONS)(function)
    if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        KernelCache.folders[stage] = stage_folder(stage)
        compiled._cache = KernelCache(function)
    return cast(F, compiled)


def inlined(function: F) -> F:
    """A kernel's part that is copied into its callers: for what every packet passes through, where a call would cost more than it does."""
    return cast(F, numba.njit(forceinline=True, **OPTIONS)(function))
