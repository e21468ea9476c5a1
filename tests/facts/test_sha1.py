"""SHA-1 in base64, against Python's own."""

from __future__ import annotations

import base64
import hashlib

import numpy as np
import pytest

from analyzer.facts.sha1 import BASE64_SIZE, ONE_BLOCK, base64_digests


@pytest.mark.parametrize("size", [0, 1, 3, 16, 40, ONE_BLOCK])
def test_digests(size: int) -> None:
    texts = np.arange(20 * size, dtype=np.int64).astype(np.uint8).reshape(20, size) if size else np.zeros((20, 0), np.uint8)
    out = np.zeros((20, BASE64_SIZE + 2), np.uint8)
    base64_digests(texts, 20, size, out, BASE64_SIZE + 2, 2, np.zeros(80, np.uint32))
    expected = [base64.b64encode(hashlib.sha1(row.tobytes(), usedforsecurity=False).digest()) for row in texts]
    assert [row.tobytes()[2:] for row in out] == expected
