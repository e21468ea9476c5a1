"""AES-128 by the block in a kernel (FIPS 197), with lookup tables: only for keys that anyone can derive, so timing may reveal them.

`words` is a uint32 buffer: the tables, the round keys and the block are at the offsets of the constants.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.widths import as_u32
from analyzer.packets.fields import u32
from analyzer.readers.sha256 import rotate

# Four tables that combine a round's three steps, each the one before rotated by a byte, and the S-box.
STEPS: Final = 0
S_BOX: Final = 1024
# The round keys of a packet's two keys, and the block.
KEY: Final = S_BOX + 256
HEADER_KEY: Final = KEY + 44
BLOCK: Final = HEADER_KEY + 44
AES_WORDS: Final = BLOCK + 4


def fill_steps(words):
    """Fill the tables (4.2, 5.1.1, 5.1.3)."""
    p, q = 1, 1
    while True:
        p = p ^ p << 1 & 0xFF ^ (0x1B if p & 0x80 else 0)  # times 3, so p takes all values but 0
        q ^= q << 1
        q ^= q << 2
        q = (q ^ q << 4) & 0xFF
        if q & 0x80:
            q ^= 0x09  # divided by 3: the inverse of p
        x = q ^ q << 1 ^ q << 2 ^ q << 3 ^ q << 4
        words[S_BOX + p] = (x ^ x >> 8) & 0xFF ^ 0x63
        if p == 1:
            break
    words[S_BOX] = 0x63
    for i in range(256):
        s = words[S_BOX + i]
        twice = s << 1 ^ (0x11B if s & 0x80 else 0)
        step = twice << 24 | s << 16 | s << 8 | twice ^ s
        for turn in range(4):
            words[STEPS + 256 * turn + i] = step
            step = rotate(step, 8)


def expand_key(words, key, data, at):
    """Expand the 16-byte key data[at:] to the round keys words[key:] (5.2)."""
    for i in range(4):
        words[key + i] = u32(data, at + 4 * i)
    constant = 1
    for i in range(key + 4, key + 44, 4):
        last = words[i - 1]
        turned = words[S_BOX + (last >> 16 & 255)] << 24 | words[S_BOX + (last >> 8 & 255)] << 16 | words[S_BOX + (last & 255)] << 8
        words[i] = words[i - 4] ^ turned ^ words[S_BOX + (last >> 24)] ^ constant << 24
        words[i + 1] = words[i - 3] ^ words[i]
        words[i + 2] = words[i - 2] ^ words[i + 1]
        words[i + 3] = words[i - 1] ^ words[i + 2]
        constant = constant << 1 ^ (0x11B if constant & 0x80 else 0)


def encrypt(words, key):
    """Encrypt the block in place (5.1)."""
    a, b = words[BLOCK] ^ words[key], words[BLOCK + 1] ^ words[key + 1]
    c, d = words[BLOCK + 2] ^ words[key + 2], words[BLOCK + 3] ^ words[key + 3]
    for i in range(key + 4, key + 40, 4):
        e = words[a >> 24] ^ words[256 + (b >> 16 & 255)] ^ words[512 + (c >> 8 & 255)] ^ words[768 + (d & 255)] ^ words[i]
        f = words[b >> 24] ^ words[256 + (c >> 16 & 255)] ^ words[512 + (d >> 8 & 255)] ^ words[768 + (a & 255)] ^ words[i + 1]
        g = words[c >> 24] ^ words[256 + (d >> 16 & 255)] ^ words[512 + (a >> 8 & 255)] ^ words[768 + (b & 255)] ^ words[i + 2]
        h = words[d >> 24] ^ words[256 + (a >> 16 & 255)] ^ words[512 + (b >> 8 & 255)] ^ words[768 + (c & 255)] ^ words[i + 3]
        a, b, c, d = e, f, g, h
    words[BLOCK] = last_step(words, a, b, c, d) ^ words[key + 40]
    words[BLOCK + 1] = last_step(words, b, c, d, a) ^ words[key + 41]
    words[BLOCK + 2] = last_step(words, c, d, a, b) ^ words[key + 42]
    words[BLOCK + 3] = last_step(words, d, a, b, c) ^ words[key + 43]


def last_step(words, a, b, c, d):
    """One word of the last round, which has no MixColumns."""
    high = words[S_BOX + (a >> 24)] << 24 | words[S_BOX + (b >> 16 & 255)] << 16
    return as_u32(high | words[S_BOX + (c >> 8 & 255)] << 8 | words[S_BOX + (d & 255)])
