"""numpy arrays → Arrow arrays, and Arrow without pandas.

`pyarrow.array` asks pandas whether what it is given is one of its own, and so imports it: a third of a second that a small
report and a gateway don't have. It asks once: finding no pandas then, it goes on without, and still finds it when
somebody wants a DataFrame.
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
        return nothing(n, kind)
    bits = None if mask is None or not nulls else bitmap(~mask)
    return pa.Array.from_buffers(kind, n, [bits, bitmap(values) if values.dtype == np.bool_ else pa.py_buffer(values)], nulls)


def nothing(n: int, kind: pa.DataType) -> pa.Array:
    """n nulls of this type, as a rule in memory that all such arrays share."""
    if pa.types.is_string(kind):
        offsets = zeros(4 * (n + 1))
        return pa.Array.from_buffers(kind, n, [zeros((n + 7) // 8), offsets, zeros(0)], n)
    if pa.types.is_primitive(kind):
        values = zeros((n * kind.bit_width + 7) // 8)  # before the bits, which then lie in the same room
        return pa.Array.from_buffers(kind, n, [zeros((n + 7) // 8), values], n)
    return pa.nulls(n, kind)


def zeros(size: int) -> pa.Buffer:
    """So many bytes of zeros; what is there already is shared, as long as an array has it."""
    global _zeros
    shared = _zeros() if _zeros is not None else None
    if shared is None or len(shared) < size:
        shared = np.zeros(max(size, LEAST_ZEROS), np.uint8)
        shared.flags.writeable = False
        _zeros = weakref.ref(shared)
    return pa.py_buffer(shared).slice(0, size)


LEAST_ZEROS = 1 << 12
_zeros: weakref.ref[npt.NDArray[np.uint8]] | None = None


def bitmap(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """One bit per flag, the first in the lowest bit, as Arrow keeps validity and booleans."""
    return pa.py_buffer(np.packbits(flags, bitorder="little").tobytes())


def given_back() -> None:
    """Nothing; what Arrow and the C library have free goes to the system, which glibc alone keeps for arrays of the same size."""
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
    """Let pyarrow ask for pandas now, while it can't be found, unless somebody has imported it already.

    For a process of our own only, the command line, where it saves 0.5 s and 32 MB of each run. No output can depend on it:
    pyarrow goes by pandas in one thing, times that it makes into Python objects, and here it never makes any
    (analyzer/text/times.py; tests/text/test_times.py reads the sources, tests/matrix compares the outputs with pandas loaded).
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(finder)
