"""What kernels ask of memory itself: bytes moved at once, and rows asked for before they are needed."""

from __future__ import annotations


def copy_bytes(source, at, size, target, to):
    """Copy source[at : at + size] to target[to:], which may be the same bytes; nothing when size isn't positive."""
    if size > 0:
        target[to : to + size] = bytes(source[at : at + size])


def copy_number(source, at, size, target, to):
    """Copy a number of 1, 2, 4 or 8 bytes from source[at:] to target[to:]."""
    target[to : to + size] = bytes(source[at : at + size])


def find_byte(buf, at, end, byte):
    """Where the byte first stands in buf[at:end], -1 where it doesn't."""
    found = bytes(buf[at:end]).find(byte) if end > at else -1
    return at + found if found >= 0 else -1


def prefetch(array, row):
    """Ask for the line of the cache that array[row] begins in, whether or not there is such a row."""
