"""Concatenates pieces of bytes from anywhere in an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes


def starts_of(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The offset of each piece of these sizes after concatenation."""
    ends: npt.NDArray[np.int64] = np.cumsum(sizes)
    return ends - sizes


def gathered(data: npt.NDArray[np.uint8], at: npt.NDArray[Any], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The pieces data[at[i] : at[i] + sizes[i]], concatenated."""
    together = np.empty(int(sizes.sum()), np.uint8)
    copy_pieces(data, np.ascontiguousarray(at, np.int64), np.ascontiguousarray(sizes), len(sizes), together)
    return together


@kernel
def copy_pieces(data, at, sizes, n, together):
    """Fill `together` with the pieces, which must be inside `data`."""
    used = 0
    for i in range(n):
        copy_bytes(data, at[i], sizes[i], together, used)
        used += sizes[i]
