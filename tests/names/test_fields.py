"""Purpose: for Numba's kernels too, numbers come out of header bytes as the standard library reads them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.names.fields import u16, u16_little, u24, u32, u32_little, u64


@settings(deadline=None)  # the first call compiles
@given(st.binary(min_size=8, max_size=24), st.integers(0, 16))
def test_as_the_standard_library_reads_them(data: bytes, at: int) -> None:
    at = min(at, len(data) - 8)
    buf = np.frombuffer(data, np.uint8)
    for read, size, order in (
        (u16, 2, "big"),
        (u24, 3, "big"),
        (u32, 4, "big"),
        (u64, 8, "big"),
        (u16_little, 2, "little"),
        (u32_little, 4, "little"),
    ):
        assert int(read(buf, at)) == int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
