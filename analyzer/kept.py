"""Compiled kernels on disk: where they are kept, whose they have to be, and how they are loaded and saved.

A kernel that isn't found, can't be read, or lies where somebody else could have put it, is compiled anew. The folder of a stage
is named after what its kernels are made of, so two installations of one version use the same files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, ClassVar, Final

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator

NO_HOME: Final = Path("/nonexistent")  # Debian's home of users without one
OTHERS_WRITE: Final = 0o022
ROOT: Final = 0


class NotKept(Exception):
    """A kernel had to be compiled, where only what is kept was wanted; its text is the kernel's name."""


def cache_folder() -> Path:
    """Where compiled kernels are kept: $NUMBA_CACHE_DIR, else where the system keeps what can be made again, writable or not.

    That is $XDG_CACHE_HOME or ~/.cache; on macOS ~/Library/Caches, on Windows %LOCALAPPDATA%.
    """
    given, cache = os.environ.get("NUMBA_CACHE_DIR"), os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    if not cache and sys.platform in ("darwin", "win32"):
        from platformdirs import user_cache_path

        return user_cache_path("whichproxy", appauthor=False) / "kernels"
    return (Path(cache) if cache else _home() / ".cache") / "whichproxy" / "kernels"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user that the system doesn't know
        return NO_HOME


def stranger(folder: Path) -> str | None:
    """Why what lies in this folder of the cache isn't loaded: another user owns or can write it, or the cache. None: it is.

    The compiled code is loaded as it is. Root's is taken by everybody, and root takes nobody's but its own.
    """
    if not hasattr(os, "geteuid"):  # Windows: a profile's folder is its user's
        return None
    try:
        for place in (cache_folder(), folder, *folder.iterdir()):
            with contextlib.suppress(FileNotFoundError):  # a file that was being written
                about = place.stat() if place.is_dir() else place.lstat()
                if about.st_uid not in (ROOT, os.geteuid()):
                    return f"{place} belongs to user {about.st_uid}"
                if about.st_mode & OTHERS_WRITE:
                    return f"{place} can be written by other users"
    except FileNotFoundError:  # no such folder: nothing to load
        return None
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


_stranger = cache(stranger)  # once for each folder and process: a run loads a hundred kernels


def cleared(folders: list[Path]) -> None:
    """Take away the folders of which it isn't sure who filled them, and other users' right to write to the cache.

    Errors  OSError: it is another user's
    """
    for folder in folders:
        if stranger(folder) is not None:
            shutil.rmtree(folder, ignore_errors=not folder.exists())
    if cache_folder().exists() and cache_folder().stat().st_mode & OTHERS_WRITE:
        cache_folder().chmod(cache_folder().stat().st_mode & 0o7777 & ~OTHERS_WRITE)
    _stranger.cache_clear()


class Place(UserProvidedCacheLocator):
    """A stage's folder in the cache, whether or not it can be written: what is in it already can be loaded all the same."""

    def __init__(self, py_func: Any, folder: Path) -> None:
        self._lineno = py_func.__code__.co_firstlineno
        self._folder = folder

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._folder.name  # it is named after the sources

    def ensure_cache_path(self) -> None:
        for part in (*reversed(self._folder.parents), self._folder):
            if not part.exists():
                part.mkdir(mode=0o755, exist_ok=True)  # where a umask lets a group write, too

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Place:
        return cls(py_func, KernelCache.folders[py_func.__module__.split(".")[1]])


class Kept(CompileResultCacheImpl):
    """What is kept of a kernel, in its Place."""

    _locator_classes: ClassVar = [Place]  # type: ignore[misc]  # Numba sets it on the class as well


class Files(IndexDataCacheFile):
    """A kernel's files, which only their user writes."""

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[IO[bytes]]:
        with super()._open_for_write(filepath) as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & 0o7777 & ~OTHERS_WRITE)
            yield file


class KernelCache(FunctionCache):
    """Numba's cache, but a kernel that is found in it is loaded without what compiling needs: 0.4 s of every start (measured).

    A kernel that isn't found is compiled, and the compiler itself loads what it needs. Where nothing can be written, on a
    read-only root or for a user without a home, it is compiled anew by every process: `whichproxy doctor` says so.

    folders  stage → where its kernels are kept
    only     True: a kernel that isn't kept raises NotKept
    """

    _impl_class = Kept
    folders: ClassVar[dict[str, Path]] = {}
    only: ClassVar = False

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)  # type: ignore[no-untyped-call]
        place = self._impl.locator
        self._cache_file = Files(place.get_cache_path(), self._impl.filename_base, place.get_source_stamp())  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = None
        if _stranger(Path(self.cache_path)) is None:
            try:
                with self._guard_against_spurious_io_errors():
                    found = self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
            except Exception:  # noqa: BLE001 - whatever stands in the file instead of a kernel: then there is none
                found = None
        if found is None and KernelCache.only:
            raise NotKept(self._impl.filename_base)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        if _stranger(Path(self.cache_path)) is not None:
            return
        with contextlib.suppress(OSError):
            try:
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]
            except Exception:  # noqa: BLE001 - the list of what is kept can't be read: a new one is begun
                self.flush()  # type: ignore[no-untyped-call]
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def only_kept() -> Iterator[None]:
    """While it is entered, a kernel that isn't kept raises NotKept instead of being compiled."""
    KernelCache.only = True
    try:
        yield
    finally:
        KernelCache.only = False
