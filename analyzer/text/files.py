"""Files written whole or not at all, and how they are named."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from analyzer.errors import Missing, Unusable
from analyzer.text.urls import check_local


def as_utf8(name: str) -> str:
    """The file name as text that every output can hold: bytes that aren't UTF-8 are spelled `\\xff`."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def check_writable(path: str | Path, inputs: Iterable[object] = ()) -> None:
    """Raise Unusable now, before long work, if a file can't be written there later, or is one of the inputs."""
    check_local(path)
    for entry in inputs:
        if isinstance(entry, str | Path) and Path(path).exists() and Path(entry).exists() and Path(path).samefile(entry):
            raise Unusable("is one of the inputs", str(path), "write somewhere else with -o")
    folder = Path(path).parent
    if not folder.is_dir():
        raise Missing("no such directory", str(folder), "create it or write elsewhere with -o")
    if Path(path).is_dir():
        raise Unusable("is a directory", str(path), "name a file with -o")
    if not os.access(path if Path(path).exists() else folder, os.W_OK):
        raise Unusable("can't be written", str(path), "choose another place with -o")


def write_whole(path: str | Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write the pieces to the file; a run that fails half-way leaves what was there before.

    Pipes and devices are written straight.
    Errors  Unusable: the system refused, with its reason
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as straight:
                straight.writelines(pieces)
            return
        _replace(target.resolve(), pieces)
    except OSError as error:
        raise Unusable(f"can't be written: {error.strerror or error}", str(path), "choose another place with -o") from error


def check_new(path: str | Path) -> None:
    """Raise Unusable now, before long work, if a file is there already or can't be written there later."""
    check_local(path)
    target = Path(path)
    if target.exists() or target.is_symlink():
        raise Unusable(*_there(path))
    check_writable(target)


def write_new(path: str | Path, text: str) -> None:
    """Write a file that isn't there yet, whole or not at all. Errors: Unusable, it is there, or the system refused."""
    target = Path(path)
    check_new(target)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(text.encode("utf-8"))
        Path(name).chmod(0o666 & ~_umask())
        os.link(name, target)  # unlike renaming, this never takes the place of a file that came meanwhile
    except FileExistsError as error:
        raise Unusable(*_there(path)) from error
    except OSError as error:
        raise Unusable(f"can't be written: {error.strerror or error}", str(path), "choose another place with -o") from error
    finally:
        Path(name).unlink(missing_ok=True)


def _there(path: str | Path) -> tuple[str, str, str]:
    return "is there already, and is left as it is", str(path), "name another file with -o"


def _replace(target: Path, pieces: Iterable[bytes | memoryview]) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.writelines(pieces)
        Path(name).chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's mask for new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
