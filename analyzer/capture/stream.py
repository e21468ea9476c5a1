"""A window over a capture's bytes: the bytes that were read and aren't consumed yet.

A reader indexes frames in `data[start:end]`, advances `start` and calls `more`. So the readers work alike on a file, a compressed file, a
pipe and a live interface. Files are read in large pieces and not mapped: a page fault for each 4 KiB costs more than copying them into a
buffer that stays in the cache (measured on 1.6 GB: 0.41 s against 0.25 s).
"""

from __future__ import annotations

import io
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from analyzer.room import PAGE, shared_room

# One read: large enough that its fixed costs vanish, small enough to stay in the cache.
READ: Final = 1 << 20


class Lost(OSError):
    """The rest of an object behind a URL can't be read; the text gives the reason."""


class Feed(io.RawIOBase):
    """An input's bytes as a stream: a regular file's or a pipe's.

    Its first bytes can be peeked at. Closing it leaves the file open: the file's owner closes it.

    size   of the whole input in bytes, None where unknown
    given  bytes read so far
    """

    def __init__(self, file: IO[bytes], size: int | None = None, digest: Any = None) -> None:
        """digest: updated with all bytes read (as hashlib's)."""
        self._file = file
        self._readinto: Any = getattr(file, "readinto1", None) or getattr(file, "readinto", None)
        self._head = b""
        self._digest = digest
        self.size = size
        self.given = 0

    def head(self, n: int) -> bytes:
        """The first n bytes, fewer when there are no more. Errors: OSError, ValueError when the file can't be read."""
        while len(self._head) < n:
            chunk = self._file.read(n - len(self._head))
            if not chunk:
                break
            self._head += chunk
        return self._head[:n]

    def readable(self) -> bool:
        return True

    def readinto(self, place: Any) -> int:
        """The number of bytes put into `place`, 0 at the end."""
        if self._head:
            got = min(len(place), len(self._head))
            place[:got] = self._head[:got]
            self._head = self._head[got:]
        else:
            got = self._read_file_into(place)
        self.given += got
        if self._digest is not None:
            self._digest.update(memoryview(place)[:got])
        return got

    def drain(self) -> None:
        """Read the unread rest, for example behind a damaged packet. Errors: Lost, it can't be read."""
        # A buffer of its own (1 MiB) for each of ten thousand files would cost as much as reading them (measured).
        place = at_a_page(0, READ).data
        while self.readinto(place):
            pass

    def _read_file_into(self, place: Any) -> int:
        got: int | None
        if self._readinto is not None:
            got = self._readinto(place)
        else:
            chunk = self._file.read(len(place))
            got = None if chunk is None else len(chunk)
            place[: got or 0] = chunk or b""
        if got is None:
            raise BlockingIOError("the stream doesn't wait for its writer")
        return got


class Window:
    """A reader's view of a capture's bytes.

    data        uint8[n], valid in [start, end), moved by more()
    offset      of data[0] in the capture's (uncompressed) bytes
    damage      the error of a failed read (a broken compressed file), else None
    lost        whether the network caused it, not the file
    has_size    whether the end of the bytes is known: true of an uncompressed file, not of a pipe
    several     whether another capture begins in the middle, as where files were concatenated
    """

    def __init__(self, feed: Feed, unpacked: IO[bytes] | None = None, errors: tuple[type[Exception], ...] = (), read: int = READ) -> None:
        """unpacked: the content of a compressed feed; errors: those of reading a broken one; read: bytes at a time."""
        self._feed = feed
        self._file: Any = feed if unpacked is None else unpacked
        self._size = feed.size if unpacked is None else None
        self._what = "the file can't be read further" if unpacked is None else "the compressed data are broken"
        self.has_size = self._size is not None
        self._errors: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, *errors)
        self._read = read
        self.data: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.start = 0
        self.end = 0
        self.offset = 0
        self.damage: str | None = None
        self.lost = False
        self.several = False

    def more(self) -> bool:
        """Read bytes behind `end`, moving `data`; False where there are none."""
        if self.damage is not None:
            return False
        held = self.end - self.start
        size = max(self._read, held)
        # A new buffer each time, because blocks over the old one may still be in use.
        data = at_a_page(held, size)
        data[:held] = self.data[self.start : self.end]
        self.offset += self.start
        self.data, self.start, self.end = data, 0, held
        place = data[held:].data
        try:
            got = int(self._feed.readinto(place) if self._file is self._feed else self._file.readinto1(place))
        except Lost as error:
            self.lose(error)
            return False
        except self._errors as error:
            self.damage = f"{self._what} ({type(error).__name__}: {error})"
            return False
        self.end += got
        return got > 0

    def drain(self) -> None:
        """Read the rest of the input, so that its digest is complete."""
        try:
            self._feed.drain()
        except Lost as error:
            self.lose(error)

    def lose(self, error: Lost) -> None:
        """Note that the rest can't be read."""
        self.damage, self.lost = f"it can't be read further: {error}", True

    def rest(self) -> int:
        """The number of bytes behind `start`, as far as it is known without reading them."""
        held = self.end - self.start
        return held if self._size is None else max(held, self._size - self.offset - self.start)

    def taken(self) -> int:
        """The number of bytes of the file on disk used so far, for progress."""
        return self.offset + self.start if self._file is self._feed else self._feed.given


def at_a_page(before: int, size: int) -> npt.NDArray[np.uint8]:
    """A buffer of this thread for `before` bytes and `size` others, the first of which is at the beginning of a page; it is used again.

    Bytes are copied there, as their source is at one. Less than 32 bytes behind it, where the C library's own memory always begins, copying
    takes five times as long on some processors (measured: AMD EPYC, 1.6 GB in 0.70 s against 0.14 s).
    """
    begin = -before % PAGE
    return shared_room(np.uint8).take(begin + before + size)[begin:]
