"""Captures that people put into one file: the members of a zip or tar archive, read where they lie, never unpacked.

Members are opened by their place in the archive. A name in it is only ever shown, so it can lead nowhere. What opens archives is loaded
with the first one (7 ms).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from analyzer.capture.compressed import compression_of
from analyzer.errors import Unusable

if TYPE_CHECKING:
    import tarfile
    import zipfile

ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
TAR_MAGIC: Final = b"ustar"
TAR_MAGIC_AT: Final = 257
HEAD: Final = 512

# A day of ring files is hundreds; an archive of more is asked for in parts.
MAX_MEMBERS: Final = 10_000


def broken() -> tuple[type[Exception], ...]:
    """What the standard library raises of an archive that is cut, changed, encrypted or compressed in a way it doesn't know."""
    import tarfile
    import zipfile
    import zlib

    return OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError


class ArchivePlace(Protocol):
    """Where an archive lies: a path, or an object behind a URL."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """Its bytes, from anywhere in it."""
        ...


class Member(NamedTuple):
    """A file in an archive: its place among the others, its name as it stands there, its size unpacked."""

    place: int
    name: str
    size: int


def head_of(place: ArchivePlace) -> bytes:
    """What the file begins with, as much as `kind_of_archive` looks at."""
    with place.open("rb") as file:
        return file.read(HEAD)


def kind_of_archive(place: ArchivePlace, head: bytes) -> str | None:
    """zip or tar (compressed perhaps), by what the file begins with; None for any other."""
    if head[:4] in ZIP:
        return "zip"
    if head[TAR_MAGIC_AT : TAR_MAGIC_AT + 5] == TAR_MAGIC:
        return "tar"
    if compression_of(head) in ("gzip", "bzip2", "xz"):
        try:
            with _opened(place, "tar"):
                return "tar"
        except broken():
            return None
    return None


def members_of(place: ArchivePlace, kind: str, name: str) -> list[Member]:
    """The files in the archive of that name, in its order. Errors: Unusable."""
    import zipfile

    try:
        with _opened(place, kind) as archive:
            if isinstance(archive, zipfile.ZipFile):
                found = [Member(i, one.filename, one.file_size) for i, one in enumerate(archive.infolist()) if not one.is_dir()]
            else:
                found = [Member(i, one.name, one.size) for i, one in enumerate(archive) if one.isfile()]
    except broken() as error:
        raise Unusable(f"the archive can't be read ({error})", name, "unpack it, and give the captures") from error
    if len(found) > MAX_MEMBERS:
        raise Unusable(f"the archive has more than {MAX_MEMBERS:,} files", name, "unpack it, and give the captures")
    return found


@contextmanager
def opened_member(where: ArchivePlace, kind: str, place: int) -> Iterator[IO[bytes]]:
    """The bytes of one member. Errors: those of broken(), also while it is read."""
    import zipfile

    with _opened(where, kind) as archive:
        if isinstance(archive, zipfile.ZipFile):
            with archive.open(archive.infolist()[place]) as file:
                yield file
        else:
            for i, one in enumerate(archive):
                if i == place:
                    file_in_tar = archive.extractfile(one)
                    assert file_in_tar is not None  # it is a regular file
                    with file_in_tar:
                        yield file_in_tar
                    return


@contextmanager
def _opened(place: ArchivePlace, kind: str) -> Iterator[zipfile.ZipFile | tarfile.TarFile]:
    import tarfile
    import zipfile

    with ExitStack() as held:
        file = held.enter_context(place.open("rb"))
        if isinstance(file, io.RawIOBase):  # which may give fewer bytes than it is asked for
            file = held.enter_context(io.BufferedReader(file))
        if kind == "zip":
            yield held.enter_context(zipfile.ZipFile(file))
        else:
            yield held.enter_context(tarfile.open(fileobj=file, mode="r:*"))


def located(name: str) -> tuple[Path, str, int] | None:
    """(the archive's path, its kind, the member's place) of a capture named ARCHIVE/NAME; None for any other name."""
    for path in Path(name).parents:
        if path.is_file():
            kind = kind_of_archive(path, head_of(path))
            for member in members_of(path, kind, str(path)) if kind is not None else ():
                if f"{path}/{member.name}" == name and kind is not None:
                    return path, kind, member.place
    return None
