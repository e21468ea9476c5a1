"""Whole numbers of so many bits, as C has them."""

from __future__ import annotations


def as_i64(x):
    """The number that the 64 bits of x are, where the highest is the sign."""
    return x - (1 << 64) if x >= 1 << 63 else x
