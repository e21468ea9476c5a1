"""SHA-1 in a kernel (FIPS 180-4), for Community IDs: of texts of one block, in base64."""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32, as_u64
from analyzer.packets.fields import u32
from analyzer.readers.sha256 import rotate

ONE_BLOCK: Final = 55  # bytes that fill a block of 64 with their end mark and length
BASE64_SIZE: Final = 28

STARTS: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)  # 5.3.1
TWENTY_ROUNDS: Final = (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6)  # 4.2.1: the constant of each twenty rounds

LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def digest_by_processor(state, text):
    """As digest_by_steps, True where the processor has instructions for it: they take a tenth of the time."""
    return False


@kernel
def digest_by_steps(state, text, w):
    """Digest the 64 bytes of `text` into the state, uint32[5], on any processor; w: a buffer, uint32[80]."""
    for k in range(16):
        w[k] = u32(text, 4 * k)
    for k in range(16, 80):
        w[k] = rotate(w[k - 3] ^ w[k - 8] ^ w[k - 14] ^ w[k - 16], 31)
    a, b, c, d, e = state[0], state[1], state[2], state[3], state[4]
    for k in range(20):
        a, b, c, d, e = as_u32(rotate(a, 27) + (d ^ b & (c ^ d)) + e + TWENTY_ROUNDS[0] + w[k]), a, rotate(b, 2), c, d
    for k in range(20, 40):
        a, b, c, d, e = as_u32(rotate(a, 27) + (b ^ c ^ d) + e + TWENTY_ROUNDS[1] + w[k]), a, rotate(b, 2), c, d
    for k in range(40, 60):
        a, b, c, d, e = as_u32(rotate(a, 27) + (b & c | d & (b | c)) + e + TWENTY_ROUNDS[2] + w[k]), a, rotate(b, 2), c, d
    for k in range(60, 80):
        a, b, c, d, e = as_u32(rotate(a, 27) + (b ^ c ^ d) + e + TWENTY_ROUNDS[3] + w[k]), a, rotate(b, 2), c, d
    state[0] = as_u32(state[0] + a)
    state[1] = as_u32(state[1] + b)
    state[2] = as_u32(state[2] + c)
    state[3] = as_u32(state[3] + d)
    state[4] = as_u32(state[4] + e)


@kernel
def base64_digest(text, size, out, at, state, w):
    """Write SHA-1(text[:size <= ONE_BLOCK]) to out[at:], BASE64_SIZE letters; `text` has 64 bytes, of which those behind are overwritten.

    state, w   buffers, uint32[6] and uint32[80]
    """
    text[size] = 0x80
    for k in range(size + 1, 64):
        text[k] = 0
    text[62] = size >> 5
    text[63] = size << 3 & 0xFF
    for k in range(5):
        state[k] = STARTS[k]
    state[5] = 0
    if not digest_by_processor(state, text):
        digest_by_steps(state, text, w)
    for k in range(27):  # six bits each, of 160 and two more
        first = 6 * k
        pair = as_u64(state[first // 32]) << 32 | state[first // 32 + 1]
        out[at + k] = LETTERS[pair >> 58 - first % 32 & 63]
    out[at + 27] = 61
