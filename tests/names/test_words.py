"""Words are compared in any case, and no further than the bytes go."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.names.words import begins_like, begins_with, same_word, word

LETTERS = st.text("aAbB-/", max_size=6)


@settings(deadline=None)
@given(LETTERS, LETTERS.map(str.lower))
def test_against_python(text: str, wanted: str) -> None:
    data = np.frombuffer(text.encode() + b"a" * 8, np.uint8)
    end, low = len(text), text.lower()
    assert same_word(data, 0, end, word(wanted)) == (low == wanted)
    assert begins_with(data, 0, end, word(wanted)) == low.startswith(wanted)
    assert begins_like(data, 0, end, word(wanted)) == (low.startswith(wanted) or wanted.startswith(low))
