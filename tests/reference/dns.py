"""Questions and address answers of DNS messages (RFC 1035, RFC 3596)."""

from __future__ import annotations

import struct
from typing import NamedTuple


class Message(NamedTuple):
    """is_answer by the QR bit; name is the first question's; addresses of all A and AAAA records in the answer section.

    ttl_s is the least of these records and of the aliases among them.
    """

    is_answer: bool
    name: str | None
    addresses: list[bytes]
    ttl_s: int = 0
    id: int = 0
    kind: int = 0
    code: int = 0


def read_message(data: bytes) -> Message | None:
    """The message, or None when it is malformed or no plain query."""
    if len(data) < 12:
        return None
    id, flags, questions, answers, _, _ = struct.unpack_from(">6H", data)
    if questions != 1 or (flags >> 11) & 15:
        return None
    named = read_name(data, 12)
    if named is None or named[1] + 4 > len(data):
        return None
    (asked_kind,) = struct.unpack_from(">H", data, named[1])
    at, addresses, ttls = named[1] + 4, [], []
    for _ in range(answers):
        owner = read_name(data, at)
        if owner is None or owner[1] + 10 > len(data):
            break
        kind, kind_class, ttl_s, length = struct.unpack_from(">2HIH", data, owner[1])
        at = owner[1] + 10 + length
        if at > len(data):
            break
        if kind_class == 1 and kind in (1, 5, 28):
            ttls.append(ttl_s)
        if kind_class == 1 and (kind, length) in ((1, 4), (28, 16)):
            addresses.append(data[at - length : at])
    return Message(bool(flags & 0x8000), named[0] or None, addresses, min(ttls, default=0), id, asked_kind, flags & 15)


def read_stream(data: bytes) -> list[tuple[Message, int]]:
    """The messages of a TCP stream up to the first that is none, and their sizes with the length before them (RFC 1035 4.2.2)."""
    found, at = [], 0
    while at + 2 <= len(data):
        (size,) = struct.unpack_from(">H", data, at)
        message = read_message(data[at + 2 : at + 2 + size]) if at + 2 + size <= len(data) else None
        if message is None:
            break
        found.append((message, 2 + size))
        at += 2 + size
    return found


def read_name(data: bytes, at: int) -> tuple[str, int] | None:
    """A domain name, compression pointers (backwards only) followed, and where it ends."""
    labels, end, limit = [], None, at
    while at < len(data):
        length = data[at]
        if length == 0:
            return b".".join(labels).decode("utf-8", "backslashreplace"), end or at + 1
        if length >= 0xC0 and at + 1 < len(data):
            end = end or at + 2
            at = struct.unpack_from(">H", data, at)[0] & 0x3FFF
            if at >= limit:
                return None
            limit = at
        elif length < 64:
            labels.append(data[at + 1 : at + 1 + length])
            at += 1 + length
            if sum(map(len, labels)) + len(labels) > 255:
                return None
        else:
            return None
    return None
