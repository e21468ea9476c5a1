"""Addresses as text, IPv6 in the form of RFC 5952, without a dotted quad at the end."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.compiled import kernel
from analyzer.facts.strings import HEX_DIGITS, bits_for, room_for, string_array

LONGEST_4: Final = len("255.255.255.255")
LONGEST_6: Final = len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")

COLON: Final = 58
POINT: Final = 46


def address_texts(high: npt.NDArray[Any], low: npt.NDArray[Any], version: npt.NDArray[Any]) -> pa.Array:
    """A string array of addresses, from their halves."""
    n = len(low)
    high, low = np.ascontiguousarray(high, np.uint64), np.ascontiguousarray(low, np.uint64)
    n_6 = int(np.count_nonzero(version == 6))
    offsets, data = room_for(n, n_6 * LONGEST_6 + (n - n_6) * LONGEST_4)
    used = write_addresses(high, low, np.ascontiguousarray(version, np.uint8), n, offsets, data)
    return string_array(offsets, data[:used] if 2 * used > len(data) else data[:used].copy(), bits_for(0), 0)


def address_text(raw: bytes) -> str:
    """An address of 4 or 16 bytes as text."""
    high, low = int.from_bytes(raw[:-8]), int.from_bytes(raw[-8:])
    texts = address_texts(np.array([high]), np.array([low], np.uint64), np.array([4 if len(raw) == 4 else 6]))
    return str(texts[0])


@kernel
def write_addresses(high, low, version, n, offsets, out):
    """The number of bytes of these addresses as text, which are written to `out` one after the other; sets their ends in offsets[1:]."""
    p = 0
    for i in range(n):
        p = put_ipv6(out, p, high[i], low[i]) if version[i] == 6 else put_ipv4(out, p, low[i])
        offsets[i + 1] = p
    return p


def put_ipv4(text, n, address):
    """Append an address of 32 bits to text[:n]; its new length."""
    for k in range(4):
        octet = address >> 24 - 8 * k & 0xFF
        if k > 0:
            text[n] = POINT
            n += 1
        if octet >= 100:
            text[n] = 48 + octet // 100
            n += 1
        if octet >= 10:
            text[n] = 48 + octet // 10 % 10
            n += 1
        text[n] = 48 + octet % 10
        n += 1
    return n


def put_ipv6(text, n, high, low):
    """Append an address of 128 bits to text[:n], without the first of its longest runs of zeros; its new length."""
    begin, longest, run = -1, 1, 0
    for k in range(8):
        run = run + 1 if group_of(high, low, k) == 0 else 0
        if run > longest:
            begin, longest = k + 1 - run, run
    k = 0
    while k < 8:
        if k == begin:
            text[n] = COLON
            text[n + 1] = COLON
            n += 2
            k += longest
            continue
        if k > 0 and (begin < 0 or k != begin + longest):
            text[n] = COLON
            n += 1
        group = group_of(high, low, k)
        for digit in range(4):
            if digit == 3 or group >> 12 - 4 * digit:
                text[n] = HEX_DIGITS[group >> 12 - 4 * digit & 15]
                n += 1
        k += 1
    return n


def group_of(high, low, k):
    """The k-th 16 bits of an address."""
    return (high if k < 4 else low) >> 48 - 16 * (k & 3) & 0xFFFF
