"""Where the body of an HTTP message ends (RFC 9112 6 and 7.1)."""

from __future__ import annotations

from typing import Final

from analyzer.readers.http import BODY_CHUNKED, BODY_TO_CLOSE, read_chunk_line
from analyzer.readers.states import A_LINE, CHUNK, HEAD, MORE, NOT, SCAN, TRAILER

MAX_TRAILER: Final = 8192  # bytes of one of its lines


def after_body(side, p, body):
    """Behind a body that begins at p, or at p with the state that reads it."""
    if body == BODY_CHUNKED:
        side.state = CHUNK
        return p
    if body == BODY_TO_CLOSE:
        side.state = SCAN
        return p
    side.state = HEAD
    return p + body


def read_chunk(buf, at, end, side):
    """Behind a chunk's size line and the chunk with its line end; the last one is followed by the trailer."""
    p, size = read_chunk_line(buf, at, end)
    if p < 0:
        return p
    if size == 0:
        side.state = TRAILER
        return p
    return p + size + 2


def read_trailer(buf, at, end, side):
    """Behind the next line of a chunked body's trailer; an empty one ends the body."""
    if buf[at] == 10:
        side.state = HEAD
        return at + 1
    for p in range(at, min(end, at + MAX_TRAILER)):
        if buf[p] == 10:
            if p == at + 1 and buf[at] == 13:
                side.state = HEAD
            return p + 1
    side.wanted = A_LINE
    return NOT if end - at >= MAX_TRAILER else MORE
