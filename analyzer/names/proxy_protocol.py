"""The PROXY protocol's header, which some load balancers put before everything else: skipped.

Source: haproxy.org/download/1.8/doc/proxy-protocol.txt, 2.1 (version 1, text) and 2.2 (version 2, binary).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from analyzer.kernels import kernel
from analyzer.names.fields import u16
from analyzer.names.states import MORE, NOT

TEXT = np.frombuffer(b"PROXY ", dtype=np.uint8).copy()
BINARY = np.frombuffer(b"\r\n\r\n\x00\r\nQUIT\n", dtype=np.uint8).copy()
MAX_LINE: Final = 107


@kernel
def proxy_header_size(buf, at, end):  # type: ignore[no-untyped-def]
    """How long the binary header is that begins at `at`; 0 where that isn't known yet, or it is text."""
    return 16 + np.int64(u16(buf, at + 14)) if end - at >= 16 and buf[at] == 13 else 0


@kernel
def read_proxy_header(buf, at, end):  # type: ignore[no-untyped-def]
    """Behind the header that begins at `at`, MORE, or NOT."""
    signature = BINARY if buf[at] == 13 else TEXT
    there = min(end - at, len(signature))
    for i in range(there):
        if buf[at + i] != signature[i]:
            return NOT
    if there < len(signature):
        return MORE
    if buf[at] == 13:
        if end - at < 16:
            return MORE
        stop = at + proxy_header_size(buf, at, end)
        return stop if stop <= end else MORE
    for p in range(at, min(end, at + MAX_LINE)):
        if buf[p] == 10:
            return p + 1
    return NOT if end - at >= MAX_LINE else MORE
