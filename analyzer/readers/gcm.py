"""AES-128-GCM decryption in a kernel (NIST SP 800-38D), if the tag fits the key."""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u64
from analyzer.packets.fields import u64
from analyzer.readers.aes import AES_WORDS, BLOCK, KEY, encrypt

TAG_BYTES: Final = 16

# Behind AES's words: the reduction of the eight bits shifted out; the nonce.
REDUCED: Final = AES_WORDS
NONCE: Final = REDUCED + 256
GCM_WORDS: Final = NONCE + 3

POLYNOMIAL: Final = 0xE1 << 56
"""The field's polynomial, added after a shift (6.3)."""


def fill_reduced(words):
    """Fill the table of the reductions after a shift by eight bits."""
    for rest in range(256):
        added, bits = 0, rest
        for _ in range(8):
            added >>= 1
            if bits & 1:
                added ^= 0xE100
            bits >>= 1
        words[REDUCED + rest] = added


def fill_multiples(words, multiples):
    """Fill uint64[512] with the hash key times each byte value, two numbers each."""
    for i in range(4):
        words[BLOCK + i] = 0
    encrypt(words, KEY)
    high = as_u64(words[BLOCK]) << 32 | words[BLOCK + 1]
    low = as_u64(words[BLOCK + 2]) << 32 | words[BLOCK + 3]
    multiples[0] = 0
    multiples[1] = 0
    bit = 128
    while bit:
        multiples[2 * bit] = high
        multiples[2 * bit + 1] = low
        odd = low & 1
        low = low >> 1 | (high & 1) << 63
        high >>= 1
        if odd:
            high ^= POLYNOMIAL
        bit >>= 1
    bit = 2
    while bit < 256:
        for i in range(1, bit):
            multiples[2 * (bit + i)] = multiples[2 * bit] ^ multiples[2 * i]
            multiples[2 * (bit + i) + 1] = multiples[2 * bit + 1] ^ multiples[2 * i + 1]
        bit <<= 1


def times_key(words, multiples, high, low):
    """(high, low) times the hash key, eight bits at a time from the lowest on."""
    a, b = as_u64(0), as_u64(0)
    for half in range(2):
        part = high if half else low
        for _ in range(8):
            rest = b & 255
            b = b >> 8 | (a & 255) << 56
            a = a >> 8 ^ as_u64(words[REDUCED + rest]) << 48
            i = part & 255
            part >>= 8
            a ^= multiples[2 * i]
            b ^= multiples[2 * i + 1]
    return a, b


def hashed(words, multiples, data, at, size, high, low):
    """The hash (high, low) extended by data[at:at + size], padded with zeros to a whole block."""
    while size >= 16:
        high, low = times_key(words, multiples, high ^ u64(data, at), low ^ u64(data, at + 8))
        at += 16
        size -= 16
    if size:
        for i in range(size):
            if i < 8:
                high ^= as_u64(data[at + i]) << 56 - 8 * i
            else:
                low ^= as_u64(data[at + i]) << 120 - 8 * i
        high, low = times_key(words, multiples, high, low)
    return high, low


def counted_block(words, counter):
    """Encrypt the counter block of this number, for the nonce, into the block's place."""
    words[BLOCK] = words[NONCE]
    words[BLOCK + 1] = words[NONCE + 1]
    words[BLOCK + 2] = words[NONCE + 2]
    words[BLOCK + 3] = counter
    encrypt(words, KEY)


def open_sealed(words, multiples, header, header_at, header_size, data, at, end, out, out_at):
    """True when data[at:end] is sealed with the key at KEY, the nonce, and header[header_at:]; then decrypts it into out[out_at:].

    words   the tables, the expanded key and the nonce;  multiples   uint64[512], a buffer
    """
    size = end - at - TAG_BYTES
    if size < 0:
        return False
    fill_multiples(words, multiples)
    high, low = hashed(words, multiples, header, header_at, header_size, as_u64(0), as_u64(0))
    high, low = hashed(words, multiples, data, at, size, high, low)
    high, low = times_key(words, multiples, high ^ as_u64(8 * header_size), low ^ as_u64(8 * size))
    counted_block(words, 1)
    high ^= as_u64(words[BLOCK]) << 32 | words[BLOCK + 1]
    low ^= as_u64(words[BLOCK + 2]) << 32 | words[BLOCK + 3]
    if high != u64(data, end - TAG_BYTES) or low != u64(data, end - 8):
        return False
    counter = 2
    whole = size & ~15
    for block in range(0, whole, 16):
        counted_block(words, counter)
        counter += 1
        for i in range(4):
            word, place = words[BLOCK + i], block + 4 * i
            out[out_at + place] = data[at + place] ^ word >> 24
            out[out_at + place + 1] = data[at + place + 1] ^ word >> 16 & 255
            out[out_at + place + 2] = data[at + place + 2] ^ word >> 8 & 255
            out[out_at + place + 3] = data[at + place + 3] ^ word & 255
    counted_block(words, counter)
    for i in range(size - whole):
        out[out_at + whole + i] = data[at + whole + i] ^ words[BLOCK + (i >> 2)] >> 24 - 8 * (i & 3) & 255
    return True
