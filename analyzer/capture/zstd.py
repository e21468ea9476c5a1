"""zstd streams on Python before 3.14, whose library doesn't distinguish a truncated stream from a complete one.

So the frames are followed as they pass, by their length fields alone. Source: RFC 8878 3.1.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from typing import IO, Any, Final

# The zstd tool's default limit, and that of Python 3.14's reader: a hostile file could demand 2 GiB.
MAX_WINDOW: Final = 1 << 27

FRAME: Final = 0xFD2FB528
SKIPPABLE: Final = 0x184D2A50  # and the 15 behind it
RLE_BLOCK: Final = 1


class FrameWalk:
    """Follows a stream of zstd frames, from the bytes it is fed."""

    def __init__(self) -> None:
        self._between = True
        self._held = b""
        self._skip = 0
        self._steps = self._walk()
        self._want = next(self._steps)

    @property
    def complete(self) -> bool:
        """Whether the bytes so far end at the end of a frame, or are none."""
        return self._between and not self._held and not self._skip

    def feed(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
            else:
                piece = data[at : at + self._want - len(self._held)]
                step = len(piece)
                self._held += piece
                if len(self._held) == self._want:
                    held, self._held = self._held, b""
                    self._want = self._steps.send(held)
            at += step

    def _walk(self) -> Generator[int, bytes, None]:
        """Requests the bytes with lengths, and sets how many to skip before the next ones."""
        while True:
            self._between = True
            magic = int.from_bytes((yield 4), "little")
            self._between = False
            if magic & ~0xF == SKIPPABLE:
                self._skip = int.from_bytes((yield 4), "little")
                continue
            descriptor = (yield 1)[0]
            single = descriptor >> 5 & 1  # then there is no window descriptor, but always a content size
            self._skip = 1 - single + (0, 1, 2, 4)[descriptor & 3] + (single, 2, 4, 8)[descriptor >> 6]
            last = False
            while not last:
                block = int.from_bytes((yield 3), "little")
                last = bool(block & 1)
                self._skip = 1 if block >> 1 & 3 == RLE_BLOCK else block >> 3
            if descriptor & 4:
                yield 4  # the content's checksum


class ZstdStream(io.RawIOBase):
    """The content of a zstd file. Errors: zstandard.ZstdError where it is broken, EOFError where it was truncated."""

    def __init__(self, file: IO[bytes]) -> None:
        import zstandard

        self._file = file
        self._walk = FrameWalk()
        fed: Any = self._Fed(self)
        self._unpacked: Any = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(fed, read_across_frames=True)

    class _Fed:
        """The file, whose bytes are followed while the library reads it."""

        def __init__(self, stream: ZstdStream) -> None:
            self._stream = stream

        def read(self, n: int) -> bytes:
            data = self._stream._file.read(n)
            self._stream._walk.feed(data)
            return data

    def readable(self) -> bool:
        return True

    def readinto1(self, place: Any) -> int:
        """The number of bytes put into `place`: at least one, unless the last frame ended."""
        got = int(self._unpacked.readinto1(place))
        if not got and not self._walk.complete:
            raise EOFError("the compressed file ended before its last frame did")
        return got

    readinto = readinto1
