"""Pieces of bytes that lie anywhere, put one behind the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes


def starts_of(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each of pieces of these sizes begins when they lie one behind the other."""
    ends: npt.NDArray[np.int64] = np.cumsum(sizes)
    return ends - sizes


def gathered(data: npt.NDArray[np.uint8], at: npt.NDArray[Any], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The pieces data[at[i] : at[i] + sizes[i]], one behind the other."""
    together = np.empty(int(sizes.sum()), np.uint8)
    copy_pieces(data, np.ascontiguousarray(at, np.int64), np.ascontiguousarray(sizes), len(sizes), together)
    return together


@kernel
def copy_pieces(data, at, sizes, n, together):
    """Fill `together` with the pieces; all lie in `data`."""
    used = 0
    for i in range(n):
        copy_bytes(data, at[i], sizes[i], together, used)
        used += sizes[i]
