"""Pieces put one behind the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.flows.gather import gathered, starts_of

PIECES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=20)


@given(PIECES)
def test_as_slices_have_it(pieces: list[tuple[int, int]]) -> None:
    data = np.arange(100, dtype=np.uint8)
    at, sizes = (np.array([piece[k] for piece in pieces], np.int64) for k in (0, 1))
    expected = b"".join(data[a : a + size].tobytes() for a, size in pieces)
    assert gathered(data, at.astype(np.int32), sizes).tobytes() == expected
    assert [expected[a : a + size] for a, size in zip(starts_of(sizes).tolist(), sizes.tolist(), strict=True)] == [
        data[a : a + size].tobytes() for a, size in pieces
    ]
