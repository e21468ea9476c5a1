"""HMAC-SHA-256 against the standard library's."""

import hmac
import random

import numpy as np
import pytest

from analyzer.compiled.rows import by_address
from analyzer.readers.mac import MAC_WORDS, finish, take_key


@pytest.mark.parametrize("size", [0, 1, 20, 32, 54, 55])
def test_equals_the_standard_librarys(size: int) -> None:
    chance = random.Random(size)
    states, state, w = (by_address(np.zeros(n, np.uint32)) for n in (MAC_WORDS, 8, 64))
    for key_size in (0, 20, 32, 64):
        key, data = chance.randbytes(key_size), chance.randbytes(size)
        text = bytearray(key.ljust(64, b"\xee") + bytes(64))
        take_key(states, text, 0, key_size, 64, state, w)
        text[64:128] = data.ljust(64, b"\xee")
        finish(states, text, 64, size, state, w)
        assert text[64:96] == hmac.digest(key, data, "sha256")
        assert text[:key_size] == key
