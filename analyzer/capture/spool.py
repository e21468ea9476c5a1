"""Copies inputs that can be read only once (standard input, pipes) to disk, so that they can be read twice."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, cast

from analyzer.capture.archive import broken, located, opened_member
from analyzer.capture.compressed import compression_of, decompressed
from analyzer.capture.formats import SNIFF
from analyzer.capture.source import STDIN, Input
from analyzer.capture.stream import Lost
from analyzer.errors import Unusable
from analyzer.text.urls import is_url

COPY: Final = 1 << 20


class Spool:
    """A context with a temporary folder; its `inputs` can be read any number of times.

    paths   name of an input in the flow table → path of its copy
    """

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}
        self._files: list[io.FileIO] = []

    def __enter__(self) -> Spool:
        self._folder = tempfile.TemporaryDirectory(prefix="whichproxy-")
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()
        self._folder.cleanup()

    def inputs(self, given: Iterable[Input], *, objects: bool = False) -> list[Input]:
        """The same inputs; streams and named pipes are read to their end and become files under their own names.

        objects  copy objects behind URLs too: for a program that reads only files
        Errors   Unusable: a stream can't be read, or the disk is full; with `objects` also: nothing is behind a URL
        """
        kept: list[Input] = []
        for entry in given:
            if objects and isinstance(entry, str) and is_url(entry):
                kept += self._behind(entry)
            else:
                kept.append(self._on_disk(entry))
        return kept

    def _behind(self, url: str) -> Iterator[Input]:
        from analyzer.capture.urls import named_by

        for named in named_by(url):
            for remote in named.objects:
                with remote.open() as stream:
                    yield self._copied(remote.name, stream)
                remote.let_go()

    def _on_disk(self, entry: Input) -> Input:
        if not isinstance(entry, str | os.PathLike):
            return self._copied(str(getattr(entry, "name", "stream")), entry)
        name = os.fspath(entry)
        if name == STDIN:
            return self._copied(STDIN, sys.stdin.buffer)
        try:
            if not Path(name).is_fifo():
                return entry
            with Path(name).open("rb") as pipe:
                return self._copied(name, pipe)
        except (OSError, ValueError):  # opening it for reading reports the error
            return entry

    def _copied(self, name: str, stream: IO[bytes]) -> Input:
        place = Path(self._folder.name, f"{len(self._files)}.capture")
        try:
            with place.open("wb") as copy:
                shutil.copyfileobj(stream, copy, COPY)
        except Lost as error:
            raise Unusable(f"it can't be read to its end: {error}", name, "try again") from None
        except OSError as error:
            remedy = "set TMPDIR to a folder with more room, or save the capture to a file first"
            raise Unusable(f"it can't be kept in {self._folder.name}: {error.strerror or error}", name, remedy) from error
        file = io.FileIO(place)
        file.name = name
        self._files.append(file)
        self.paths[name] = str(place)
        return cast(Input, file)

    def rewind(self) -> None:
        """Seek all streams to their beginning."""
        for file in self._files:
            file.seek(0)

    def uncompressed(self, name: str) -> str:
        """The path of the capture's uncompressed bytes, extracted from its archive; its own path where it is neither.

        A broken compressed file gives the bytes that can be read.
        """
        path = self.paths.get(name, name)
        if not os.path.lexists(path) and (found := located(path)) is not None:
            path = str(Path(self._folder.name, f"{len(os.listdir(self._folder.name))}.member"))  # noqa: PTH208
            with opened_member(*found) as member, Path(path).open("wb") as copy, contextlib.suppress(*broken()):
                shutil.copyfileobj(member, copy, COPY)
        with Path(path).open("rb") as file:
            kind = compression_of(file.read(SNIFF))
            if kind is None:
                return path
            file.seek(0)
            unpacked, errors = decompressed(file, kind)
            place = Path(self._folder.name, f"{len(os.listdir(self._folder.name))}.unpacked")  # noqa: PTH208
            with place.open("wb") as copy, contextlib.suppress(*errors, OSError, EOFError):
                while chunk := unpacked.read(COPY):
                    copy.write(chunk)
        return str(place)
