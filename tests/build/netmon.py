"""A file of Network Monitor 2 or 3, from plain arguments."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

TRAILER = (0, 2, 6, 15)
NO_PROCESS = 0xFFFFFFFF


class Record(NamedTuple):
    """A frame: its time in nanoseconds since 1970, its bytes, its media type, its process (number in the table), its length on the wire."""

    ts_ns: int
    data: bytes
    media: int = 1
    process: int = NO_PROCESS
    wire: int | None = None


def record(one: Record, minor: int, start_ns: int) -> bytes:
    """The frame with its header and, since 2.1, its trailer."""
    since = (one.ts_ns - start_ns) // 1000 & 0xFFFFFFFFFFFFFFFF
    head = struct.pack("<Q2I", since, len(one.data) if one.wire is None else one.wire, len(one.data))
    filetime = one.ts_ns // 100 + 116_444_736_000_000_000
    return head + one.data + struct.pack("<HIQB", one.media, one.process, filetime, 0)[: TRAILER[minor]]


def process(path: str, pid: int, icon: bytes = b"\1\2\3") -> bytes:
    """An entry of the table of processes."""
    name = path.encode("utf-16-le") + b"\0\0"
    ports = struct.pack("<I2H2H", pid, 40_000, 0, 443, 0) + struct.pack("<I", 0) + bytes(32)
    return struct.pack("<I", len(name)) + name + struct.pack("<I", len(icon)) + icon + ports


def netmon(
    records: Sequence[Record],
    minor: int = 3,
    *,
    start_ns: int = 1_700_000_000 * 10**9,
    media: int = 1,
    order: Sequence[int] | None = None,
    gap: bytes = b"",
    processes: Sequence[bytes] = (),
) -> bytes:
    """order: how the frames lie in the file, the table being in theirs; gap: what lies between them."""
    body, places = b"", {}
    for i in order if order is not None else range(len(records)):
        places[i] = 128 + len(body)
        body += record(records[i], minor, start_ns) + gap
    table = b"".join(struct.pack("<I", places[i]) for i in range(len(records)))
    known = struct.pack("<H", 1) + b"".join(processes) if processes else b""
    begun = datetime.fromtimestamp(start_ns // 10**9, UTC)
    moment = (begun.year, begun.month, begun.isoweekday() % 7, begun.day, begun.hour, begun.minute, begun.second, start_ns // 10**6 % 1000)
    behind = 128 + len(body)
    tables = (behind, len(table), 0, 0, 0, 0, behind + len(table) if processes else 0, len(processes), 0, 0)
    return (b"GMBU" + struct.pack("<2B9H10I", minor, 2, media, *moment, *tables)).ljust(128, b"\0") + body + table + known
