"""Texts that outlive the packet they came in: copied to the pool, known by (at, size)."""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.flows.keys import M1, mix
from analyzer.flows.layout import N_MESSAGES, POOL_USED
from analyzer.kernels import kernel
from analyzer.memory import copy_bytes
from analyzer.packets.fields import u64

DIGEST_SIZE: Final = 8


@kernel
def keep(tables, buf, start, end):  # type: ignore[no-untyped-def]
    """Copy buf[start:end] to the pool and return where it lies."""
    at = tables.counts[POOL_USED]
    copy_bytes(buf, start, end - start, tables.pool, at)
    tables.counts[POOL_USED] = at + end - start
    return at


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
