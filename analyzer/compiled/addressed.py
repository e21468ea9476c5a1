"""Named tuples of arrays that kernels are given, which look up where the arrays lie once and not with every call."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


class Addressed:
    """What such a named tuple is beside it: of its arrays none is ever exchanged, so what is known of them holds as long as it does."""

    @cached_property
    def addresses(self: Any) -> npt.NDArray[np.int64]:
        """Room for the C structure that the way into a kernel fills: for each array its address, and how many rows it has."""
        return np.zeros(2 * len(self), np.int64)

    def __reduce__(self: Any) -> tuple[Any, ...]:
        """A copy has arrays of its own, which lie elsewhere."""
        return type(self), tuple(self)
