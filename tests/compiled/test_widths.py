"""Numbers are cut as C cuts them."""

from __future__ import annotations

import struct

import pytest

from analyzer.compiled.widths import as_i64


@pytest.mark.parametrize("number", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_the_highest_bit_is_the_sign(number: int) -> None:
    assert as_i64(number) == struct.unpack("<q", struct.pack("<Q", number))[0]
