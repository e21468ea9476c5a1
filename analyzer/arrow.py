"""numpy arrays → Arrow arrays, and Arrow without pandas.

`pyarrow.array` checks whether its argument is a pandas object, and imports pandas for that: a third of a second that a small report or
a gateway would pay. pyarrow checks only once: if pandas isn't found then, it goes on without; a later `to_pandas` still works.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def array(values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """The values as an Arrow array of their own type, null where the mask is true."""
    values = np.ascontiguousarray(values)
    n, nulls = len(values), 0 if mask is None else int(np.count_nonzero(mask))
    kind = pa.from_numpy_dtype(values.dtype)
    if mask is not None and nulls == n:
        return all_null(n, kind)
    bits = None if mask is None or not nulls else bitmap(~mask)
    return pa.Array.from_buffers(kind, n, [bits, bitmap(values) if values.dtype == np.bool_ else pa.py_buffer(values)], nulls)


def all_null(n: int, kind: pa.DataType) -> pa.Array:
    """n nulls of this type, usually in memory that all such arrays share."""
    if pa.types.is_string(kind):
        offsets = zeros(4 * (n + 1))
        return pa.Array.from_buffers(kind, n, [zeros((n + 7) // 8), offsets, zeros(0)], n)
    if pa.types.is_primitive(kind):
        values = zeros((n * kind.bit_width + 7) // 8)  # allocated before the validity bits, which then share its memory
        return pa.Array.from_buffers(kind, n, [zeros((n + 7) // 8), values], n)
    return pa.nulls(n, kind)


def zeros(size: int) -> pa.Buffer:
    """A buffer of so many zero bytes, shared with the arrays that hold one already."""
    global _zeros
    shared = _zeros() if _zeros is not None else None
    if shared is None or len(shared) < size:
        shared = np.zeros(max(size, MIN_ZEROS), np.uint8)
        shared.flags.writeable = False
        _zeros = weakref.ref(shared)
    return pa.py_buffer(shared).slice(0, size)


MIN_ZEROS = 1 << 12
_zeros: weakref.ref[npt.NDArray[np.uint8]] | None = None


def bitmap(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """One bit per flag, the first in the lowest bit, as Arrow keeps validity and booleans."""
    return pa.py_buffer(np.packbits(flags, bitorder="little").tobytes())


def release_free_memory() -> None:
    """Return free memory of Arrow and the C library to the system; glibc alone would keep it for arrays of the same size."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


class _NoPandas:
    """Finds no pandas."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("not now", name=fullname)


def leave_pandas_alone() -> None:
    """Make pyarrow look for pandas now, while the import fails, unless pandas is already imported.

    Only for the command line's own process, where it saves 0.5 s and 32 MB per run. No output depends on it: pyarrow uses pandas only
    to convert times to Python objects, and whichproxy never lets it do so (analyzer/text/times.py; tests/text/test_times.py reads the
    sources, tests/matrix compares the outputs with pandas loaded).
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(finder)
