"""How kernels are compiled, and where the compiled code is kept.

A kernel is compiled once per machine. Numba notices a change in a kernel's own file but not in a function it calls from
another, so the cache folder of each stage is named after the contents of all that its kernels are made of: new sources, new
folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar, cast

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator

# What the kernels of each stage are made of: their own stage's sources and those of the stages they call into.
MADE_OF: Final = {
    "packets": ("packets",),
    "capture": ("packets", "capture"),
    "flows": ("packets", "flows"),
    "names": ("packets", "flows", "names"),
}

OPTIONS: Final[dict[str, Any]] = {"nogil": True, "boundscheck": False, "error_model": "numpy", "_nrt": False}

NO_HOME: Final = Path("/nonexistent")  # Debian's home of users without one

F = TypeVar("F", bound=Callable[..., Any])


class Place(UserProvidedCacheLocator):
    """The cache folder, whether or not it can be written: what is in it already can be loaded all the same."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Place:
        return cls(py_func, py_file)


class Kept(CompileResultCacheImpl):
    """What is kept of a kernel, in its Place."""

    _locator_classes: ClassVar = [Place]  # type: ignore[misc]  # Numba sets it on the class as well


class KernelCache(FunctionCache):
    """Numba's cache, but a kernel that is found in it is loaded without what compiling needs: 0.4 s of every start (measured).

    A kernel that isn't found is compiled, and the compiler itself loads what it needs. Where nothing can be written, on a
    read-only root or for a user without a home, it is compiled anew by every process: `whichproxy doctor` says so.
    """

    _impl_class = Kept

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]

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
    """Where compiled kernels are kept: $NUMBA_CACHE_DIR, else in $XDG_CACHE_HOME or ~/.cache, writable or not."""
    given, cache = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else (Path(cache) if cache else _home() / ".cache") / "whichproxy" / "kernels"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user that the system doesn't know
        return NO_HOME


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
