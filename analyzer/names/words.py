"""Words in bytes, compared without regard to case (ASCII)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.kernels import kernel


def word(text: str) -> npt.NDArray[np.uint8]:
    """A lower-case word as the kernels compare it."""
    return np.frombuffer(text.encode(), dtype=np.uint8).copy()


@kernel
def same_word(buf, at, end, word):  # type: ignore[no-untyped-def]
    """True when buf[at:end] is `word` (lower case) in any case."""
    if end - at != len(word):
        return False
    return begins_with(buf, at, end, word)


@kernel
def begins_with(buf, at, end, word):  # type: ignore[no-untyped-def]
    """True when buf[at:end] begins with `word` (lower case) in any case."""
    if end - at < len(word):
        return False
    for i in range(len(word)):
        c = buf[at + i]
        if 65 <= c <= 90:
            c += 32
        if c != word[i]:
            return False
    return True


@kernel
def begins_like(buf, at, end, word):  # type: ignore[no-untyped-def]
    """True when buf[at:end] is a beginning of `word` (lower case) or begins with it, in any case."""
    for i in range(min(len(word), end - at)):
        c = buf[at + i]
        if 65 <= c <= 90:
            c += 32
        if c != word[i]:
            return False
    return True
