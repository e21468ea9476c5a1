"""Purpose: numbers come out of header bytes as the standard library reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.packets.fields import u16, u16_little, u24, u32, u32_little, u64


@given(st.binary(min_size=8, max_size=24), st.integers(0, 16))
def test_as_the_standard_library_reads_them(data: bytes, at: int) -> None:
    at = min(at, len(data) - 8)
    for read, size, order in (
        (u16, 2, "big"),
        (u24, 3, "big"),
        (u32, 4, "big"),
        (u64, 8, "big"),
        (u16_little, 2, "little"),
        (u32_little, 4, "little"),
    ):
        assert read(data, at) == int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
