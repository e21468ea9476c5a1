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
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

import numpy.typing as npt

from analyzer.capture.block import Block, Damage, note_frames
from analyzer.capture.compressed import compression_of, decompressed
from analyzer.capture.pcap import read_pcap, starts_like_pcap
from analyzer.capture.pcapng import Interface, read_pcapng, starts_like_pcapng
from analyzer.capture.stream import Feed, Window
from analyzer.errors import Unusable
from analyzer.packets.layout import CUT_SHORT, LINK_UNKNOWN, NO_TIME
from analyzer.text.globs import expanded

SNIFF: Final = 24

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
    passed_over frames that gave no packet, by (status of packets.layout, link type)
    cut_packets frames of which less was captured than was on the wire
    clock_steps how often the clock went back by more than CLOCK_STEP_NS;  longest_step_ns: the furthest
    packets     frames read so far;  first_ns, last_ns: earliest and latest time, None without any
    """

    def __init__(self, name: str, path: Path | None = None, file: IO[bytes] | None = None) -> None:
        self.name = name
        self.path = path
        self.damage: list[Damage] = []
        self.interfaces: list[Interface] = []
        self.packets = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.sha256: str | None = None
        self.size: int | None = path.stat().st_size if path is not None and path.is_file() else None
        # What a named pipe gives can be had only once: it is opened when it is read, not looked at before.
        self._is_pipe = path is not None and path.is_fifo()
        self.passed_over: Counter[tuple[int, int]] = Counter()
        self.cut_packets = 0
        self.clock_steps = 0
        self.longest_step_ns = 0
        self._latest_ns: int | None = None
        self._file = file
        self._window: Window | None = None
        self._finished = False

    def taken(self) -> int:
        """Bytes of the input used so far."""
        if self._finished and self.size is not None:
            return self.size
        return self._window.taken() if self._window is not None else 0

    def first_time(self) -> int | None:
        """The first packet's time, read ahead of everything else; None where there is none or it can't be known beforehand."""
        if self._file is not None or self._is_pipe:
            return None
        with Source(self.name, self.path)._opened() as opened:
            for block in _blocks(opened[0], opened[1], []):
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
            for block in _blocks(window, kind, self.damage, self.interfaces):
                self._note(block.frames)
                yield block
            if window.damage is not None:
                self.damage.append(Damage("capture-damaged", window.damage, window.offset + window.end))
        self._finished = True

    def _note(self, frames: npt.NDArray[Any]) -> None:
        self.packets += len(frames)
        first, last, latest, cut, steps, longest = note_frames(
            frames, NO_TIME if self._latest_ns is None else self._latest_ns, CLOCK_STEP_NS
        )
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
        """Fill `sha256` with the digest of the file's bytes as they lie on disk."""
        if self.path is not None and self.size is not None:
            with self.path.open("rb") as file:
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def note(self, status: int, link_type: int) -> None:
        """Count a frame that gave no packet."""
        self.passed_over[status, link_type] += 1

    def unreadable(self) -> Unusable | None:
        """An error when not one of the input's frames is of a link type that is read."""
        unknown = {link: n for (status, link), n in self.passed_over.items() if status == LINK_UNKNOWN}
        if not self.packets or sum(unknown.values()) < self.packets:
            return None
        types = ", ".join(str(link) for link in sorted(unknown))
        return Unusable(f"no packet could be read: link type {types} isn't known", self.name, "capture on an Ethernet or IP interface")

    def all_damage(self) -> list[Damage]:
        """What was noted while reading, and the frames that were passed over, a line for each kind."""
        found = list(self.damage)
        if self.cut_packets:
            text = "the end of long packets was not captured (snap length): a name that isn't told may have been there"
            found.append(Damage("capture-damaged", text, count=self.cut_packets))
        if self.clock_steps:
            text = f"the clock went back, by up to {self.longest_step_ns / 1e9:.3f} s: times before and after can't be compared"
            found.append(Damage("capture-damaged", text, count=self.clock_steps))
        for (status, link), n in sorted(self.passed_over.items()):
            packets = "1 packet" if n == 1 else f"{n} packets"
            if status == LINK_UNKNOWN:
                found.append(Damage("capture-unreadable", f"{packets} of link type {link}, which isn't read", count=n))
            elif status == CUT_SHORT:
                found.append(Damage("capture-damaged", f"{packets} cut short in the headers by the snap length", count=n))
            else:
                found.append(Damage("capture-damaged", f"{packets} with headers that contradict themselves", count=n))
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


class _Opened:
    """The window and format of a source while it is being read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._close: list[IO[bytes]] = []

    def __enter__(self) -> tuple[Window, str]:
        source = self._source
        file = source._file
        if file is None:
            assert source.path is not None
            try:
                file = source.path.open("rb")
            except OSError as error:
                raise Unusable(error.strerror or str(error), source.name) from error
            self._close.append(file)
        try:
            window = _window_over(file, source.size)
            kind = _kind_of(window, source.name)
        except (OSError, ValueError) as error:
            self.__exit__()
            raise Unusable(f"it can't be read ({error})", source.name) from error
        except BaseException:
            self.__exit__()
            raise
        return window, kind

    def __exit__(self, *_: object) -> None:
        for file in self._close:
            file.close()


def _window_over(file: IO[bytes], size: int | None) -> Window:
    feed = Feed(file, size)
    name = compression_of(feed.head(SNIFF))
    if name is None:
        return Window(feed)
    unpacked, errors = decompressed(cast(IO[bytes], io.BufferedReader(feed)), name)
    return Window(feed, unpacked, errors)


def _kind_of(window: Window, name: str) -> str:
    """pcap or pcapng, by the first bytes. Errors: Unusable."""
    while window.end - window.start < SNIFF and window.more():
        pass
    head = bytes(window.data[window.start : min(window.end, window.start + SNIFF)])
    if starts_like_pcap(head):
        return "pcap"
    if starts_like_pcapng(head):
        return "pcapng"
    broken = window.damage
    if broken is not None:
        raise Unusable(broken, name)
    what = "nothing is in it" if not head else "not a capture: it begins like neither pcap nor pcapng"
    raise Unusable(what, name, "give a .pcap or .pcapng file" if head else None)


def _blocks(window: Window, kind: str, damage: list[Damage], interfaces: list[Interface] | None = None) -> Iterator[Block]:
    return read_pcap(window, damage) if kind == "pcap" else read_pcapng(window, damage, interfaces)


@dataclass
class Inputs:
    """The inputs that can be read, one error for each that can't, and how many files in directories are no captures."""

    sources: list[Source] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    skipped: int = 0


def open_inputs(inputs: Sequence[Input]) -> Inputs:
    """Every capture that `inputs` name: paths, globs, directories (recursive), "-" for standard input, binary file objects.

    A named file that is no capture is an error of its own; in a directory it is skipped and counted. A file that is named
    twice is read once.
    """
    found = Inputs()
    seen: set[tuple[int, int]] = set()
    for given in inputs:
        if not isinstance(given, str | os.PathLike):
            found.sources.append(Source(str(getattr(given, "name", "stream")), file=given))
        elif os.fspath(given) == STDIN:
            found.sources.append(Source(STDIN, file=sys.stdin.buffer))
        else:
            _add_path(os.fspath(given), found, seen)
    return found


def _add_path(given: str, found: Inputs, seen: set[tuple[int, int]]) -> None:
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


def _add_file(name: str, found: Inputs, seen: set[tuple[int, int]], *, named: bool) -> bool:
    """Whether it is a capture, be it one that was found before."""
    path = Path(name)
    try:
        status = path.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return True
        source = Source(name, path=path)
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
    seen.add(identity)
    found.sources.append(source)
    return True
