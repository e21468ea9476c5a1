"""Whole numbers of so many bits, as C has them: what doesn't fit is cut off."""

from __future__ import annotations


def as_i64(x):
    """The number that the 64 bits of x are, where the highest is the sign."""
    return x - (1 << 64) if x >= 1 << 63 else x


def as_u32(x):
    """The lowest 32 bits of x."""
    return x & 0xFFFFFFFF


def as_u64(x):
    """The lowest 64 bits of x."""
    return x & 0xFFFFFFFFFFFFFFFF
