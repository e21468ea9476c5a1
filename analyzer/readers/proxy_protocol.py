"""The PROXY protocol's header, which some load balancers put before everything else: skipped.

Source: haproxy.org/download/1.8/doc/proxy-protocol.txt, 2.1 (version 1, text) and 2.2 (version 2, binary).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16
from analyzer.readers.states import FOUND_PROXY_HEADER, MORE, NOT

TEXT: Final = b"PROXY "
TEXT_SIZE: Final = 6
BINARY: Final = b"\r\n\r\n\x00\r\nQUIT\n"
BINARY_SIZE: Final = 12
MAX_LINE: Final = 107


def read_proxy_header(tables, buf, cursor):
    """The position behind the header, MORE, or NOT."""
    at, end = cursor.at, cursor.end
    binary = buf[at] == 13
    signature, size = BINARY if binary else TEXT, BINARY_SIZE if binary else TEXT_SIZE
    there = min(end - at, size)
    for i in range(there):
        if buf[at + i] != signature[i]:
            return NOT
    cursor.found = FOUND_PROXY_HEADER
    if there < size:
        return MORE
    if binary:
        if end - at < 16:
            return MORE
        size = 16 + u16(buf, at + 14)
        cursor.wanted = size
        return at + size if end - at >= size else MORE
    for p in range(at, min(end, at + MAX_LINE)):
        if buf[p] == 10:
            return p + 1
    return NOT if end - at >= MAX_LINE else MORE
