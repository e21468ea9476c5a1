"""Finds the inputs: paths, URLs, globs, directories, archives, "-" and file objects become sources, each once."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from analyzer.capture.archive import HEAD, head_of, kind_of_archive, members_of
from analyzer.capture.source import STDIN, Identity, Input, Source
from analyzer.errors import Missing, Unusable, unreadable
from analyzer.text.globs import expanded
from analyzer.text.urls import is_url, shown

if TYPE_CHECKING:
    from analyzer.capture.remote import Remote

FILE: Final = "file://"

# Number of objects whose first bytes are requested at once: a store answers each after some 30 ms, and all together no later.
ASKED_AHEAD: Final = 32

KEPT: Final = 64 << 20
"""Bytes of small files that are kept after checking them, so that each is opened once."""

RESULTS: Final = (b"whichproxy part ", b"PAR1")
"""First bytes of parts and Parquet files: results of captures that were read before."""


@dataclass
class Inputs:
    """The inputs that can be read, an error for each that can't, and the number of files in directories that are no captures.

    results   paths of the parts and flow tables among them
    kept      bytes of small files kept in memory until they are read
    """

    sources: list[Source] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    skipped: int = 0
    kept: int = 0


def open_inputs(inputs: Sequence[Input], vxlan_ports: tuple[int, ...] = ()) -> Inputs:
    """Every capture that `inputs` name: paths, URLs, globs, directories (recursive), "-" for standard input, binary file objects.

    A named file that is no capture is an error; in a directory it is skipped and counted. Every capture in an archive (zip, tar) is
    read, as ARCHIVE/NAME. A file named twice is read once. vxlan_ports: of all sources (Source.vxlan_ports).
    """
    found = Inputs()
    seen: set[Identity] = set()
    for given in inputs:
        if not isinstance(given, str | os.PathLike):
            found.sources.append(Source(shown(str(getattr(given, "name", "stream"))), file=given))
        elif os.fspath(given) == STDIN:
            found.sources.append(Source(STDIN, file=sys.stdin.buffer))
        elif is_url(os.fspath(given)) and not os.fspath(given).startswith(FILE):
            _add_url(os.fspath(given), found, seen)
        else:
            _add_path(os.fspath(given), found, seen)
    for source in found.sources:
        source.vxlan_ports = vxlan_ports
    return found


def _add_url(given: str, found: Inputs, seen: set[Identity]) -> None:
    from analyzer.capture.urls import named_by

    try:
        for named in named_by(given):
            captures = []
            for i, remote in enumerate(named.objects):
                for later in named.objects[i : i + ASKED_AHEAD]:
                    later.ask()
                captures.append(_add_file(remote.name, remote, found, seen, named=named.folder is None))
                remote.rest()
            if named.folder is not None and not any(captures):
                found.unusable.append(Unusable("no capture in this directory", named.folder))
    except Unusable as error:
        found.unusable.append(error)


def _add_path(given: str, found: Inputs, seen: set[Identity]) -> None:
    if given.startswith(FILE):
        from urllib.request import url2pathname

        given = url2pathname(urlsplit(given).path)
    names = [given]
    if glob.has_magic(given) and not os.path.lexists(given):
        names = expanded(given)
    if not names:
        found.unusable.append(Missing("no such file or directory", given, "check the path"))
    for name in names:
        if os.path.isdir(name):  # noqa: PTH112  # Path.is_dir raises for names that no file can have
            captures = [_add_file(str(p), p, found, seen, named=False) for p in sorted(p for p in Path(name).rglob("*") if p.is_file())]
            if not any(captures):
                found.unusable.append(Unusable("no capture in this directory", name))
        else:
            _add_file(name, Path(name), found, seen, named=True)


def _add_file(name: str, place: Path | Remote, found: Inputs, seen: set[Identity], *, named: bool) -> bool:
    """Whether it is a capture or an archive of captures (found before or not), a part or a flow table."""
    try:
        # Opened here to check it; all but small files are opened again when they are read: ten thousand files can't stay open.
        with place.open("rb") if isinstance(place, Path) and place.is_file() else nullcontext() as file:
            head = b"" if file is None else file.read(HEAD)
            if isinstance(place, Path) and head.startswith(RESULTS):
                identity = Source(name, place).identity()
                found.results += [] if identity in seen else [name]
                seen.add(identity)
                return True
            sources = _captures_at(name, place, head)
            known = [source.identity() in seen for source in sources]
            for source, is_known in zip(sources, known, strict=True):
                if not is_known:
                    if file is not None:
                        file.seek(0)
                    found.kept += source.check(file, KEPT - found.kept)
    except Unusable as error:
        if named:
            found.unusable.append(error)
        else:
            found.skipped += 1
        return False
    except OSError as error:
        found.unusable.append(unreadable(error, error.strerror or str(error), name))
        return False
    except ValueError as error:  # a NUL in the name
        found.unusable.append(Unusable(str(error), name))
        return False
    for source, is_known in zip(sources, known, strict=True):
        if not is_known:
            seen.add(source.identity())
            found.sources.append(source)
    return True


def no_results(found: Inputs) -> Inputs:
    """The inputs, with an error for each part and flow table: they hold no packets."""
    what = "it holds flows, and packets are needed"
    found.unusable += [Unusable(what, name, "whichproxy report, flows and merge read it") for name in found.results]
    found.results = []
    return found


def _captures_at(name: str, place: Path | Remote, head: bytes) -> list[Source]:
    """The file as a source, or the captures in it if it is an archive. Errors: Unusable, and for a path OSError and ValueError.

    head   first bytes of a regular file; empty for anything else
    """
    if isinstance(place, Path):
        archive = kind_of_archive(place, head)
        whole = Source(name, place)
    else:
        place.begin()
        archive = kind_of_archive(place, head_of(place))
        whole = Source(name, remote=place)
    return [whole] if archive is None else _captures_in(name, place, archive)


def _captures_in(name: str, place: Path | Remote, archive: str) -> list[Source]:
    """The captures in an archive, which may hold other files too. Errors: Unusable, it holds none or can't be read."""
    where: dict[str, Any] = {"path": place} if isinstance(place, Path) else {"remote": place}
    sources = []
    refused = None
    for member in members_of(place, archive, name):
        source = Source(f"{name}/{member.name}", archive=archive, member=member, **where)
        try:
            source.check()
        except Unusable as error:
            refused = error
            continue
        sources.append(source)
    if not sources:
        raise refused or Unusable("no file is in this archive", name)
    return sources
