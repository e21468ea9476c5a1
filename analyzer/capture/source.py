"""What a person named, opened: paths, globs, directories, "-", file objects; whatever format and compression lie behind.

Formats are recognised by content, never by name.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

import numpy.typing as npt

from analyzer.capture.archive import BROKEN, Member, kind_of_archive, members_of, opened_member
from analyzer.capture.block import Block, Damage, note_frames
from analyzer.capture.compressed import compression_of, decompressed
from analyzer.capture.formats import SNIFF, blocks_of, kind_of
from analyzer.capture.pcapng import Interface
from analyzer.capture.stream import Feed, Window
from analyzer.errors import Unusable
from analyzer.packets.layout import CUT_SHORT, LINK_UNKNOWN, MALFORMED, NO_TIME, NOT_IP, OK, OTHER_PROTOCOL
from analyzer.packets.unopened import Unopened, unopened
from analyzer.text.globs import expanded

# Interfaces, queues and processors hand their packets over by milliseconds out of order; a clock that was set goes back by more.
CLOCK_STEP_NS: Final = 1_000_000_000
STDIN: Final = "-"

Input = str | os.PathLike[str] | BinaryIO


class Source:
    """One input: a file, standard input or a file object. Blocks are read once; facts about it grow while they are.

    name        as the person gave it
    size        bytes on disk, None where that can't be known
    damage      what could not be read
    interfaces  of a pcapng file, as frames[i].interface counts them; none for pcap
    passed_over frames that gave no packet, by (status of packets.layout, link type, note of packets.layout)
    cut_packets frames of which less was captured than was on the wire
    clock_steps how often the clock went back by more than CLOCK_STEP_NS;  longest_step_ns: the furthest
    packets     frames read so far;  first_ns, last_ns: earliest and latest time, None without any
    """

    def __init__(
        self, name: str, path: Path | None = None, file: IO[bytes] | None = None, archive: str | None = None, member: Member | None = None
    ) -> None:
        """archive, member: the file at `path` is an archive of this kind, and the capture is this one in it."""
        self.name = name
        self.path = path
        self._archive = archive
        self._member = member
        self.damage: list[Damage] = []
        self.interfaces: list[Interface] = []
        self.packets = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.sha256: str | None = None
        self.size: int | None = path.stat().st_size if path is not None and path.is_file() else None
        if member is not None:
            self.size = member.size
        # What a named pipe gives can be had only once: it is opened when it is read, not looked at before.
        self._is_pipe = path is not None and path.is_fifo()
        self.passed_over: Counter[tuple[int, int, int]] = Counter()
        self.cut_packets = 0
        self.clock_steps = 0
        self.longest_step_ns = 0
        self._latest_ns: int | None = None
        self._file = file
        self._window: Window | None = None
        self._finished = False

    def identity(self) -> tuple[int, int, int]:
        """What tells the file apart from all others, by whatever name it is given: device, number, place in an archive (-1: it is none)."""
        assert self.path is not None
        status = self.path.stat()
        return status.st_dev, status.st_ino, -1 if self._member is None else self._member.place

    def taken(self) -> int:
        """Bytes of the input used so far."""
        if self._finished and self.size is not None:
            return self.size
        return self._window.taken() if self._window is not None else 0

    def first_time(self) -> int | None:
        """The first packet's time, read ahead of everything else; None where there is none or it can't be known beforehand."""
        if self._file is not None or self._is_pipe:
            return None
        with Source(self.name, self.path, archive=self._archive, member=self._member)._opened() as opened:
            for block in blocks_of(opened[0], opened[1], []):
                first = block.frames["ts_ns"][0]
                return None if first == NO_TIME else int(first)
        return None

    def check(self) -> None:
        """Raise Unusable unless the input is a capture that can be opened."""
        if self._file is None and not self._is_pipe:
            with self._opened():
                pass

    def blocks(self) -> Iterator[Block]:
        """Every block of frames, in the file's order. Errors: Unusable when it is no capture."""
        with self._opened() as (window, kind):
            self._window = window
            for block in blocks_of(window, kind, self.damage, self.interfaces):
                self._note(block.frames)
                yield block
            if window.damage is not None:
                self.damage.append(Damage("capture-damaged", window.damage, window.offset + window.end))
        self._finished = True

    def _note(self, frames: npt.NDArray[Any]) -> None:
        latest_ns = NO_TIME if self._latest_ns is None else self._latest_ns
        first, last, latest, cut, steps, longest = note_frames(frames, latest_ns, CLOCK_STEP_NS, self.packets + 1)
        self.packets += len(frames)
        self.cut_packets += int(cut)
        self.clock_steps += int(steps)
        self.longest_step_ns = max(self.longest_step_ns, int(longest))
        if latest != NO_TIME:
            self._latest_ns = int(latest)
        if first != NO_TIME:
            self.first_ns = int(first) if self.first_ns is None else min(int(first), self.first_ns)
            self.last_ns = int(last) if self.last_ns is None else max(int(last), self.last_ns)

    def _opened(self) -> _Opened:
        return _Opened(self)

    def read_sha256(self) -> None:
        """Fill `sha256` with the digest of the file's bytes as they lie on disk; of a capture in an archive, the archive's."""
        if self.path is not None and self.path.is_file():
            with self.path.open("rb") as file:
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def note(self, status: int, link_type: int, what: int = 0, count: int = 1) -> None:
        """Count frames that gave no packet, or datagrams of which not all was opened; what: their note (packets.layout)."""
        self.passed_over[status, link_type, what] += count

    def unopened(self) -> Counter[Unopened]:
        """How many frames there are of everything that isn't opened and may hold conversations."""
        found: Counter[Unopened] = Counter()
        for (status, _, what), n in self.passed_over.items():
            kind = unopened(what) if status in (OK, NOT_IP, OTHER_PROTOCOL) else None
            if kind is not None:
                found[kind] += n
        return found

    def unreadable(self) -> Unusable | None:
        """An error when not one of the input's frames is of a link type that is read."""
        unknown = [(link, n) for (status, link, _), n in self.passed_over.items() if status == LINK_UNKNOWN]
        if not self.packets or sum(n for _, n in unknown) < self.packets:
            return None
        types = ", ".join(str(link) for link in sorted({link for link, _ in unknown}))
        return Unusable(f"no packet could be read: link type {types} isn't known", self.name, "capture on an Ethernet or IP interface")

    def all_damage(self) -> list[Damage]:
        """What was noted while reading, and the frames that were passed over, a line for each kind."""
        found = list(self.damage)
        cut = sum(n for (status, *_), n in self.passed_over.items() if status == CUT_SHORT)
        if self.cut_packets:
            text = "the end of long packets was not captured (snap length), so a name may be missing"
            found.append(Damage("capture-cut", text, count=self.cut_packets))
        if cut:
            found.append(
                Damage("capture-cut", f"{packets_of(cut)} cut short in the headers by the snap length, which count nowhere", count=cut)
            )
        if self.clock_steps:
            text = f"the clock went back, by up to {self.longest_step_ns / 1e9:.3f} s: times before and after can't be compared"
            found.append(Damage("capture-damaged", text, count=self.clock_steps))
        unknown, malformed = Counter[int](), 0
        for (status, link, _), n in self.passed_over.items():
            if status == LINK_UNKNOWN:
                unknown[link] += n
            elif status == MALFORMED:
                malformed += n
        for link, n in sorted(unknown.items()):
            found.append(Damage("capture-unreadable", f"{packets_of(n)} of link type {link}, which isn't read", count=n))
        if malformed:
            found.append(Damage("capture-damaged", f"{packets_of(malformed)} with headers that contradict themselves", count=malformed))
        for kind, n in sorted(self.unopened().items()):
            share = f" of {self.packets:,} ({n / self.packets:.1%})" if self.packets else ""
            advice = f"; {kind.advice}" if kind.advice else ""
            found.append(Damage("frames-unopened", f"{packets_of(n)}{share} not opened: {kind.name}{advice}", count=n))
        return found

    def as_dict(self) -> dict[str, Any]:
        """The `captures` entry of the verdict document, times as nanoseconds."""
        return {
            "path": self.name,
            "sha256": self.sha256,
            "packets": self.packets,
            "first_seen": self.first_ns,
            "last_seen": self.last_ns,
            "damage": [d.as_dict() for d in self.all_damage()],
        }


def packets_of(n: int) -> str:
    """ "1 packet" or "1,234 packets"."""
    return "1 packet" if n == 1 else f"{n:,} packets"


class _Opened:
    """The window and format of a source while it is being read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._close = ExitStack()

    def __enter__(self) -> tuple[Window, str]:
        source = self._source
        try:
            file = source._file if source._file is not None else self._opened_file()
            window = _window_over(file, source.size, BROKEN if source._member is not None else ())
            kind = kind_of(window, source.name)
        except BROKEN as error:
            self.__exit__()
            raise Unusable(f"it can't be read ({error})", source.name) from error
        except BaseException:
            self.__exit__()
            raise
        return window, kind

    def _opened_file(self) -> IO[bytes]:
        source = self._source
        assert source.path is not None
        if source._archive is not None and source._member is not None:
            return self._close.enter_context(opened_member(source.path, source._archive, source._member.place))
        try:
            return self._close.enter_context(source.path.open("rb"))
        except OSError as error:
            raise Unusable(error.strerror or str(error), source.name) from error

    def __exit__(self, *_: object) -> None:
        self._close.close()


def _window_over(file: IO[bytes], size: int | None, errors: tuple[type[Exception], ...] = ()) -> Window:
    """errors: what reading the file itself raises when it is broken."""
    feed = Feed(file, size)
    name = compression_of(feed.head(SNIFF))
    if name is None:
        return Window(feed, None, errors)
    unpacked, more = decompressed(cast(IO[bytes], io.BufferedReader(feed)), name)
    return Window(feed, unpacked, (*errors, *more))


@dataclass
class Inputs:
    """The inputs that can be read, one error for each that can't, and how many files in directories are no captures."""

    sources: list[Source] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    skipped: int = 0


def open_inputs(inputs: Sequence[Input]) -> Inputs:
    """Every capture that `inputs` name: paths, globs, directories (recursive), "-" for standard input, binary file objects.

    A named file that is no capture is an error of its own; in a directory it is skipped and counted. Of an archive (zip, tar) every
    capture in it is read, as ARCHIVE/NAME. A file that is named twice is read once.
    """
    found = Inputs()
    seen: set[tuple[int, int, int]] = set()
    for given in inputs:
        if not isinstance(given, str | os.PathLike):
            found.sources.append(Source(str(getattr(given, "name", "stream")), file=given))
        elif os.fspath(given) == STDIN:
            found.sources.append(Source(STDIN, file=sys.stdin.buffer))
        else:
            _add_path(os.fspath(given), found, seen)
    return found


def _add_path(given: str, found: Inputs, seen: set[tuple[int, int, int]]) -> None:
    names = [given]
    if glob.has_magic(given) and not os.path.lexists(given):
        names = expanded(given)
    if not names:
        found.unusable.append(Unusable("no such file or directory", given))
    for name in names:
        if os.path.isdir(name):  # noqa: PTH112  # Path.is_dir raises for names that no file can have
            captures = [_add_file(str(p), found, seen, named=False) for p in sorted(p for p in Path(name).rglob("*") if p.is_file())]
            if not any(captures):
                found.unusable.append(Unusable("no capture in this directory", name))
        else:
            _add_file(name, found, seen, named=True)


def _add_file(name: str, found: Inputs, seen: set[tuple[int, int, int]], *, named: bool) -> bool:
    """Whether it is a capture, or an archive of some, be it one that was found before."""
    path = Path(name)
    try:
        archive = kind_of_archive(path) if path.is_file() else None
        sources = [Source(name, path=path)] if archive is None else _captures_in(name, path, archive)
        known = [source.identity() in seen for source in sources]
        for source, is_known in zip(sources, known, strict=True):
            if not is_known:
                source.check()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        found.unusable.append(Unusable(getattr(error, "strerror", None) or str(error), name))
        return False
    except Unusable as error:
        if named:
            found.unusable.append(error)
        else:
            found.skipped += 1
        return False
    for source, is_known in zip(sources, known, strict=True):
        if not is_known:
            seen.add(source.identity())
            found.sources.append(source)
    return True


def _captures_in(name: str, path: Path, archive: str) -> list[Source]:
    """The captures in an archive, which may hold other files too. Errors: Unusable when it holds none, or can't be read."""
    sources = []
    refused = None
    for member in members_of(path, archive):
        source = Source(f"{name}/{member.name}", path=path, archive=archive, member=member)
        try:
            source.check()
        except Unusable as error:
            refused = error
            continue
        sources.append(source)
    if not sources:
        raise refused or Unusable("no file is in this archive", name)
    return sources
