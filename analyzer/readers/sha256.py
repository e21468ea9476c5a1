"""SHA-256 in a kernel (FIPS 180-4), for flow ids and JA4: fifty thousand digests of a few dozen bytes in some tens of milliseconds."""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.widths import as_u32
from analyzer.packets.fields import u32

# The first 32 fractional bits of the first 64 primes' cube roots (4.2.2) and of the first 8 primes' square roots (5.3.3).
ROUND_CONSTANTS: Final = (
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
)  # fmt: skip
INITIAL: Final = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)  # fmt: skip


def rotate(x, n):
    """x, a 32-bit number, rotated right by n bits."""
    return as_u32(x >> n | x << 32 - n)


def compress_by_processor(state, text, block):
    """As compress, True where the processor has instructions for it: they take a tenth of the time for ids and QUIC keys."""
    return False


def compress(state, text, block, w):
    """Add the 64 bytes text[block:] to the state; w: a buffer, uint32[64]."""
    if not compress_by_processor(state, text, block):
        compress_by_steps(state, text, block, w)


@kernel
def compress_by_steps(state, text, block, w):
    """As compress, on any processor."""
    for i in range(16):
        w[i] = u32(text, block + 4 * i)
    for i in range(16, 64):
        x, y = w[i - 15], w[i - 2]
        s0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3
        s1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10
        w[i] = as_u32(w[i - 16] + s0 + w[i - 7] + s1)
    a, b, c, d, e, f, g, h = state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]
    for i in range(64):
        s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        t1 = as_u32(h + s1 + (g ^ e & (f ^ g)) + ROUND_CONSTANTS[i] + w[i])
        s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        t2 = as_u32(s0 + (a & b | c & (a | b)))
        h, g, f, e, d, c, b, a = g, f, e, as_u32(d + t1), c, b, a, as_u32(t1 + t2)
    state[0] = as_u32(state[0] + a)
    state[1] = as_u32(state[1] + b)
    state[2] = as_u32(state[2] + c)
    state[3] = as_u32(state[3] + d)
    state[4] = as_u32(state[4] + e)
    state[5] = as_u32(state[5] + f)
    state[6] = as_u32(state[6] + g)
    state[7] = as_u32(state[7] + h)


@kernel
def hex_digest(text, size, digits, out, at, state, w):
    """Write the first `digits` hex digits of SHA-256(text[:size]) to out[at:]; text needs room for 72 bytes of padding.

    state, w   buffers, uint32[8] and uint32[64]
    """
    for i in range(8):
        state[i] = INITIAL[i]
    text[size] = 0x80
    padded = (size + 9 + 63) // 64 * 64
    for i in range(size + 1, padded - 8):
        text[i] = 0
    for i in range(8):
        text[padded - 8 + i] = size * 8 >> 8 * (7 - i) & 0xFF
    for block in range(0, padded, 64):
        compress(state, text, block, w)
    for i in range(digits):
        nibble = state[i // 8] >> 4 * (7 - i % 8) & 15
        out[at + i] = nibble + (48 if nibble < 10 else 87)
