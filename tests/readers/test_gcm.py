"""Opening what AES-128-GCM sealed, against the library."""

import random

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.compiled.rows import by_address
from analyzer.readers.aes import KEY, expand_key, fill_steps
from analyzer.readers.gcm import GCM_WORDS, NONCE, fill_reduced, open_sealed


def opened(key: bytes, nonce: bytes, sealed: bytes, header: bytes) -> bytes | None:
    words, multiples = by_address(np.zeros(GCM_WORDS, np.uint32)), by_address(np.zeros(512, np.uint64))
    fill_steps(words)
    fill_reduced(words)
    expand_key(words, KEY, key, 0)
    for i in range(3):
        words[NONCE + i] = int.from_bytes(nonce[4 * i : 4 * i + 4], "big")
    out = bytearray(b"\xee" * (len(sealed) + 2))
    if not open_sealed(words, multiples, b"x" + header, 1, len(header), b"y" + sealed, 1, 1 + len(sealed), out, 1):
        assert set(out) <= {0xEE}
        return None
    size = len(sealed) - 16
    assert out[0] == 0xEE and set(out[1 + size :]) == {0xEE}
    return bytes(out[1 : 1 + size])


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100])
def test_equals_the_library_and_refuses_whatever_was_changed(size: int) -> None:
    chance = random.Random(size)
    key, nonce, text, header = (chance.randbytes(n) for n in (16, 12, size, chance.randrange(1, 40)))
    sealed = AESGCM(key).encrypt(nonce, text, header)
    assert opened(key, nonce, sealed, header) == text
    at = chance.randrange(len(sealed))
    assert opened(key, nonce, sealed[:at] + bytes((sealed[at] ^ 1 << chance.randrange(8),)) + sealed[at + 1 :], header) is None
    assert opened(key, nonce, sealed, header + b"\0") is None
    assert opened(key, nonce[:11] + bytes((nonce[11] ^ 1,)), sealed, header) is None


def test_less_than_a_tag_is_nothing() -> None:
    assert opened(bytes(16), bytes(12), bytes(15), b"a") is None
