"""What kernels ask of memory itself: bytes moved at once, and rows fetched before they are needed."""

from __future__ import annotations


def copy_bytes(source, at, size, target, to):
    """Copy source[at : at + size] to target[to:], which may be the same bytes; nothing when size isn't positive."""
    if size > 0:
        target[to : to + size] = bytes(source[at : at + size])


def prefetch(array, row):
    """Ask for all of array[row], a line of the cache at a time, whether or not there is such a row."""
