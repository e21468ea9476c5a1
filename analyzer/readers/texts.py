"""Texts that outlive their packet: copied to the pool, referred to by (at, size)."""

from __future__ import annotations

from typing import Final

from analyzer.compiled.memory import copy_bytes, find_byte
from analyzer.compiled.widths import as_u32, as_u64
from analyzer.flows.keys import M1, mix
from analyzer.flows.layout import N_MESSAGES, POOL_USED
from analyzer.packets.fields import u64

DIGEST_SIZE: Final = 8

AT: Final = 64

# Bytes that are searched for the @ behind a user and a password.
MAX_USER: Final = 512


def keep(tables, buf, start, end):
    """Copy buf[start:end] to the pool; the copy's offset."""
    at = tables.counts[POOL_USED]
    copy_bytes(buf, start, end - start, tables.pool, at)
    tables.counts[POOL_USED] = at + end - start
    return at


def keep_without_users(tables, buf, start, end):
    """(offset, size) of buf[start:end] in the pool, without user:password@ anywhere in it, and without //user@."""
    if start < end and find_byte(buf, start, end, AT) < 0:
        return keep(tables, buf, start, end), end - start
    at = tables.counts[POOL_USED]
    pool, n = tables.pool, at
    p = start
    begins = True
    while p < end:
        if begins:
            p = behind_user(buf, start, p, end)
            if p == end:
                break
        pool[n] = buf[p]
        n += 1
        begins = buf[p] == 47 or ends_word(buf[p])
        p += 1
    tables.counts[POOL_USED] = n
    return at, n - at


def ends_word(c):
    """True for the delimiters of an address in a text: white space, quotes, brackets and list separators."""
    return c <= 32 or c in (34, 39, 40, 41, 44, 59, 60, 61, 62)


def behind_user(buf, start, at, end):
    """The position behind the user and the password at `at`, where a word or the text behind a slash begins; `at` where there are none.

    Behind // a name alone is a user too, and a password may have a slash in it where no port follows.
    """
    behind_slashes = at - start >= 2 and buf[at - 1] == 47 and buf[at - 2] == 47
    colon, found, is_port, in_host = False, at, True, True
    for p in range(at, min(end, at + MAX_USER)):
        c = buf[p]
        if ends_word(c):
            break
        if c in (47, 63, 35):
            if in_host and (found > at or not behind_slashes or not colon or is_port):
                break
            in_host = False
        elif c == AT and (colon or behind_slashes):
            found = p + 1
        elif c == 58:
            colon = True
        elif colon and in_host and not 48 <= c <= 57:
            is_port = False
    return found


def keep_digest(tables, buf, start, end):
    """Append a digest of buf[start:end] to the pool: DIGEST_SIZE bytes, the highest first.

    Splitmix64's finaliser over eight bytes at a time: it distinguishes hellos in a tenth of the time that FNV-1a takes.
    """
    digest = end - start
    p = start
    while end - p >= 8:
        digest = as_u64(mix(digest ^ u64(buf, p)) * M1)
        p += 8
    rest = 0
    while p < end:
        rest = rest << 8 | buf[p]
        p += 1
    digest = mix(digest ^ rest)
    used = tables.counts[POOL_USED]
    for k in range(DIGEST_SIZE):
        tables.pool[used + k] = digest >> 56 - 8 * k & 0xFF
    tables.counts[POOL_USED] = used + DIGEST_SIZE


def own_side(tables, cursor):
    """The side whose stream is read."""
    return tables.sides + 2 * cursor.record + cursor.side


def other_side(tables, cursor):
    """The other side of the conversation."""
    return tables.sides + 2 * cursor.record + 1 - cursor.side


def new_message(tables, cursor, kind, size):
    """A new message without texts, for `size` bytes of the stream from the cursor on; the caller sets the texts."""
    n = tables.counts[N_MESSAGES]
    tables.counts[N_MESSAGES] = n + 1
    message = tables.messages + n
    message.kind = kind
    message.record = cursor.record
    message.side = cursor.side
    message.seq = cursor.seq
    message.end = as_u32(cursor.seq + size)
    message.ts_ns = cursor.ts_ns
    message.ack = cursor.ack
    message.host_at = 0
    message.path_at = 0
    message.agent_at = 0
    message.field_at = 0
    message.scheme_at = 0
    message.host_size = -1
    message.path_size = -1
    message.agent_size = -1
    message.field_size = -1
    message.scheme_size = -1
    message.port = -1
    message.code = -1
    message.shape = 0
    return message
