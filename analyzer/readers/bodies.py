"""The end of a chunked body of an HTTP message (RFC 9112 7.1)."""

from __future__ import annotations

from typing import Final

from analyzer.readers.http import read_chunk_line
from analyzer.readers.states import (
    A_LINE,
    FOUND_CHUNK,
    FOUND_LAST_CHUNK,
    FOUND_TRAILER_END,
    FOUND_TRAILER_LINE,
    MORE,
    NOT,
)

MAX_TRAILER: Final = 8192  # bytes of one trailer line


def read_chunk(tables, buf, cursor):
    """The position behind a chunk's size line, the chunk and its line end; the last chunk is followed by the trailer."""
    p, size = read_chunk_line(buf, cursor.at, cursor.end)
    if p < 0:
        return p
    if size == 0:
        cursor.found = FOUND_LAST_CHUNK
        return p
    cursor.found = FOUND_CHUNK
    return p + size + 2


def read_trailer(tables, buf, cursor):
    """The position behind the next line of a chunked body's trailer; an empty line ends the body."""
    at, end = cursor.at, cursor.end
    cursor.found = FOUND_TRAILER_END
    if buf[at] == 10:
        return at + 1
    for p in range(at, min(end, at + MAX_TRAILER)):
        if buf[p] == 10:
            if p != at + 1 or buf[at] != 13:
                cursor.found = FOUND_TRAILER_LINE
            return p + 1
    cursor.wanted = A_LINE
    return NOT if end - at >= MAX_TRAILER else MORE
