"""SHA-1 inside a kernel (FIPS 180-4), for Community IDs: of texts of one block, in base64."""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.kernels import kernel
from analyzer.names.sha256 import U32, rotate

MAX_TEXT: Final = 55  # with its end mark and its length it fills a block of 64 bytes
BASE64_SIZE: Final = 28

LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8).copy()


@kernel
def base64_digests(texts, out, at, w):  # type: ignore[no-untyped-def]
    """Write SHA-1 of each row of texts, uint8[n, size <= MAX_TEXT], to out[i, at : at + BASE64_SIZE]; w: uint32[80] of room."""
    n, size = texts.shape
    for i in range(n):
        for k in range(16):
            word = U32(0)
            for j in range(4 * k, 4 * k + 4):
                byte = U32(texts[i, j]) if j < size else U32(0x80 if j == size else 0)
                word = U32(U32(word << U32(8)) | byte)
            w[k] = word
        w[15] = U32(8 * size)
        for k in range(16, 80):
            w[k] = rotate(U32(U32(w[k - 3] ^ w[k - 8]) ^ U32(w[k - 14] ^ w[k - 16])), 31)
        a, b, c, d, e = U32(0x67452301), U32(0xEFCDAB89), U32(0x98BADCFE), U32(0x10325476), U32(0xC3D2E1F0)
        for k in range(80):
            if k < 20:
                f, constant = U32(U32(b & c) | U32(U32(~b) & d)), U32(0x5A827999)
            elif k < 40:
                f, constant = U32(U32(b ^ c) ^ d), U32(0x6ED9EBA1)
            elif k < 60:
                f, constant = U32(U32(U32(b & c) | U32(b & d)) | U32(c & d)), U32(0x8F1BBCDC)
            else:
                f, constant = U32(U32(b ^ c) ^ d), U32(0xCA62C1D6)
            mixed = U32(U32(U32(rotate(a, 27) + f) + U32(e + constant)) + U32(w[k]))
            a, b, c, d, e = mixed, a, rotate(b, 2), c, d
        w[0] = U32(a + U32(0x67452301))
        w[1] = U32(b + U32(0xEFCDAB89))
        w[2] = U32(c + U32(0x98BADCFE))
        w[3] = U32(d + U32(0x10325476))
        w[4] = U32(e + U32(0xC3D2E1F0))
        w[5] = U32(0)
        for k in range(27):  # six bits each, of 160 and two more
            first = 6 * k
            pair = (np.uint64(w[first // 32]) << np.uint64(32)) | np.uint64(w[first // 32 + 1])
            out[i, at + k] = LETTERS[np.int64((pair >> np.uint64(58 - first % 32)) & np.uint64(63))]
        out[i, at + 27] = 61
