"""Texts in a pool → Arrow strings. Bytes that aren't UTF-8 are shown as \\xNN; what is missing or empty is null."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array, bitmap
from analyzer.compiled import kernel
from analyzer.compiled.memory import prefetch

AS_IS: Final = 0
LOWER: Final = 1  # ASCII letters to lower case, one trailing dot left off: how host names are compared (RFC 4343)
HEX: Final = 2

# How many texts ahead the pool is asked for: they lie all over it.
TEXTS_AHEAD: Final = 12


def text_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any], form: int = AS_IS) -> pa.Array:
    """A string array of len(at): pool[at[i] : at[i] + size[i]] in the given form, null where size[i] <= 0."""
    at, size = np.ascontiguousarray(at, np.int64), np.maximum(size, 0).astype(np.int64)
    offsets = np.zeros(len(size) + 1, np.int64)
    np.cumsum(size * (2 if form == HEX else 1), out=offsets[1:])
    data = np.empty(int(offsets[-1]), np.uint8)
    plain = gather_texts(pool, at, size, len(size), form, offsets, data)
    if not plain:
        texts = [bytes(pool[a : a + s]).decode("utf-8", "backslashreplace") if s else None for a, s in zip(at, size, strict=True)]
        if form == LOWER:
            texts = [t.translate(_ASCII_LOWER).removesuffix(".") or None if t else None for t in texts]
        return pa.array(texts, pa.string())
    return string_array(offsets, data, size > 0)


def byte_array(pool: npt.NDArray[np.uint8], at: npt.NDArray[np.int64], size: npt.NDArray[Any]) -> pa.Array:
    """As text_array, of bytes; null where size[i] < 0, and empty where it is 0."""
    at, held = np.ascontiguousarray(at, np.int64), np.maximum(size, 0).astype(np.int64)
    offsets = np.zeros(len(size) + 1, np.int64)
    np.cumsum(held, out=offsets[1:])
    data = np.empty(int(offsets[-1]), np.uint8)
    gather_texts(pool, at, held, len(held), AS_IS, offsets, data)
    return pa.Array.from_buffers(pa.large_binary(), len(size), [bitmap(size >= 0), pa.py_buffer(offsets), pa.py_buffer(data)])


_ASCII_LOWER = {c: c + 32 for c in range(65, 91)}


def string_array(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]) -> pa.Array:
    """A string array from its parts: data[offsets[i] : offsets[i + 1]], null where not valid."""
    return pa.Array.from_buffers(pa.large_string(), len(valid), [bitmap(valid), pa.py_buffer(offsets), pa.py_buffer(data)]).cast(
        pa.string()
    )


def words(codes: npt.NDArray[Any], names: list[str | None]) -> pa.Array:
    """A string array of names[codes[i]], null where the code is negative."""
    indices = array(codes.astype(np.int32), codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string())).cast(pa.string())


@kernel
def gather_texts(pool, at, size, n_texts, form, offsets, out):
    """True when every byte is ASCII; copies the texts behind each other to `out` and sets where they end in offsets[1:].

    offsets comes in as if every text kept its length, and leaves as it is after trailing dots were left off.
    """
    bits, p = 0, 0
    for i in range(n_texts):
        if i + TEXTS_AHEAD < n_texts:
            prefetch(pool, at[i + TEXTS_AHEAD])
        start, n = at[i], size[i]
        if form == HEX:
            for k in range(n):
                c = pool[start + k]
                high, low = c >> 4, c & 15
                out[p + 2 * k] = high + (48 if high < 10 else 87)
                out[p + 2 * k + 1] = low + (48 if low < 10 else 87)
            n *= 2
        elif form == LOWER:
            if n > 0 and pool[start + n - 1] == 46:
                n -= 1
            for k in range(n):
                c = pool[start + k]
                bits |= c
                out[p + k] = c + 32 if 65 <= c <= 90 else c
        else:
            for k in range(n):
                c = pool[start + k]
                bits |= c
                out[p + k] = c
        p += n
        offsets[i + 1] = p
    return bits < 128
