"""One capture, opened and counted: a file, an object or a stream, of any format and compression.

Formats are recognised by content, never by name.
"""

from __future__ import annotations

import io
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, cast

from analyzer.capture.archive import Member, broken, opened_member
from analyzer.capture.block import Block, Damage, note_frames
from analyzer.capture.compressed import compression_of, decompressed
from analyzer.capture.formats import SNIFF, blocks_of, kind_of
from analyzer.capture.pcapng import Interface
from analyzer.capture.stream import READ, Feed, Window
from analyzer.errors import Unusable, unreadable
from analyzer.packets.layout import CUT_SHORT, LINK_UNKNOWN, MALFORMED, NO_TIME, NOT_IP, OK, OTHER_PROTOCOL
from analyzer.packets.link_types import link_type_name
from analyzer.packets.unopened import Unopened, unopened

if TYPE_CHECKING:
    from analyzer.capture.remote import Remote

# Interfaces, queues and processors deliver packets out of order by milliseconds; a clock that was set goes back further.
CLOCK_STEP_NS: Final = 1_000_000_000
STDIN: Final = "-"

BEGINNING: Final = 1 << 14
"""Bytes read at a time where only the first packet is wanted."""

Input = str | os.PathLike[str] | BinaryIO
Identity = tuple[int, int | str, int]


def status_of(path: Path) -> os.stat_result | None:
    """The file's status; None where there is none."""
    try:
        return path.stat()
    except (OSError, ValueError):  # a name that no file can have
        return None


class Source:
    """One input: a file, an object behind a URL, standard input or a file object. Blocks are read once, and the facts grow meanwhile.

    name        as given; a URL without credentials and signatures
    size        bytes on disk, None where unknown
    damage      what could not be read
    interfaces  of a pcapng file, indexed by frames[i].interface; none for pcap
    passed_over frames without a packet, by (status of packets.layout, link type, note of packets.layout)
    vxlan_ports UDP ports that carry VXLAN here, besides the standard ones
    cut_packets frames captured shorter than they were on the wire
    clock_steps how often the clock went back by more than CLOCK_STEP_NS;  longest_step_ns: the largest step
    broke_off   why the rest of an object couldn't be read, where that happened during the reading
    several     whether another capture's header was found in the middle
    digest_beside   whether `sha256` is computed of the bytes while they are read, as it always is for an object behind a URL
    packets     frames read so far;  first_ns, last_ns: earliest and latest time, None without any
    """

    def __init__(
        self,
        name: str,
        path: Path | None = None,
        file: IO[bytes] | None = None,
        archive: str | None = None,
        member: Member | None = None,
        remote: Remote | None = None,
    ) -> None:
        """archive, member: the file at `path`, or `remote`, is an archive of this kind, and the capture is this member of it."""
        self.name = name
        self.path = path
        self.broke_off: Unusable | None = None
        self._remote = remote
        self._archive = archive
        self._member = member
        self.damage: list[Damage] = []
        self.interfaces: list[Interface] = []
        self.packets = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.sha256: str | None = None
        self._status = status = None if path is None else status_of(path)
        self.size: int | None = status.st_size if status is not None and stat.S_ISREG(status.st_mode) else None
        if remote is not None:
            self.size = remote.size
        if member is not None:
            self.size = member.size
        # A named pipe's bytes can be read only once: it is opened when it is read, and not checked before.
        self._is_pipe = status is not None and stat.S_ISFIFO(status.st_mode)
        self.passed_over: Counter[tuple[int, int, int]] = Counter()
        self.vxlan_ports: tuple[int, ...] = ()
        self.digest_beside = False
        self.several = False
        self.cut_packets = 0
        self.clock_steps = 0
        self.longest_step_ns = 0
        self._latest_ns: int | None = None
        self._file = file
        self._window: Window | None = None
        self._digest: Any = None
        self._begins: int | None = None
        self._whole: bytes | None = None
        self._used = 0
        self._finished = False

    @property
    def is_plain(self) -> bool:
        """Whether it is a single local file that can be opened again."""
        return self.path is not None and self._file is None and self._archive is None and self._remote is None and not self._is_pipe

    @property
    def is_held(self) -> bool:
        """Whether check() kept all its bytes, so that blocks() doesn't open it again."""
        return self._whole is not None

    @property
    def has_several_interfaces(self) -> bool:
        """Whether it described more than one interface so far."""
        return len(self.interfaces) > 1

    def identity(self) -> Identity:
        """A key that is unique to the file, under whatever name it is given: device and inode, or store and name; index in an
        archive (-1: not in one)."""
        place = -1 if self._member is None else self._member.place
        if self._remote is not None:
            return *self._remote.identity(), place
        assert self.path is not None
        status = self._status or self.path.stat()
        return status.st_dev, status.st_ino, place

    def taken(self) -> int:
        """Bytes of the input used so far."""
        if self._finished and self.size is not None:
            return self.size
        return self._window.taken() if self._window is not None else self._used

    def first_time(self) -> int | None:
        """The first packet's time, read in advance; None where there is none or it can't be read in advance."""
        if self._begins is None and self._file is None and not self._is_pipe:
            with Source(self.name, self.path, None, self._archive, self._member, self._remote)._opened(BEGINNING) as opened:
                self._begins = _first_time(*opened)
        return self._begins

    def begins(self, time_ns: int | None) -> None:
        """Set the first packet's time, which was read before."""
        self._begins = time_ns

    def check(self, beginning: IO[bytes] | None = None, keep: int = 0) -> int:
        """The number of bytes kept for blocks(), so that the file isn't opened again: all or none. Errors: Unusable, it is no capture.

        beginning   the file, where it is open already
        keep        the most bytes that may be kept
        """
        if self._file is not None or self._is_pipe:
            return 0
        beginning = beginning if self.is_plain else None
        if beginning is not None and self.size is not None and self.size <= min(keep, BEGINNING):
            self._whole = beginning.read(BEGINNING + 1)
            if len(self._whole) == self.size:
                beginning = io.BytesIO(self._whole)
            else:  # the file is growing
                self._whole = None
                beginning.seek(0)
        with self._opened(BEGINNING, beginning) as (window, kind):
            if self.is_plain and kind != "netmon":  # its frame table is at the end
                self._begins = _first_time(window, kind)
        return len(self._whole or b"")

    def blocks(self, number: int = 0) -> Iterator[Block]:
        """Every block of frames, in the file's order. number: this input's index. Errors: Unusable, it is no capture."""
        if self.digest_beside or (self._remote is not None and self._member is None):
            import hashlib

            self._digest = hashlib.sha256()
        whole, self._whole = self._whole, None
        with self._opened(file=None if whole is None else io.BytesIO(whole)) as (window, kind):
            self._window = window
            for block in blocks_of(window, kind, self.damage, self.interfaces):
                self._note(block, number)
                yield block
            if self._digest is not None and not window.lost:
                window.drain()
            if window.damage is not None:
                self.damage.append(Damage("capture-damaged", window.damage, window.offset + window.end))
            if window.lost:
                self.broke_off = Unusable(str(window.damage), self.name, "what came before is counted; try again")
            elif self._digest is not None:
                self.sha256 = self._digest.hexdigest()
            self.several = window.several
            self._used, self._window = window.taken(), None  # ten thousand files must not each keep their last bytes in memory
        if self._remote is not None and self._member is None:
            self._remote.let_go()
        self._finished = True

    def was_read(self) -> None:
        """Mark it as read to its end."""
        self._finished = True

    def _note(self, block: Block, source: int) -> None:
        """Number the block's frames, and update the input's facts from them."""
        n, latest_ns = len(block.frames), NO_TIME if self._latest_ns is None else self._latest_ns
        found = note_frames(block.frames, n, latest_ns, CLOCK_STEP_NS, source, self.packets + 1)
        first, last, latest, cut, steps, longest, ordered = found
        self.packets += n
        self.cut_packets += cut
        if steps:
            self.clock_steps += steps
            self.longest_step_ns = max(self.longest_step_ns, longest)
        if ordered and n:
            block.times = first, last
        if latest != NO_TIME:
            self._latest_ns = latest
        if first != NO_TIME:
            self.first_ns = first if self.first_ns is None or first < self.first_ns else self.first_ns
            self.last_ns = last if self.last_ns is None or last > self.last_ns else self.last_ns

    def _opened(self, read: int = READ, file: IO[bytes] | None = None) -> _Opened:
        return _Opened(self, read, self._file if file is None else file)

    def read_sha256(self) -> None:
        """Fill `sha256` with the digest of the file's bytes on disk; for a capture in an archive, the archive's.

        An object's digest is computed while it is read.
        """
        import hashlib

        if self._remote is not None and self._member is not None:
            self.sha256 = self._remote.sha256()
        elif self.path is not None and self.path.is_file():
            with self.path.open("rb") as file:
                self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def give_up(self) -> None:
        """End a reading on which another thread waits; files never block."""
        if self._remote is not None:
            self._remote.give_up()

    def note(self, status: int, link_type: int, what: int = 0, count: int = 1) -> None:
        """Count frames without a packet, or datagrams not opened completely; what: their note (packets.layout)."""
        self.passed_over[status, link_type, what] += count

    def unopened(self) -> Counter[Unopened]:
        """The number of frames of each kind that isn't opened and may hold conversations."""
        found: Counter[Unopened] = Counter()
        for (status, _, what), n in self.passed_over.items():
            kind = unopened(what) if status in (OK, NOT_IP, OTHER_PROTOCOL) else None
            if kind is not None:
                found[kind] += n
        return found

    def unreadable(self) -> Unusable | None:
        """An error where every frame of the input has an unknown link type, else None."""
        unknown = [(link, n) for (status, link, _), n in self.passed_over.items() if status == LINK_UNKNOWN]
        if not self.packets or sum(n for _, n in unknown) < self.packets:
            return None
        types = ", ".join(link_type_name(link) for link in sorted({link for link, _ in unknown}))
        return Unusable(f"no packet could be read: {types} isn't known", self.name, "capture on an Ethernet or IP interface")

    def all_damage(self, losses: Sequence[Damage] = ()) -> list[Damage]:
        """The damage noted while reading, the losses shown by the packets, and the frames passed over, an entry for each kind."""
        found = [*self.damage, *losses]
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
            found.append(Damage("capture-unreadable", f"{packets_of(n)} of {link_type_name(link)}, which isn't read", count=n))
        if malformed:
            found.append(Damage("capture-damaged", f"{packets_of(malformed)} with headers that contradict themselves", count=malformed))
        for kind, n in sorted(self.unopened().items()):
            share = f" of {self.packets:,} ({n / self.packets:.1%})" if self.packets else ""
            advice = f"; {kind.advice}" if kind.advice else ""
            found.append(Damage("frames-unopened", f"{packets_of(n)}{share} not opened: {kind.name}{advice}", count=n))
        return found

    def as_dict(self, losses: Sequence[Damage] = ()) -> dict[str, Any]:
        """The `captures` entry of the verdict document, times as nanoseconds. losses: shown by the packets."""
        return {
            "path": self.name,
            "sha256": self.sha256,
            "packets": self.packets,
            "first_seen": self.first_ns,
            "last_seen": self.last_ns,
            "damage": [d.as_dict() for d in self.all_damage(losses)],
        }


def packets_of(n: int) -> str:
    """ "1 packet" or "1,234 packets"."""
    return "1 packet" if n == 1 else f"{n:,} packets"


class _Opened:
    """A context: the window and the format of a source while it is read."""

    def __init__(self, source: Source, read: int, file: IO[bytes] | None) -> None:
        """file: the source's, where it is open already; it isn't closed."""
        self._source = source
        self._read = read
        self._file = file
        self._close = ExitStack()

    def __enter__(self) -> tuple[Window, str]:
        source = self._source
        try:
            file = self._file if self._file is not None else self._opened_file()
            window = _window_over(Feed(file, source.size, source._digest), broken() if source._member is not None else (), self._read)
            kind = kind_of(window, source.name)
        except Unusable:
            self.__exit__()
            raise
        except broken() as error:
            self.__exit__()
            raise Unusable(f"it can't be read ({error})", source.name) from error
        except BaseException:
            self.__exit__()
            raise
        return window, kind

    def _opened_file(self) -> IO[bytes]:
        source = self._source
        place = source._remote or source.path
        assert place is not None
        if source._archive is not None and source._member is not None:
            return self._close.enter_context(opened_member(place, source._archive, source._member.place))
        try:
            if isinstance(place, Path):
                return self._close.enter_context(place.open("rb", buffering=0))
            return self._close.enter_context(place.open(last=source._digest is not None))
        except OSError as error:
            raise unreadable(error, error.strerror or str(error), source.name) from error

    def __exit__(self, *_: object) -> None:
        self._close.close()


def _first_time(window: Window, kind: str) -> int | None:
    """The first packet's time; None without a packet, or where it has no time."""
    for block in blocks_of(window, kind, []):
        first = block.frames["ts_ns"][0]
        return None if first == NO_TIME else int(first)
    return None


def _window_over(feed: Feed, errors: tuple[type[Exception], ...], read: int) -> Window:
    """A window over the uncompressed bytes. errors: those of reading a broken file; read: bytes at a time."""
    name = compression_of(feed.head(SNIFF))
    if name is None:
        return Window(feed, None, errors, read)
    unpacked, more = decompressed(cast(IO[bytes], io.BufferedReader(feed)), name)
    return Window(feed, unpacked, (*errors, *more), read)
