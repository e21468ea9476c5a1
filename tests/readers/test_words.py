"""Words are compared in any case, and no further than the bytes go."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.words import begins_like, begins_with, same_word

LETTERS = st.text("aAbB-/", max_size=6)


@settings(deadline=None)
@given(LETTERS, LETTERS.map(str.lower))
def test_against_python(text: str, wanted: str) -> None:
    data, word = text.encode() + b"a" * 8, wanted.encode()
    end, low = len(text), text.lower()
    assert same_word(data, 0, end, word) == (low == wanted)
    assert begins_with(data, 0, end, word) == low.startswith(wanted)
    assert begins_like(data, 0, end, word) == (low.startswith(wanted) or wanted.startswith(low))
