"""Texts in a pool → Arrow strings. Bytes that aren't UTF-8 are shown as \\xNN; what is missing or empty is null."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import bitmap, nothing
from analyzer.compiled import kernel
from analyzer.compiled.memory import copy_bytes, prefetch

AS_IS: Final = 0
LOWER: Final = 1  # ASCII letters to lower case, one trailing dot left off: how host names are compared (RFC 4343)
HEX: Final = 2

# How many texts ahead the pool is asked for: they lie all over it.
TEXTS_AHEAD: Final = 12

MOST: Final = (1 << 31) - 1
"""Bytes that an Arrow string array can hold."""


def text_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any], form: int = AS_IS) -> pa.Array:
    """A string array of len(at): pool[at[i] : at[i] + size[i]] in the given form, null where size[i] <= 0."""
    valid = size > 0
    if not valid.any():
        return nothing(len(size), pa.string())
    at, held = np.ascontiguousarray(at, np.int64), np.where(valid, size, 0).astype(np.int32)
    offsets, data = room_for(held, 2 if form == HEX else 1)
    if not gather_texts(pool, at, held, len(held), form, offsets, data):
        texts = [bytes(pool[a : a + s]).decode("utf-8", "backslashreplace") if s else None for a, s in zip(at, held, strict=True)]
        if form == LOWER:
            texts = [t.translate(_ASCII_LOWER).removesuffix(".") or None if t else None for t in texts]
        return pa.array(texts, pa.string())
    return string_array(offsets, data, valid)


def byte_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any]) -> pa.Array:
    """As text_array, of bytes; null where size[i] < 0, and empty where it is 0."""
    at, held = np.ascontiguousarray(at, np.int64), np.maximum(size, 0).astype(np.int32)
    offsets, data = room_for(held)
    gather_texts(pool, at, held, len(held), AS_IS, offsets, data)
    return pa.Array.from_buffers(pa.binary(), len(size), [bitmap(size >= 0), pa.py_buffer(offsets), pa.py_buffer(data)])


_ASCII_LOWER = {c: c + 32 for c in range(65, 91)}


def room_for(sizes: npt.NDArray[np.int32], times: int = 1) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """(offsets, data) that texts of these sizes fit in. Errors: OverflowError, an Arrow string array can't hold so much."""
    total = int(sizes.sum(dtype=np.int64)) * times
    if total > MOST:
        raise OverflowError(f"the texts of one column take {total} bytes, and can't take more than {MOST}")
    return np.zeros(len(sizes) + 1, np.int32), np.empty(total, np.uint8)


def string_array(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]) -> pa.Array:
    """A string array from its parts: data[offsets[i] : offsets[i + 1]], null where not valid."""
    n, nulls = len(valid), len(valid) - int(np.count_nonzero(valid))
    bits = bitmap(valid) if nulls else None
    return pa.Array.from_buffers(pa.string(), n, [bits, pa.py_buffer(offsets), pa.py_buffer(data)], nulls)


def texts_of_one_size(texts: npt.NDArray[np.uint8]) -> pa.Array:
    """A string array of the rows of uint8[n, size], each of which is a text."""
    n, size = texts.shape
    if n * size > MOST:
        raise OverflowError(f"the texts of one column take {n * size} bytes, and can't take more than {MOST}")
    return string_array(np.arange(0, n * size + 1, size, dtype=np.int32), texts.ravel(), np.ones(n, np.bool_))


def words(codes: npt.NDArray[Any], names: list[str | None]) -> pa.Array:
    """A string array of names[codes[i]], null where the code is negative."""
    known = np.array([name is not None for name in names] + [False])
    letters = [(name or "").encode() for name in names]
    sizes = np.array([len(one) for one in letters] + [0], np.int32)
    codes = np.where(codes < 0, len(names), codes).astype(np.int32)
    valid = known[codes]
    if not valid.any():
        return nothing(len(codes), pa.string())
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    offsets, data = room_for(sizes[codes])
    spell_words(codes, len(codes), starts, sizes, np.frombuffer(b"".join(letters) or b"\0", np.uint8), offsets, data)
    return string_array(offsets, data, valid)


@kernel
def spell_words(codes, n, starts, sizes, letters, offsets, out):
    """Copy the word of each code to `out`, behind each other, and set where each ends in offsets[1:]."""
    p = 0
    for i in range(n):
        size = sizes[codes[i]]
        copy_bytes(letters, starts[codes[i]], size, out, p)
        p += size
        offsets[i + 1] = p


@kernel
def gather_texts(pool, at, size, n_texts, form, offsets, out):
    """True when every byte is ASCII; copies the texts behind each other to `out` and sets where each ends in offsets[1:]."""
    p = 0
    for i in range(n_texts):
        if i + TEXTS_AHEAD < n_texts:
            prefetch(pool, at[i + TEXTS_AHEAD])
        start, n = at[i], size[i]
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
        c = pool[start + k]
        high, low = c >> 4, c & 15
        out[at + 2 * k] = high + (48 if high < 10 else 87)
        out[at + 2 * k + 1] = low + (48 if low < 10 else 87)


def lower(text, size):
    """Turn the ASCII letters of text[:size] to lower case."""
    for k in range(size):
        c = text[k]
        text[k] = c + 32 if 65 <= c <= 90 else c


def is_ascii(text, size):
    """Whether every byte of text[:size] is ASCII."""
    bits = 0
    for k in range(size):
        bits |= text[k]
    return bits < 128
