"""The PROXY protocol's header, which some load balancers put before everything else: skipped.

Source: haproxy.org/download/1.8/doc/proxy-protocol.txt, 2.1 (version 1, text) and 2.2 (version 2, binary).
"""

from __future__ import annotations

from typing import Final

from analyzer.packets.fields import u16
from analyzer.readers.states import MORE, NOT

TEXT: Final = b"PROXY "
TEXT_SIZE: Final = 6
BINARY: Final = b"\r\n\r\n\x00\r\nQUIT\n"
BINARY_SIZE: Final = 12
MAX_LINE: Final = 107


def proxy_header_size(buf, at, end):
    """How long the binary header is that begins at `at`; 0 where that isn't known yet, or it is text."""
    return 16 + u16(buf, at + 14) if end - at >= 16 and buf[at] == 13 else 0


def read_proxy_header(buf, at, end):
    """Behind the header that begins at `at`, MORE, or NOT."""
    binary = buf[at] == 13
    signature, size = BINARY if binary else TEXT, BINARY_SIZE if binary else TEXT_SIZE
    there = min(end - at, size)
    for i in range(there):
        if buf[at + i] != signature[i]:
            return NOT
    if there < size:
        return MORE
    if binary:
        if end - at < 16:
            return MORE
        stop = at + proxy_header_size(buf, at, end)
        return stop if stop <= end else MORE
    for p in range(at, min(end, at + MAX_LINE)):
        if buf[p] == 10:
            return p + 1
    return NOT if end - at >= MAX_LINE else MORE
