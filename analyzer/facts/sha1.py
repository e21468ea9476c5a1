"""SHA-1 inside a kernel (FIPS 180-4), for Community IDs: of texts of one block, in base64."""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32, as_u64
from analyzer.readers.sha256 import rotate

ONE_BLOCK: Final = 55  # bytes that with their end mark and their length fill a block of 64
BASE64_SIZE: Final = 28

STARTS: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)  # 5.3.1
TWENTY_ROUNDS: Final = (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6)  # 4.2.1: what is added in each twenty

LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@kernel
def base64_digests(texts, n_texts, size, out, width, at, w):
    """Write SHA-1 of each text to out[i * width + at:], BASE64_SIZE letters; w: uint32[80] of room.

    texts   uint8[n_texts, size <= ONE_BLOCK]
    """
    for i in range(n_texts):
        for k in range(16):
            word = 0
            for j in range(4 * k, 4 * k + 4):
                word = word << 8 | (texts[i * size + j] if j < size else 0x80 if j == size else 0)
            w[k] = word
        w[15] = 8 * size
        for k in range(16, 80):
            w[k] = rotate(w[k - 3] ^ w[k - 8] ^ w[k - 14] ^ w[k - 16], 31)
        a, b, c, d, e = STARTS[0], STARTS[1], STARTS[2], STARTS[3], STARTS[4]
        for k in range(20):
            a, b, c, d, e = as_u32(rotate(a, 27) + (d ^ b & (c ^ d)) + e + TWENTY_ROUNDS[0] + w[k]), a, rotate(b, 2), c, d
        for k in range(20, 40):
            a, b, c, d, e = as_u32(rotate(a, 27) + (b ^ c ^ d) + e + TWENTY_ROUNDS[1] + w[k]), a, rotate(b, 2), c, d
        for k in range(40, 60):
            a, b, c, d, e = as_u32(rotate(a, 27) + (b & c | d & (b | c)) + e + TWENTY_ROUNDS[2] + w[k]), a, rotate(b, 2), c, d
        for k in range(60, 80):
            a, b, c, d, e = as_u32(rotate(a, 27) + (b ^ c ^ d) + e + TWENTY_ROUNDS[3] + w[k]), a, rotate(b, 2), c, d
        w[0] = as_u32(a + STARTS[0])
        w[1] = as_u32(b + STARTS[1])
        w[2] = as_u32(c + STARTS[2])
        w[3] = as_u32(d + STARTS[3])
        w[4] = as_u32(e + STARTS[4])
        w[5] = 0
        for k in range(27):  # six bits each, of 160 and two more
            first = 6 * k
            pair = as_u64(w[first // 32]) << 32 | w[first // 32 + 1]
            out[i * width + at + k] = LETTERS[pair >> 58 - first % 32 & 63]
        out[i * width + at + 27] = 61
