"""Rows as bytes and back."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.layout import HELD, LABEL, MESSAGE, RECORD
from analyzer.flows.packed import packed, packed_size, unpacked


@pytest.mark.parametrize("dtype", [RECORD, MESSAGE, HELD, LABEL, np.dtype(np.uint8), np.dtype(np.int64)])
@pytest.mark.parametrize("n", [0, 1, 1000])
def test_what_is_packed_comes_back(dtype: np.dtype, n: int) -> None:  # type: ignore[type-arg]
    rows = np.frombuffer(np.random.default_rng(n).bytes(n * dtype.itemsize), dtype)
    data = packed(rows)
    assert len(data) == packed_size(n, dtype)
    again = unpacked(memoryview(data), n, dtype)
    names = dtype.names or ()
    assert all((again[name] == rows[name]).all() for name in names) and (names or (again == rows).all())
