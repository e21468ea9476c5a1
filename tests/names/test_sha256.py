from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.names.sha256 import INITIAL, ROUND_CONSTANTS, hex_digest

PADDING = 72


def digest(data: bytes, digits: int = 64) -> str:
    text = np.full(len(data) + PADDING, 0xEE, np.uint8)  # not zeros: the padding has to be written
    text[: len(data)] = np.frombuffer(data, np.uint8)
    out = np.full(digits + 2, ord("!"), np.uint8)
    hex_digest(text, len(data), digits, out, 1, np.zeros(8, np.uint32), np.zeros(64, np.uint32))
    written = bytes(out).decode()
    assert (written[0], written[-1]) == ("!", "!")
    return written[1:-1]


def test_constants_of_fips_180_4() -> None:
    assert [hex(int(c)) for c in ROUND_CONSTANTS[[0, 1, 63]]] == ["0x428a2f98", "0x71374491", "0xc67178f2"]  # 4.2.2
    assert [hex(int(h)) for h in INITIAL[[0, 7]]] == ["0x6a09e667", "0x5be0cd19"]  # 5.3.3


@pytest.mark.parametrize("size", [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 5000])
def test_sizes_around_the_blocks_edges(size: int) -> None:
    data = bytes(i * 7 & 0xFF for i in range(size))
    assert digest(data) == hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=300), st.integers(1, 64))
@settings(max_examples=200, deadline=None)
def test_equals_hashlib(data: bytes, digits: int) -> None:
    assert digest(data, digits) == hashlib.sha256(data).hexdigest()[:digits]
