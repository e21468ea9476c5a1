from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.facts.strings import AS_IS, HEX, LOWER, string_array, text_array, words


def texts(values: list[bytes | None], form: int) -> list[str | None]:
    pool = np.frombuffer(b"?" + b"".join(value or b"" for value in values) + b"?", np.uint8)
    size = np.array([-1 if value is None else len(value) for value in values], np.int32)
    at = 1 + np.concatenate([[0], np.cumsum(np.maximum(size, 0))[:-1]]) if values else np.zeros(0)
    return text_array(pool, at.astype(np.int64), size, form).to_pylist()  # type: ignore[no-any-return]


VALUES = st.lists(st.one_of(st.none(), st.binary(max_size=12), st.sampled_from([b"Name.Example.", b"A.", b"\xc3\x9c.X."])), max_size=12)


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_as_sent(values: list[bytes | None]) -> None:
    assert texts(values, AS_IS) == [value.decode("utf-8", "backslashreplace") if value else None for value in values]


@given(VALUES)
@settings(max_examples=150, deadline=None)
def test_in_hex(values: list[bytes | None]) -> None:
    assert texts(values, HEX) == [value.hex() if value else None for value in values]


@given(st.lists(st.one_of(st.none(), st.text(min_size=1, max_size=12).filter(lambda text: text != ".")), max_size=12))
@settings(max_examples=150, deadline=None)
def test_in_lower_case(values: list[str | None]) -> None:
    """ASCII letters only, without one trailing dot."""
    expected = ["".join(c.lower() if c.isascii() else c for c in v).removesuffix(".") if v else None for v in values]
    assert texts([v.encode() if v else None for v in values], LOWER) == expected


@pytest.mark.parametrize("form", [AS_IS, LOWER, HEX])
def test_nothing(form: int) -> None:
    assert texts([], form) == []
    assert texts([None, b""], form) == [None, None]


def test_words() -> None:
    assert words(np.array([1, -1, 0, 2]), ["a", "b", None]).to_pylist() == ["b", None, "a", None]


def test_string_array() -> None:
    offsets, data = np.array([0, 2, 2, 5], np.int32), np.frombuffer(b"abcde", np.uint8)
    assert string_array(offsets, data, np.array([0b101], np.uint8), 1).to_pylist() == ["ab", None, "cde"]
