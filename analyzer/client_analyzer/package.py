"""The Client Analyzer's result files as text, from its zip package, an unpacked folder, or one file.

Nothing is unpacked to disk: only the wanted members are read, each up to a limit. A package with member names that lead out of it,
or that unpacks to more than any real one, wasn't made by the analyzer and is refused whole.
"""

from __future__ import annotations

import codecs
import os
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from analyzer.errors import Unusable, unreadable

WANTED: Final = (
    "mdeclientanalyzer.txt",  # SystemInfoLogs\, where the scripts write it
    "mdeclientanalyzerresult.txt",  # as Microsoft's pages name it
    "mdatpclientanalyzerresult.txt",  # older pages, and many translations
    "wdatpconnectivityanalyzer.txt",
    "urlchecklog.txt",  # Tools\: the program's own output
    "psexeclog.txt",
    "mdeclientanalyzer_user.txt",
    "mdeclientanalyzer.xml",
    "mde.xml",  # of Linux and macOS
)
"""File names in lower case; the first one present has the connectivity results."""

MAX_FILE: Final = 16 << 20
"""Bytes of one file. Real ones are below 2 MB; a third-party reader caps at 16 MiB too."""

MAX_PACKAGE: Final = 64 << 20
"""Bytes of all wanted files together: real packages hold some MB of them."""

MAX_MEMBERS: Final = 10_000
"""Members of a package, or files and folders of an unpacked one: real ones hold a few hundred logs."""

MAX_RATIO: Final = 200
"""Largest ratio of a wanted member's size to its compressed size. Logs of repeated lines reach about 30."""

_REMEDY: Final = "name the zip package, the unpacked folder or MDEClientAnalyzer.txt"


@dataclass(frozen=True)
class ResultFile:
    """One file of the results: its name in the package, with slashes, and its text."""

    name: str
    text: str

    @property
    def base(self) -> str:
        """The last part of the name, in lower case."""
        return self.name.rpartition("/")[2].lower()


def read_results(path: str | Path) -> list[ResultFile]:
    """The wanted files at this path, in the order of WANTED.

    path    a zip package (known by its first bytes), a folder, or a single text or XML file of any name
    Errors  Unusable: not there, no result of the analyzer, too large, or a package that no analyzer makes
    """
    where = str(path)
    try:
        if Path(path).is_dir():
            files = list(_all(_in_folder(Path(path), where), where))
        else:
            with Path(path).open("rb") as file:
                is_zip = file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
                file.seek(0)
                files = list(_all(_in_zip(file, where), where)) if is_zip else [ResultFile(Path(path).name, decoded(_capped(file, where)))]
    except Unusable:
        raise
    except OSError as error:
        raise unreadable(error, f"can't be read: {error.strerror or error}", where, _REMEDY) from error
    except ValueError as error:  # a NUL in the name
        raise Unusable(f"can't be read: {error}", where, _REMEDY) from error
    if not files:
        raise Unusable("holds no result of the Client Analyzer", where, _REMEDY)
    return sorted(files, key=lambda file: (WANTED.index(file.base) if file.base in WANTED else 0, file.name))


def _all(files: Iterator[ResultFile], where: str) -> Iterator[ResultFile]:
    """The files, up to a limit for their total size."""
    total = 0
    for file in files:
        total += len(file.text)
        if total > MAX_PACKAGE:
            raise Unusable(f"more than {MAX_PACKAGE:,} bytes of logs: no result of the Client Analyzer is so large", where, _REMEDY)
        yield file


def _in_folder(folder: Path, where: str) -> Iterator[ResultFile]:
    """Wanted files anywhere below the folder; links are skipped because they may lead elsewhere."""
    seen = 0
    for root, folders, names in os.walk(folder):
        seen += len(names) + len(folders)
        if seen > MAX_MEMBERS:
            raise Unusable(f"more than {MAX_MEMBERS:,} files: no result of the Client Analyzer has so many", where, _REMEDY)
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if name.lower() in WANTED and path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    yield ResultFile(path.relative_to(folder).as_posix(), decoded(_capped(file, str(path))))


def _in_zip(file: IO[bytes], where: str) -> Iterator[ResultFile]:
    try:
        with zipfile.ZipFile(file) as package:
            members = package.infolist()
            if len(members) > MAX_MEMBERS:
                raise Unusable(f"{len(members):,} members: no result package has so many", where, _REMEDY)
            names = {member.filename: _member_name(member.filename, where) for member in members}
            for member in members:
                if names[member.filename].rpartition("/")[2].lower() in WANTED:
                    yield ResultFile(names[member.filename], decoded(_member(package, member, where)))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # RuntimeError: it is encrypted
        raise Unusable(f"a zip package that can't be read ({error})", where, "copy it again, without a password") from error


def _member_name(name: str, where: str) -> str:
    """The member's name with slashes: the scripts write backslashes. Errors: Unusable, it leads out of the package."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or plain[1:2] == ":" or ".." in plain.split("/") or "\0" in plain:
        raise Unusable(
            f"a member leads out of the package: {name!r}", where, "don't trust this file: the Client Analyzer doesn't write such names"
        )
    return plain


def _member(package: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> bytes:
    if member.file_size > MAX_FILE or member.file_size > MAX_RATIO * max(member.compress_size, 1024):
        size = f"{member.filename!r} unpacks from {member.compress_size:,} to {member.file_size:,} bytes"
        raise Unusable(f"{size}: no log of the Client Analyzer does", where, "don't trust this file")
    with package.open(member) as file:
        return _capped(file, where)


def _capped(file: IO[bytes], where: str) -> bytes:
    """The file's bytes, if not too many: the size that a package declares for a member may be false."""
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Unusable(f"more than {MAX_FILE:,} bytes: no log of the Client Analyzer is so large", where, _REMEDY)
    return data


def decoded(data: bytes) -> str:
    """The text of a file that PowerShell, cmd or an editor saved: UTF-16 or UTF-8 with or without a BOM, else cp1252; without NULs."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace").replace("\0", "")
    pairs = max(1, len(data) // 2)
    if data[1::2].count(0) > pairs // 2:
        return data.decode("utf-16-le", "replace").replace("\0", "")
    if data[0::2].count(0) > pairs // 2:
        return data.decode("utf-16-be", "replace").replace("\0", "")
    data = data.replace(b"\0", b"")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
