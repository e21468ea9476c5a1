"""A window over a capture's bytes: the whole of a mapped file, or the part of a stream that is held in memory.

A reader indexes frames in `data[start:end]`, says how far it came with `consume`, and asks for more with `more`. So a
mapped file, a compressed file, a pipe and a live interface share every line of the readers.
"""

from __future__ import annotations

import mmap
from typing import IO, Final, Protocol

import numpy as np
import numpy.typing as npt

# One read of a stream: large enough that a block's fixed costs vanish, small enough to stay in the cache.
STREAM_READ: Final = 4 << 20


class Window(Protocol):
    """What a reader needs of a capture's bytes.

    data        uint8[n]   valid in [start, end)
    offset      where data[0] lies in the capture's (uncompressed) bytes
    """

    data: npt.NDArray[np.uint8]
    start: int
    end: int
    offset: int

    def more(self) -> bool:
        """Make bytes behind `end` available, moving `data` if need be; False when there are none."""
        ...

    def taken(self) -> int:
        """How many bytes of the file as it lies on disk have been used, for progress."""
        ...


class MappedWindow:
    """A whole file in memory as the kernel maps it: no copy, no growth."""

    def __init__(self, file: IO[bytes]) -> None:
        # A private mapping, so that numpy sees plain writable bytes, the one kind the kernels are compiled for; nobody writes.
        self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._map.madvise(mmap.MADV_SEQUENTIAL)
        self.data: npt.NDArray[np.uint8] = np.frombuffer(self._map, dtype=np.uint8)
        self.start = 0
        self.end = len(self.data)
        self.offset = 0
        self._released = 0

    def more(self) -> bool:
        return False

    def taken(self) -> int:
        return self.start


class StreamWindow:
    """The part of a stream between what was consumed and what has been read.

    damage   what went wrong while reading (a broken compressed file), else None
    """

    def __init__(self, file: IO[bytes], raw: IO[bytes] | None = None) -> None:
        self._file = file
        self._raw = raw
        self._buffer = bytearray(2 * STREAM_READ)
        self.data: npt.NDArray[np.uint8] = np.frombuffer(self._buffer, dtype=np.uint8)
        self.start = 0
        self.end = 0
        self.offset = 0
        self.damage: str | None = None

    def more(self) -> bool:
        if self.damage is not None:
            return False
        held = self.end - self.start
        if self.start:
            self.data[:held] = self.data[self.start : self.end].copy()
            self.offset += self.start
            self.start, self.end = 0, held
        if len(self._buffer) - held < STREAM_READ:
            grown = bytearray(2 * len(self._buffer))
            grown[:held] = self._buffer[:held]
            self._buffer = grown
            self.data = np.frombuffer(self._buffer, dtype=np.uint8)
        got = self._read_into(held)
        self.end += got
        return got > 0

    def _read_into(self, at: int) -> int:
        """Bytes read behind `at`: at least one unless the stream ended or broke."""
        try:
            chunk = self._file.read1(STREAM_READ) if hasattr(self._file, "read1") else self._file.read(STREAM_READ)
        except (OSError, EOFError, ValueError, RuntimeError) as error:
            # Each compression library has errors of its own, all of these kinds; what was read before them is kept.
            self.damage = f"{type(error).__name__}: {error}"
            return 0
        if not chunk:
            return 0
        self._buffer[at : at + len(chunk)] = chunk
        return len(chunk)

    def taken(self) -> int:
        if self._raw is not None and self._raw.seekable():
            return self._raw.tell()
        return self.offset + self.start
