"""Captures in a zip or tar archive, read in place, never unpacked.

Members are opened by their index. A member's name is only displayed, never used as a path. The archive modules are imported when the
first archive is opened (7 ms).
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

# A day of ring files is hundreds; larger archives must be given in parts.
MAX_MEMBERS: Final = 10_000


def broken() -> tuple[type[Exception], ...]:
    """The exceptions that the standard library raises for an archive that is cut, changed, encrypted or compressed in an unknown way."""
    import tarfile
    import zipfile
    import zlib

    return OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError


class ArchivePlace(Protocol):
    """The location of an archive: a path, or an object behind a URL."""

    def open(self, mode: Literal["rb"]) -> IO[bytes]:
        """A seekable stream of its bytes."""
        ...


class Member(NamedTuple):
    """A file in an archive: its index, its name in the archive, its uncompressed size."""

    place: int
    name: str
    size: int


def head_of(place: ArchivePlace) -> bytes:
    """The file's first bytes, as many as `kind_of_archive` reads."""
    with place.open("rb") as file:
        return file.read(HEAD)


def kind_of_archive(place: ArchivePlace, head: bytes) -> str | None:
    """zip or tar (possibly compressed), by the file's first bytes; None for any other."""
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
        if isinstance(file, io.RawIOBase):  # read() may return fewer bytes than requested
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
