"""How kernels are compiled, and where the compiled code is kept.

A kernel is compiled once per machine. Numba notices a change in a kernel's own file but not in a function it calls from
another, so the cache folder is named after the contents of every file that holds kernels: new sources, new folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

KERNEL_FOLDERS = ("packets", "flows", "names", "capture")

F = TypeVar("F", bound=Callable[..., Any])


def source_digest() -> str:
    """A short digest of every kernel's source text and of the versions that compile it."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{numba.__version__} {sys.version_info[:3]}".encode())
    root = Path(__file__).parent
    for folder in KERNEL_FOLDERS:
        for path in sorted((root / folder).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where compiled kernels are kept: below $NUMBA_CACHE_DIR, $XDG_CACHE_HOME or ~/.cache, one folder per set of sources."""
    base = os.environ.get("NUMBA_CACHE_DIR")
    if base is None:
        base = str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whichproxy" / "kernels")
    return Path(base) / source_digest()


numba.config.CACHE_DIR = str(cache_folder())


def kernel(function: F) -> F:
    """The function, compiled: no Python objects inside, the interpreter lock released, kept between runs.

    Kernels allocate nothing: their room is given to them. So Numba's reference counting is left out (`_nrt`), which would
    count every array up and down, atomically, at every call: measured, more than half of the names stage's time.
    """
    return cast(F, numba.njit(cache=True, nogil=True, boundscheck=False, error_model="numpy", _nrt=False)(function))


def inlined(function: F) -> F:
    """A kernel's part that is copied into its callers: for what every packet passes through, where a call would cost more than it does."""
    return cast(F, numba.njit(nogil=True, boundscheck=False, error_model="numpy", forceinline=True, _nrt=False)(function))
