"""Masked DNS messages, byte for byte as long as before.

Labels are replaced in place. Compression pointers stay, because a label's replacement depends only on the labels to its right.
Addresses are replaced as in the packets. Record data of any other type become zeros. Source: RFC 1035 4.1.
"""

from __future__ import annotations

from typing import Final

from analyzer.slices.addresses import Addresses
from analyzer.slices.names import Names

MAX_JUMPS: Final = 64
A, NS, CNAME, PTR, AAAA = 1, 2, 5, 12, 28


def masked_dns(message: bytes, names: Names, addresses: Addresses) -> bytes:
    """The masked message, up to its first malformed record; b"" where its first name doesn't end."""
    made = bytearray(message)
    if len(message) < 12:
        return b""
    counts = [int.from_bytes(message[i : i + 2], "big") for i in (4, 6, 8, 10)]
    at = 12
    for section, count in enumerate(counts):
        for _ in range(count):
            end = _mask_name(message, made, at, names)
            if end < 0 or end + (4 if section == 0 else 10) > len(message):
                return bytes(made[: at if at > 12 else 0])
            if section == 0:
                at = end + 4
                continue
            kind, size = int.from_bytes(message[end : end + 2], "big"), int.from_bytes(message[end + 8 : end + 10], "big")
            data = end + 10
            if data + size > len(message):
                return bytes(made[:at])
            _mask_data(message, made, kind, data, size, names, addresses)
            at = data + size
    return bytes(made[:at])


def _mask_data(message: bytes, made: bytearray, kind: int, at: int, size: int, names: Names, addresses: Addresses) -> None:
    if (kind, size) in ((A, 4), (AAAA, 16)):
        made[at : at + size] = addresses.packed(message[at : at + size])
    elif kind not in (NS, CNAME, PTR) or _mask_name(message, made, at, names) != at + size:
        made[at : at + size] = bytes(size)


def _mask_name(message: bytes, made: bytearray, at: int, names: Names) -> int:
    """Mask the labels of the name at `at`, those behind pointers too. Returns the name's end in the message, -1 where it has none."""
    labels: list[tuple[int, bytes]] = []
    end = -1
    for _ in range(MAX_JUMPS + 128):
        if at >= len(message):
            return -1
        size = message[at]
        if size == 0:
            end = at + 1 if end < 0 else end
            break
        if size & 0xC0 == 0xC0:
            if at + 2 > len(message):
                return -1
            end = at + 2 if end < 0 else end
            at = int.from_bytes(message[at : at + 2], "big") & 0x3FFF
        elif size & 0xC0 or at + 1 + size > len(message):
            return -1
        else:
            labels.append((at + 1, message[at + 1 : at + 1 + size]))
            at += 1 + size
    else:
        return -1
    for i, (place, label) in enumerate(labels):
        parent = b".".join(part for _, part in labels[i + 1 :])
        made[place : place + len(label)] = names.label(label, parent)
    return end
