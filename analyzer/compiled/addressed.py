"""Named tuples of arrays for kernels, whose addresses are looked up once and not in every call."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


class Addressed:
    """The base of such a named tuple: its arrays are never replaced, so their addresses stay valid as long as it exists."""

    @cached_property
    def addresses(self: Any) -> npt.NDArray[np.int64]:
        """Space for the C structure that an entry function fills: each array's address, and its number of rows."""
        return np.zeros(2 * len(self), np.int64)

    def __reduce__(self: Any) -> tuple[Any, ...]:
        """Pickled without the addresses: a copy's arrays are elsewhere."""
        return type(self), tuple(self)
