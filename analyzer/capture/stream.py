"""A window over a capture's bytes: the part between what was consumed and what has been read.

A reader indexes frames in `data[start:end]`, moves `start` along and asks for `more`. So a file, a compressed file, a pipe
and a live interface share every line of the readers. Files are read in large pieces and not mapped: a page fault for each
4 KiB costs more than copying them into a buffer that stays in the cache (measured on 1.6 GB: 0.41 s against 0.25 s).
"""

from __future__ import annotations

from typing import IO, Final

import numpy as np
import numpy.typing as npt

# One read: large enough that its fixed costs vanish, small enough to stay in the cache.
READ: Final = 2 << 20


class Window:
    """What a reader needs of a capture's bytes.

    data        uint8[n], valid in [start, end), moved by more()
    offset      where data[0] lies in the capture's (uncompressed) bytes
    damage      what went wrong while reading (a broken compressed file), else None
    """

    def __init__(self, file: IO[bytes], raw: IO[bytes] | None = None) -> None:
        self._file = file
        self._raw = raw
        self._buffer = bytearray(2 * READ)
        self.data: npt.NDArray[np.uint8] = np.frombuffer(self._buffer, dtype=np.uint8)
        self.start = 0
        self.end = 0
        self.offset = 0
        self.damage: str | None = None

    def more(self) -> bool:
        """Make bytes behind `end` available, moving `data`; False when there are none."""
        if self.damage is not None:
            return False
        held = self.end - self.start
        if self.start:
            self.data[:held] = self.data[self.start : self.end].copy()
            self.offset += self.start
            self.start, self.end = 0, held
        if len(self._buffer) - held < READ:
            grown = bytearray(2 * len(self._buffer))
            grown[:held] = self._buffer[:held]
            self._buffer = grown
            self.data = np.frombuffer(self._buffer, dtype=np.uint8)
        got = self._read_into(held)
        self.end += got
        return got > 0

    def _read_into(self, at: int) -> int:
        """Bytes read behind `at`: at least one unless the stream ended or broke."""
        place = memoryview(self._buffer)[at : at + READ]
        try:
            if hasattr(self._file, "readinto1"):
                return int(self._file.readinto1(place))
            if hasattr(self._file, "readinto"):
                return int(self._file.readinto(place) or 0)
            chunk = self._file.read(READ)
        except (OSError, EOFError, ValueError, RuntimeError) as error:
            # Each compression library has errors of its own, all of these kinds; what was read before them is kept.
            self.damage = f"{type(error).__name__}: {error}"
            return 0
        place[: len(chunk)] = chunk
        return len(chunk)

    def taken(self) -> int:
        """How many bytes of the file as it lies on disk have been used, for progress."""
        if self._raw is not None and self._raw.seekable():
            return self._raw.tell()
        return self.offset + self.start
