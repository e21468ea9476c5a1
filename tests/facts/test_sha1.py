"""SHA-1 in base64, against Python's own."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest

from analyzer.facts.sha1 import BASE64_SIZE, ONE_BLOCK, STARTS, base64_digest, digest_by_steps

SIZES = [0, 1, 3, 16, 40, ONE_BLOCK]


@pytest.mark.parametrize("size", SIZES)
def test_digests(size: int) -> None:
    for first in range(20):
        text, out = np.arange(first, first + 64).astype(np.uint8), np.zeros(BASE64_SIZE + 2, np.uint8)
        expected = base64.b64encode(hashlib.sha1(text[:size].tobytes(), usedforsecurity=False).digest())
        base64_digest(text, size, out, 2, np.zeros(6, np.uint32), np.zeros(80, np.uint32))
        assert out.tobytes() == b"\0\0" + expected


@pytest.mark.parametrize("size", SIZES)
def test_digests_without_instructions_for_them(size: int) -> None:
    """What a processor does that has none is the same."""
    text = bytes(range(3, 3 + size))
    block = np.frombuffer(text + b"\x80" + bytes(61 - size) + (8 * size).to_bytes(2, "big"), np.uint8).copy()
    state = np.array(STARTS, np.uint32)
    digest_by_steps(state, block, np.zeros(80, np.uint32))
    assert state.astype(">u4").tobytes() == hashlib.sha1(text, usedforsecurity=False).digest()
