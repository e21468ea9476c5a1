"""Arrays that are reused.

Allocating a large array for each piece of a capture would cost more than filling it: the system hands out memory by pages, and clears
each (measured: half of the time to read and decode a capture). So an array is reused as soon as neither it nor a view of it is
referenced any more; until then it isn't written to.
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

import numpy as np
import numpy.typing as npt

# Arrays of one type that are kept for reuse: as many as are in use at once, and some spare.
MAX_KEPT: Final = 16

PAGE: Final = 1 << 12


def from_a_page(n: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array of n rows that begins at a memory page. It is no part of another array, so every part of it keeps a reference to it."""
    size = n * dtype.itemsize
    memory = np.empty(size + PAGE, np.uint8)
    begin = -memory.ctypes.data % PAGE
    return np.frombuffer(memory.data[begin : begin + size], dtype)


def free_among(arrays: list[npt.NDArray[Any]], n: int, unused: int) -> npt.NDArray[Any] | None:
    """The first array with at least n rows whose reference count is `unused`: referenced only by the list and by this check."""
    for array in arrays:
        if sys.getrefcount(array) == unused and len(array) >= n:
            return array
    return None


def unused_references() -> int:
    """The reference count of an array that nothing else uses, measured as in free_among: from Python 3.14 on the check itself counts
    less."""
    return next(count for count in range(9) if free_among([np.empty(0)], 0, count) is not None)


UNUSED_REFERENCES: Final = unused_references()


_here = threading.local()


def shared_room(dtype: Any) -> Room:
    """This thread's room for arrays of this dtype: ten thousand small files are read into the arrays of one."""
    rooms: dict[int, tuple[Any, Room]] = _here.__dict__.setdefault("rooms", {})
    if id(dtype) not in rooms:
        rooms[id(dtype)] = dtype, Room(dtype)  # the type is kept, so that its id stays its own
    return rooms[id(dtype)][1]


class Room:
    """Arrays of one dtype, not cleared, each of which begins at a memory page."""

    def __init__(self, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)
        self._arrays: list[npt.NDArray[Any]] = []

    def take(self, n: int) -> npt.NDArray[Any]:
        """An array of n rows, with its former contents."""
        free = free_among(self._arrays, n, UNUSED_REFERENCES)
        if free is not None:
            return free[:n]
        array = from_a_page(n + n // 16, self._dtype)  # the next one may be a little longer
        if len(self._arrays) == MAX_KEPT:
            self._arrays.pop(0)
        self._arrays.append(array)
        return array[:n]
