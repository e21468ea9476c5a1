"""Community ID, version 1: what Zeek, Suricata and others call the same conversation.

Source: github.com/corelight/community-id-spec. Both directions have the same: the lower address and port come first.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.facts.sha1 import base64_digests
from analyzer.facts.strings import string_array

TEXT_BYTES: Final = 2 + 28  # "1:", and the 20 bytes of SHA-1 in base64


def community_ids(records: npt.NDArray[Any]) -> pa.Array:
    """A string array of the records' ids, seed 0."""
    n = len(records)
    texts = np.zeros((n, TEXT_BYTES), np.uint8)
    for version, size in ((4, 4), (6, 16)):
        rows = np.flatnonzero(records["version"] == version)
        if len(rows):
            texts[rows] = written(as_bytes(records.take(rows), size))
    return string_array(np.arange(0, (n + 1) * TEXT_BYTES, TEXT_BYTES, dtype=np.int64), texts.ravel(), np.ones(n, np.bool_))


def written(digested: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """uint8[n, TEXT_BYTES]: the ids of conversations that these rows tell."""
    n, step = digested.shape
    out = np.zeros((n, TEXT_BYTES), np.uint8)
    out[:, :2] = (49, 58)
    base64_digests(digested, n, step, out, TEXT_BYTES, 2, np.zeros(80, np.uint32))
    return out


def as_bytes(records: npt.NDArray[Any], size: int) -> npt.NDArray[np.uint8]:
    """uint8[n, 8 + 2 * size]: what is digested: seed, addresses of `size` bytes, protocol, 0, ports."""
    a, b = ([records[f"{end}_{part}"] for part in ("hi", "lo", "port")] for end in "ab")
    swapped = (a[0] > b[0]) | ((a[0] == b[0]) & ((a[1] > b[1]) | ((a[1] == b[1]) & (a[2] > b[2]))))
    first, second = ([np.where(swapped, one, other) for one, other in zip(*pair, strict=True)] for pair in ((b, a), (a, b)))
    out = np.zeros((len(records), 8 + 2 * size), np.uint8)
    for place, end in ((2, first), (2 + size, second)):
        address = np.zeros((len(records), 2), ">u8")
        address[:, 0], address[:, 1] = end[:2]
        out[:, place : place + size] = address.view(np.uint8)[:, 16 - size :]
    out[:, 2 + 2 * size] = records["protocol"]
    for place, end in ((4 + 2 * size, first), (6 + 2 * size, second)):
        out[:, place : place + 2] = end[2].astype(">u2").view(np.uint8).reshape(-1, 2)
    return out
