"""Words in bytes, compared case-insensitively (ASCII). A word is a constant, in lower case."""

from __future__ import annotations


def same_word(buf, at, end, word):
    """True when buf[at:end] is `word` in any case."""
    return end - at == letters(word) and begins_with(buf, at, end, word)


def begins_with(buf, at, end, word):
    """True when buf[at:end] begins with `word` in any case."""
    return end - at >= letters(word) and begins_like(buf, at, end, word)


def begins_like(buf, at, end, word):
    """True when buf[at:end] is a prefix of `word` or begins with it, in any case."""
    for i in range(min(letters(word), end - at)):
        c = buf[at + i]
        if 65 <= c <= 90:
            c += 32
        if c != word[i]:
            return False
    return True


def letters(word):
    """The number of letters of a word."""
    return len(word)
