from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.sha256 import INITIAL, ROUND_CONSTANTS, compress_by_steps, hex_digest

PADDING = 72


def digest(data: bytes, digits: int = 64) -> str:
    text = np.full(len(data) + PADDING, 0xEE, np.uint8)  # not zeros: the padding has to be written
    text[: len(data)] = np.frombuffer(data, np.uint8)
    out = np.full(digits + 2, ord("!"), np.uint8)
    hex_digest(text, len(data), digits, out, 1, np.zeros(8, np.uint32), np.zeros(64, np.uint32))
    written = bytes(out).decode()
    assert (written[0], written[-1]) == ("!", "!")
    return written[1:-1]


def is_root(bits: int, prime: int, power: int) -> bool:
    """True when these are the first 32 bits of the fractional part of a prime's square or cube root."""
    whole = int(prime ** (1 / power))
    root = whole << 32 | bits
    return root**power <= prime << 32 * power < (root + 1) ** power


def test_constants_of_fips_180_4() -> None:
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    assert len(primes) == 64
    assert [is_root(bits, prime, 3) for bits, prime in zip(ROUND_CONSTANTS, primes, strict=True)] == [True] * 64  # 4.2.2
    assert [is_root(bits, prime, 2) for bits, prime in zip(INITIAL, primes[:8], strict=True)] == [True] * 8  # 5.3.3


@pytest.mark.parametrize("size", [0, 1, 3, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 5000])
def test_sizes_around_the_blocks_edges(size: int) -> None:
    data = bytes(i * 7 & 0xFF for i in range(size))
    assert digest(data) == hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=300), st.integers(1, 64))
@settings(max_examples=200, deadline=None)
def test_equals_hashlib(data: bytes, digits: int) -> None:
    assert digest(data, digits) == hashlib.sha256(data).hexdigest()[:digits]


def test_step_by_step_it_is_what_the_processors_own_instructions_give() -> None:
    data = np.frombuffer(bytes(i * 7 & 0xFF for i in range(100)), np.uint8).copy()
    one, other = np.array(INITIAL, np.uint32), np.array(INITIAL, np.uint32)
    compress_by_steps(one, data, 3, np.zeros(64, np.uint32))
    text = np.zeros(64 + PADDING, np.uint8)
    text[:64] = data[3:67]
    hex_digest(text, 64, 1, np.zeros(1, np.uint8), 0, other, np.zeros(64, np.uint32))
    padding = np.frombuffer(b"\x80" + bytes(61) + b"\x02\x00", np.uint8).copy()
    compress_by_steps(one, padding, 0, np.zeros(64, np.uint32))
    assert one.tolist() == other.tolist()
