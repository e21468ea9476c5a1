"""HMAC-SHA-256 in a kernel (RFC 2104), for the short keys and texts of a QUIC Initial's keys."""

from __future__ import annotations

from typing import Final

from analyzer.readers.sha256 import INITIAL, compress

# A uint32 buffer: SHA-256's state after the key's inner pad, and the one after its outer pad.
MAC_WORDS: Final = 16


def take_key(states, text, key, size, block, state, w):
    """Set the key to text[key:key + size], at most 64 bytes. block: offset of a buffer of 64 bytes in text; state, w: SHA-256's buffers."""
    for pad in range(2):
        for i in range(64):
            text[block + i] = 0x5C if pad else 0x36
        for i in range(size):
            text[block + i] ^= text[key + i]
        for i in range(8):
            state[i] = INITIAL[i]
        compress(state, text, block, w)
        for i in range(8):
            states[8 * pad + i] = state[i]


def finish(states, text, block, size, state, w):
    """Write the MAC of text[block:block + size], at most 55 bytes, to text[block:block + 32]; overwrites the 64 bytes there."""
    for side in range(2):
        for i in range(8):
            state[i] = states[8 * side + i]
        text[block + size] = 0x80
        for i in range(size + 1, 62):
            text[block + i] = 0
        bits = 8 * (64 + size)
        text[block + 62] = bits >> 8
        text[block + 63] = bits & 0xFF
        compress(state, text, block, w)
        for i in range(8):
            word = state[i]
            text[block + 4 * i] = word >> 24
            text[block + 4 * i + 1] = word >> 16 & 0xFF
            text[block + 4 * i + 2] = word >> 8 & 0xFF
            text[block + 4 * i + 3] = word & 0xFF
        size = 32
