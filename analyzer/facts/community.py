"""Community ID, version 1: the id of a conversation in Zeek, Suricata and others.

Source: github.com/corelight/community-id-spec. Both directions have the same id: the lower address and port come first.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.compiled import kernel
from analyzer.facts.sha1 import base64_digest
from analyzer.facts.strings import texts_of_one_size

TEXT_BYTES: Final = 2 + 28  # "1:", and the 20 bytes of SHA-1 in base64


def community_ids(records: npt.NDArray[Any], rows: npt.NDArray[np.int32]) -> pa.Array:
    """A string array of the ids of these records, seed 0."""
    texts = np.empty((len(rows), TEXT_BYTES), np.uint8)
    room = (np.zeros(64, np.uint8), np.zeros(6, np.uint32), np.zeros(80, np.uint32))
    write_community_ids(records, rows, len(rows), texts, *room)
    return texts_of_one_size(texts)


@kernel
def write_community_ids(records, rows, n, out, text, state, w):
    """Fill out, uint8[n, TEXT_BYTES], with the ids of the records `rows`. Digested are seed, addresses, protocol, 0, ports.

    text, state, w   buffers, uint8[64], uint32[6], uint32[80]
    """
    for i in range(n):
        record = records + rows[i]
        size = 4 if record.version == 4 else 16
        put_u16(text, 0, 0)
        if a_comes_first(record):
            put_end(text, 2, size, record.a_hi, record.a_lo)
            put_end(text, 2 + size, size, record.b_hi, record.b_lo)
            put_u16(text, 4 + 2 * size, record.a_port)
            put_u16(text, 6 + 2 * size, record.b_port)
        else:
            put_end(text, 2, size, record.b_hi, record.b_lo)
            put_end(text, 2 + size, size, record.a_hi, record.a_lo)
            put_u16(text, 4 + 2 * size, record.b_port)
            put_u16(text, 6 + 2 * size, record.a_port)
        text[2 + 2 * size] = record.protocol
        text[3 + 2 * size] = 0
        out[i * TEXT_BYTES] = 49
        out[i * TEXT_BYTES + 1] = 58
        base64_digest(text, 8 + 2 * size, out, i * TEXT_BYTES + 2, state, w)


def a_comes_first(record):
    """Whether end a comes before end b in the digest."""
    if record.a_hi != record.b_hi:
        return record.a_hi < record.b_hi
    if record.a_lo != record.b_lo:
        return record.a_lo < record.b_lo
    return record.a_port <= record.b_port


def put_u16(text, at, value):
    """Write a number of 16 bits to text[at:], the higher byte first."""
    text[at] = value >> 8
    text[at + 1] = value & 0xFF


def put_end(text, at, size, high, low):
    """Write the last `size` bytes of an address, 4 or 16, to text[at:]."""
    if size == 16:
        for k in range(8):
            text[at + k] = high >> 8 * (7 - k) & 0xFF
        at += 8
    for k in range(min(size, 8)):
        text[at + k] = low >> 8 * (min(size, 8) - 1 - k) & 0xFF
