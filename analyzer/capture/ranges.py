"""An object's bytes as a file: read in parts, some ahead, where the server gives ranges; else as its file system gives them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Protocol

from analyzer.capture.refused import reason
from analyzer.capture.stream import Lost

# A first part to see the format, a second that holds a whole block of any zstd file, then parts that a store sends at full speed.
FIRST: Final = 16 << 10
SECOND: Final = 256 << 10
PART: Final = 4 << 20
AHEAD: Final = 2


class NoRanges(Exception):
    """The server sends the object only whole."""


def part_bounds(number: int, size: int) -> tuple[int, int]:
    """[start, end) of the part in an object of this size."""
    start, length = ((0, FIRST), (FIRST, SECOND))[number] if number < 2 else (FIRST + SECOND + (number - 2) * PART, PART)
    return start, min(start + length, size)


def is_kept(number: int, size: int) -> bool:
    """Whether the part is checked before the object is read: its beginning, or the end of an archive, which holds its directory."""
    return number < 2 or part_bounds(number, size)[1] == size


def part_at(offset: int) -> int:
    """The number of the part that contains this offset."""
    if offset < FIRST + SECOND:
        return int(offset >= FIRST)
    return 2 + (offset - FIRST - SECOND) // PART


class RangedObject(Protocol):
    """The methods of an object that Ranges calls (remote.Remote documents them)."""

    name: str
    size: int | None

    def has(self, number: int) -> bool: ...
    def ask_part(self, number: int) -> Future[bytes]: ...
    def part(self, number: int, first: Future[bytes] | None = None, *, keep: bool = True) -> bytes: ...
    def whole(self) -> Any: ...


class Ranges(io.RawIOBase):
    """An object's bytes as a file, fetched in parts; in sequential reading a few parts ahead."""

    def __init__(self, remote: RangedObject, *, keep: bool = True) -> None:
        self._remote = remote
        self._keep = keep
        self._size = remote.size or 0
        self._at = 0
        self._held = (-1, b"")
        self._asked: dict[int, Future[bytes]] = {}
        self._whole: Whole | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, place: Any) -> int:
        """The number of bytes put into `place`, 0 at the end. Errors: Lost."""
        if self._at >= self._size:
            return 0
        if self._whole is not None:
            return self._without_ranges(place)
        try:
            number = part_at(self._at)
            data = self._part(number)
        except NoRanges:
            return self._without_ranges(place)
        first = self._at - part_bounds(number, self._size)[0]
        got = min(len(place), len(data) - first)
        place[:got] = data[first : first + got]
        self._at += got
        return got

    def _part(self, number: int) -> bytes:
        before, data = self._held
        if number == before:
            return data
        wanted = range(number + 1, number + 1 + AHEAD) if number == before + 1 and number > 1 else range(0)
        first = self._asked.pop(number, None)
        for other in [other for other in self._asked if other not in wanted]:
            self._asked.pop(other).cancel()
        if first is None and wanted and not self._remote.has(number):
            first = self._remote.ask_part(number)
        for other in wanted:
            there_is = part_bounds(other, self._size)[0] < self._size
            if there_is and other not in self._asked and not self._remote.has(other):
                self._asked[other] = self._remote.ask_part(other)
        data = self._remote.part(number, first, keep=self._keep)
        self._held = (number, data)
        return data

    def _without_ranges(self, place: Any) -> int:
        """readinto for a server that sends only the whole object: bytes before the position are skipped."""
        if self._whole is None:
            self._whole = Whole(self._remote.whole(), self._remote.name)
        self._whole.skip_to(self._at)
        got = self._whole.readinto(place)
        self._at += got
        return got

    def close(self) -> None:
        for future in self._asked.values():
            future.cancel()
        self._asked = {}
        self._held = (-1, b"")
        if self._whole is not None:
            self._whole.close()
        super().close()


class Whole(io.RawIOBase):
    """An object's bytes from its file system, in order."""

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(getattr(self._file, "seekable", bool)()) and not hasattr(self._file, "r")

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = self._do(self._file.seek, offset, whence)
        return self._at

    def skip_to(self, offset: int) -> None:
        """Skip to this offset. Errors: Lost, it is before the current one."""
        if offset < self._at:
            raise Lost("the server sends files only whole, from their beginning")
        while self._at < offset and self.readinto(memoryview(bytearray(min(PART, offset - self._at)))):
            pass

    def readinto(self, place: Any) -> int:
        """The number of bytes put into `place`, 0 at the end. Errors: Lost."""
        data = self._do(self._file.read, len(place))
        place[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _do(self, what: Callable[..., Any], *args: int) -> Any:
        try:
            return what(*args)
        except Exception as error:  # noqa: BLE001 - as in remote.asked()
            raise Lost(reason(error, self._name)[0]) from None

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
