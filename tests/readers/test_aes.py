"""AES-128 by the block, against the standard's examples and the library."""

import random

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from analyzer.compiled.rows import by_address
from analyzer.readers.aes import AES_WORDS, BLOCK, HEADER_KEY, KEY, S_BOX, encrypt, expand_key, fill_steps


def ciphered(key: bytes, block: bytes, at: int = KEY) -> bytes:
    words = by_address(np.zeros(AES_WORDS, np.uint32))
    fill_steps(words)
    expand_key(words, at, key, 0)
    for i in range(4):
        words[BLOCK + i] = int.from_bytes(block[4 * i : 4 * i + 4], "big")
    encrypt(words, at)
    return b"".join(words[BLOCK + i].to_bytes(4, "big") for i in range(4))


def test_examples_of_fips_197() -> None:
    key, block = bytes.fromhex("000102030405060708090a0b0c0d0e0f"), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert ciphered(key, block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"  # C.1
    key, block = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes.fromhex("3243f6a8885a308d313198a2e0370734")
    assert ciphered(key, block).hex() == "3925841d02dc09fbdc118597196a0b32"  # B
    words = by_address(np.zeros(AES_WORDS, np.uint32))
    fill_steps(words)
    assert sorted(words[S_BOX : S_BOX + 256]) == list(range(256)) and words[S_BOX + 0x53] == 0xED  # 5.1.1


def test_equals_the_library() -> None:
    chance = random.Random(1)
    for at in (KEY, HEADER_KEY) * 4:
        key, block = chance.randbytes(16), chance.randbytes(16)
        assert ciphered(key, block, at) == Cipher(algorithms.AES128(key), modes.ECB()).encryptor().update(block)
