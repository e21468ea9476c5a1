"""numpy arrays → Arrow arrays, and Arrow without pandas.

`pyarrow.array` asks pandas whether what it is given is one of its own, and so imports it: a third of a second that a small
report and a gateway don't have. It asks once: finding no pandas then, it goes on without, and still finds it when
somebody wants a DataFrame.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def array(values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """The values as an Arrow array of their own type, null where the mask is true."""
    values = np.ascontiguousarray(values)
    bits = None if mask is None else bitmap(~mask)
    nulls = 0 if mask is None else int(np.count_nonzero(mask))
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(pa.bool_(), len(values), [bits, bitmap(values)], nulls)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, pa.py_buffer(values)], nulls)


def bitmap(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """One bit per flag, the first in the lowest bit, as Arrow keeps validity and booleans."""
    return pa.py_buffer(np.packbits(flags, bitorder="little").tobytes())


class _NoPandas(MetaPathFinder):
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
