"""Arrays that are used again.

A large array of its own for each piece of a capture would cost more than what is put into it: the system hands out memory by
pages, and clears each (measured: half of the time to read and decode a capture). So an array is handed out anew as soon as
nobody holds it, or any part of it, any more; until then nobody writes to it.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Arrays that are kept for the next time, of one kind: as many as there may be in use at once, and some.
KEPT: Final = 16

PAGE: Final = 1 << 12


def from_a_page(n: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array of n that begins with a page of memory. It is no part of another, so whoever has a part of it holds it."""
    size = n * dtype.itemsize
    memory = np.empty(size + PAGE, np.uint8)
    begin = -memory.ctypes.data % PAGE
    return np.frombuffer(memory.data[begin : begin + size], dtype)


def free_among(arrays: list[npt.NDArray[Any]], n: int, unused: int) -> npt.NDArray[Any] | None:
    """The first array of at least n that has no more references than one which nobody uses: that of the list, and of this question."""
    for array in arrays:
        if sys.getrefcount(array) == unused and len(array) >= n:
            return array
    return None


def of_unused() -> int:
    """How many references an array has that nobody uses. It is asked for as later: from Python 3.14 on the question itself counts less."""
    return next(count for count in range(9) if free_among([np.empty(0)], 0, count) is not None)


UNUSED: Final = of_unused()


_here = threading.local()


def shared_room(dtype: Any) -> Room:
    """This thread's room for arrays of this very type: ten thousand small files are read with the arrays of one."""
    rooms: dict[int, tuple[Any, Room]] = _here.__dict__.setdefault("rooms", {})
    if id(dtype) not in rooms:
        rooms[id(dtype)] = dtype, Room(dtype)  # the type is kept, so that its id stays its own
    return rooms[id(dtype)][1]


class Room:
    """Arrays of one type, not cleared, each of which begins with a page."""

    def __init__(self, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)
        self._arrays: list[npt.NDArray[Any]] = []

    def take(self, n: int) -> npt.NDArray[Any]:
        """An array of n, with whatever was in it before."""
        free = free_among(self._arrays, n, UNUSED)
        if free is not None:
            return free[:n]
        array = from_a_page(n + n // 16, self._dtype)  # the next one may be a little longer
        if len(self._arrays) == KEPT:
            self._arrays.pop(0)
        self._arrays.append(array)
        return array[:n]
