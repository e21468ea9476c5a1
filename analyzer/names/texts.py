"""Texts that outlive the packet they came in: copied to the pool, known by (at, size)."""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.layout import N_MESSAGES, POOL_USED
from analyzer.kernels import inlined, kernel
from analyzer.memory import copy_bytes
from analyzer.names.fields import u64

DIGEST_SIZE: Final = 8

M1 = np.uint64(0x9E3779B97F4A7C15)
M2 = np.uint64(0xBF58476D1CE4E5B9)
M3 = np.uint64(0x94D049BB133111EB)

# How far the @ behind a user and a password is looked for.
MAX_USER: Final = 512


@kernel
def keep(tables, buf, start, end):  # type: ignore[no-untyped-def]
    """Copy buf[start:end] to the pool and return where it lies."""
    at = tables.counts[POOL_USED]
    copy_bytes(buf, start, end - start, tables.pool, at)
    tables.counts[POOL_USED] = at + end - start
    return at


@kernel
def keep_without_users(tables, buf, start, end):  # type: ignore[no-untyped-def]
    """(where, size) of buf[start:end] in the pool, without user:password@ wherever it stands, and without //user@."""
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


@inlined
def ends_word(c):  # type: ignore[no-untyped-def]
    """True for what stands before and behind an address in a text: white space, quotes, brackets and what lists are made with."""
    return c <= 32 or c in (34, 39, 40, 41, 44, 59, 60, 61, 62)


@kernel
def behind_user(buf, start, at, end):  # type: ignore[no-untyped-def]
    """Behind the user and the password that stand at `at`, where a word or what follows a slash begins; `at` where none do.

    Behind // a name alone is one too, and a password may have a slash in it where no port stands.
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
        elif c == 64 and (colon or behind_slashes):
            found = p + 1
        elif c == 58:
            colon = True
        elif colon and in_host and not 48 <= c <= 57:
            is_port = False
    return found


@kernel
def keep_digest(tables, buf, start, end):  # type: ignore[no-untyped-def]
    """Append a digest of buf[start:end] to the pool: DIGEST_SIZE bytes, the highest first.

    Splitmix64's finaliser over eight bytes at a time: a hello is told from another one in a tenth of the time that FNV-1a takes.
    """
    digest = np.uint64(end - start)
    p = start
    while end - p >= 8:
        digest = mix(digest ^ u64(buf, p)) * M1
        p += 8
    rest = np.uint64(0)
    while p < end:
        rest = (rest << np.uint64(8)) | np.uint64(buf[p])
        p += 1
    digest = mix(digest ^ rest)
    used = tables.counts[POOL_USED]
    for k in range(DIGEST_SIZE):
        tables.pool[used + k] = (digest >> np.uint64(56 - 8 * k)) & np.uint64(0xFF)
    tables.counts[POOL_USED] = used + DIGEST_SIZE


@kernel
def new_message(tables, kind, row, side, seq, end, ts_ns, ack):  # type: ignore[no-untyped-def]
    """A message without texts; the caller fills them in."""
    n = tables.counts[N_MESSAGES]
    tables.counts[N_MESSAGES] = n + 1
    message = tables.messages[n]
    message.kind = kind
    message.record = row
    message.side = side
    message.seq = seq
    message.end = end
    message.ts_ns = ts_ns
    message.ack = ack
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
    message.status = -1
    message.shape = 0
    return message


@inlined
def mix(x):  # type: ignore[no-untyped-def]
    """A 64-bit number whose every bit depends on every bit of x (the finaliser of splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * M2
    x = (x ^ (x >> np.uint64(27))) * M3
    return x ^ (x >> np.uint64(31))
