"""JA4: a ClientHello's fingerprint.

Source: github.com/FoxIO-LLC/ja4, technical_details/JA4.md (BSD 3-Clause; the rest of JA4+ is licensed otherwise and not used here).
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled.memory import copy_bytes
from analyzer.compiled.widths import as_u32
from analyzer.flows.layout import DIGITS, MAX_LISTED, MEMO_LISTED, MEMO_SLOTS, TRAIT_QUIC
from analyzer.packets.fields import u16
from analyzer.readers.sha256 import hex_digest

JA4_SIZE: Final = 36


def is_grease(value):
    """RFC 8701: 0x0A0A, 0x1A1A, ... 0xFAFA."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def put_hex(out, at, value, digits):
    """Write `digits` lower-case hex digits of value to out[at:]; the position behind them."""
    for i in range(digits):
        nibble = (value >> (4 * (digits - 1 - i))) & 15
        out[at + i] = nibble + (48 if nibble < 10 else 87)
    return at + digits


def put_list(text, at, values, first, end):
    """Write values[first:end] to text[at:] as four hex digits each, separated by commas; the position behind them."""
    for i in range(first, end):
        if i > first:
            text[at] = 44
            at += 1
        at = put_hex(text, at, values[i], 4)
    return at


def sort_in_place(values, n):
    """Sort the first n values in ascending order, by insertion: there are a few dozen at most."""
    for i in range(1, n):
        value = values[i]
        k = i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value


def is_alphanumeric(c):
    return 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122


def version_digits(version):
    """The two characters of part a for a TLS version."""
    if version == 0x0304:
        return 49, 51
    if version == 0x0303:
        return 49, 50
    if version == 0x0302:
        return 49, 49
    if version == 0x0301:
        return 49, 48
    if version == 0x0300:
        return 115, 51
    if version == 0x0002:
        return 115, 50
    return 48, 48


def write_ja4(tables, buf, at):
    """Write the fingerprint of the ClientHello in buf, described by tables.hello, to the pool's 36 bytes from `at` on.

    Sorts tables.suites and tables.extensions, and appends the signature algorithms to the latter: at most MAX_LISTED are read.
    """
    read, out, ciphers, extensions = tables.hello, tables.pool, tables.suites, tables.extensions
    n_ciphers, n_extensions = read.suites, read.extensions
    out[at] = 113 if read.traits & TRAIT_QUIC else 116
    out[at + 1], out[at + 2] = version_digits(read.listed)
    out[at + 3] = 100 if read.has_name else 105
    shown = min(n_ciphers, 99)
    out[at + 4], out[at + 5] = 48 + shown // 10, 48 + shown % 10
    shown = min(n_extensions, 99)
    out[at + 6], out[at + 7] = 48 + shown // 10, 48 + shown % 10
    out[at + 8], out[at + 9] = alpn_characters(buf, read.alpn_at, read.alpn_end)
    out[at + 10] = 95
    out[at + 23] = 95
    for i in range(12):
        out[at + 11 + i] = 48
        out[at + 24 + i] = 48
    if n_ciphers:
        sort_in_place(ciphers, n_ciphers)
        digest_lists(tables, ciphers, n_ciphers, n_ciphers, at + 11)
    if n_extensions:
        kept = 0
        for i in range(n_extensions):
            if extensions[i] != 0 and extensions[i] != 16:
                extensions[kept] = extensions[i]
                kept += 1
        sort_in_place(extensions, kept)
        n = add_algorithms(buf, read.algorithms_at, read.algorithms_end, extensions, kept)
        if n:
            digest_lists(tables, extensions, kept, n, at + 24)


def alpn_characters(buf, at, end):
    """The two characters of part a for the list of protocols buf[at:end]: first and last character of the first one that isn't GREASE."""
    while end - at >= 3 and buf[at] == 2 and is_grease(u16(buf, at + 1)):
        at += 3
    size = min(buf[at], end - at - 1) if end > at else 0
    if size <= 0:
        return 48, 48
    first, last = buf[at + 1], buf[at + size]
    if is_alphanumeric(first) and is_alphanumeric(last):
        return first, last
    first, last = first >> 4, last & 15
    return first + (48 if first < 10 else 87), last + (48 if last < 10 else 87)


def digest_lists(tables, values, n_first, n, at):
    """Write to the pool from `at` on twelve hex digits of the digest of two lists, as JA4 defines: values[:n_first], values[n_first:n].

    Clients send the same lists again and again, so the last few are kept with their digests.
    """
    slot = n_first
    for i in range(n):
        slot = as_u32(slot * 31 + values[i])
    slot = (slot ^ (slot >> 11)) % MEMO_SLOTS
    memo, digests = tables.memo, tables.memo_digests
    start = slot * MEMO_LISTED
    sizes = n_first << 16 | n
    same = tables.memo_sizes[slot] == sizes
    for i in range(n):
        if not same:
            break
        same = memo[start + i] == values[i]
    if not same:
        size = put_list(tables.text, 0, values, 0, n_first)
        if n > n_first:
            tables.text[size] = 95
            size = put_list(tables.text, size + 1, values, n_first, n)
        hex_digest(tables.text, size, DIGITS, digests, slot * DIGITS, tables.state, tables.schedule)
        for i in range(min(n, MEMO_LISTED)):
            memo[start + i] = values[i]
        tables.memo_sizes[slot] = sizes if n <= MEMO_LISTED else 0
    copy_bytes(digests, slot * DIGITS, DIGITS, tables.pool, at)


def add_algorithms(buf, at, end, values, n):
    """Append the signature algorithms of buf[at:end], in their order, to the first n values; the new number of values."""
    for p in range(at, min(end, at + 2 * MAX_LISTED) - 1, 2):
        value = u16(buf, p)
        if not is_grease(value):
            values[n] = value
            n += 1
    return n
