"""Operations on memory for kernels: bytes copied at once, and rows prefetched."""

from __future__ import annotations


def copy_bytes(source, at, size, target, to):
    """Copy source[at : at + size] to target[to:], which may be the same bytes; nothing when size isn't positive."""
    if size > 0:
        target[to : to + size] = bytes(source[at : at + size])


def copy_number(source, at, size, target, to):
    """Copy a number of 1, 2, 4 or 8 bytes from source[at:] to target[to:]."""
    target[to : to + size] = bytes(source[at : at + size])


def find_byte(buf, at, end, byte):
    """The position of the byte's first occurrence in buf[at:end], -1 without one."""
    found = bytes(buf[at:end]).find(byte) if end > at else -1
    return at + found if found >= 0 else -1


def prefetch(array, row):
    """Prefetch the cache line in which array[row] begins, whether or not there is such a row."""
