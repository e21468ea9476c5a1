"""Texts in a pool → Arrow strings. Bytes that aren't UTF-8 become \\xNN; missing and empty texts are null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import all_null
from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes, prefetch

AS_IS: Final = 0
LOWER: Final = 1  # ASCII letters to lower case, one trailing dot removed: how host names are compared (RFC 4343)
HEX: Final = 2

HEX_DIGITS: Final = b"0123456789abcdef"

# How many texts ahead the pool is prefetched: they are scattered over it.
TEXTS_AHEAD: Final = 12

MOST: Final = (1 << 31) - 1
"""The most bytes of an Arrow string array."""


def text_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any], form: int = AS_IS) -> pa.Array:
    """A string array of len(at): pool[at[i] : at[i] + size[i]] in the given form, null where size[i] <= 0."""
    at, size = np.ascontiguousarray(at, np.int64), np.ascontiguousarray(size, np.int32)
    n, bits = len(size), bits_for(len(size))
    total, there = measure_texts(size, n, 1, bits)
    if not there:
        return all_null(n, pa.string())
    offsets, data = room_for(n, 2 * total if form == HEX else total)
    if not gather_texts(pool, at, size, n, form, offsets, data):
        texts = [bytes(pool[a : a + s]).decode("utf-8", "backslashreplace") if s > 0 else None for a, s in zip(at, size, strict=True)]
        if form == LOWER:
            texts = [t.translate(_ASCII_LOWER).removesuffix(".") or None if t else None for t in texts]
        return pa.array(texts, pa.string())
    return string_array(offsets, data, bits, n - there)


def byte_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any]) -> pa.Array:
    """text_array for bytes; null where size[i] < 0, and empty where it is 0."""
    at, size = np.ascontiguousarray(at, np.int64), np.ascontiguousarray(size, np.int32)
    n, bits = len(size), bits_for(len(size))
    total, there = measure_texts(size, n, 0, bits)
    offsets, data = room_for(n, total)
    gather_texts(pool, at, size, n, AS_IS, offsets, data)
    return pa.Array.from_buffers(pa.binary(), n, [pa.py_buffer(bits), pa.py_buffer(offsets), pa.py_buffer(data)], n - there)


_ASCII_LOWER = {c: c + 32 for c in range(65, 91)}


def bits_for(n: int) -> npt.NDArray[np.uint8]:
    """A zeroed bitmap for n values."""
    return np.zeros((n + 7) // 8, np.uint8)


def room_for(n: int, total: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """(offsets, data) with room for n texts of `total` bytes. Errors: OverflowError, an Arrow string array can't hold so much."""
    if total > MOST:
        raise OverflowError(f"the texts of one column take {total} bytes, and can't take more than {MOST}")
    return np.zeros(n + 1, np.int32), np.empty(total, np.uint8)


def string_array(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], bits: npt.NDArray[np.uint8], nulls: int) -> pa.Array:
    """A string array from its parts: data[offsets[i] : offsets[i + 1]], null where its bit isn't set."""
    valid = pa.py_buffer(bits) if nulls else None
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [valid, pa.py_buffer(offsets), pa.py_buffer(data)], nulls)


def texts_of_one_size(texts: npt.NDArray[np.uint8]) -> pa.Array:
    """A string array of the rows of uint8[n, size], each of which is a text."""
    n, size = texts.shape
    if n * size > MOST:
        raise OverflowError(f"the texts of one column take {n * size} bytes, and can't take more than {MOST}")
    return string_array(np.arange(0, n * size + 1, size, dtype=np.int32), texts.ravel(), bits_for(0), 0)


def words(codes: npt.NDArray[Any], names: Sequence[str | None]) -> pa.Array:
    """A string array of names[codes[i]], null where the code is negative or the name None."""
    codes, n = np.ascontiguousarray(codes, np.int32), len(codes)
    letters = [b"" if name is None else name.encode() for name in names]
    ends = np.cumsum([0, *map(len, letters)])
    sizes = np.array([-1 if name is None else len(one) for name, one in zip(names, letters, strict=True)], np.int32)
    bits = bits_for(n)
    total, there = measure_words(codes, n, sizes, bits)
    if not there:
        return all_null(n, pa.string())
    offsets, data = room_for(n, total)
    spell_words(codes, n, ends, sizes, np.frombuffer(b"".join(letters) or b"\0", np.uint8), offsets, data)
    return string_array(offsets, data, bits, n - there)


@kernel
def measure_texts(size, n, least, bits):
    """(total bytes of texts of these sizes, number of texts present); sets the bits of those of at least this size."""
    total, there = 0, 0
    for i in range(n):
        if size[i] >= least:
            bits[i >> 3] |= 1 << (i & 7)
            total += size[i]
            there += 1
    return total, there


@kernel
def measure_words(codes, n, sizes, bits):
    """measure_texts for the words of these codes; sizes: of each word, -1: none."""
    total, there = 0, 0
    for i in range(n):
        if codes[i] >= 0 and sizes[codes[i]] >= 0:
            bits[i >> 3] |= 1 << (i & 7)
            total += sizes[codes[i]]
            there += 1
    return total, there


@kernel
def spell_words(codes, n, begins, sizes, letters, offsets, out):
    """Copy the word of each code to `out`, one after the other, and set each one's end in offsets[1:]."""
    p = 0
    for i in range(n):
        if codes[i] >= 0 and sizes[codes[i]] > 0:
            copy_bytes(letters, begins[codes[i]], sizes[codes[i]], out, p)
            p += sizes[codes[i]]
        offsets[i + 1] = p


@kernel
def gather_texts(pool, at, size, n_texts, form, offsets, out):
    """True when every byte is ASCII; copies the texts to `out`, one after the other, and sets each one's end in offsets[1:]."""
    p = 0
    for i in range(n_texts):
        if i + TEXTS_AHEAD < n_texts:
            prefetch(pool, at[i + TEXTS_AHEAD])
        start, n = at[i], max(0, size[i])
        if form == HEX:
            write_hex(pool, start, n, out, p)
            n *= 2
        else:
            if form == LOWER and n > 0 and pool[start + n - 1] == 46:
                n -= 1
            copy_bytes(pool, start, n, out, p)
        p += n
        offsets[i + 1] = p
    if form == HEX:
        return True
    if form == LOWER:
        lower(out, p)
    return is_ascii(out, p)


def write_hex(pool, start, size, out, at):
    """Write the hex digits of pool[start : start + size] to out[at:]."""
    for k in range(size):
        out[at + 2 * k] = HEX_DIGITS[pool[start + k] >> 4]
        out[at + 2 * k + 1] = HEX_DIGITS[pool[start + k] & 15]


def lower(text, size):
    """Convert the ASCII letters of text[:size] to lower case."""
    for k in range(size):
        c = text[k]
        text[k] = c + 32 if 65 <= c <= 90 else c


def is_ascii(text, size):
    """Whether every byte of text[:size] is ASCII."""
    bits = 0
    for k in range(size):
        bits |= text[k]
    return bits < 128
