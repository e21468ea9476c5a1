"""Targets in pieces: authorities and absolute forms, as the twin takes them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.names.uri import absolute_parts, authority_parts
from tests.reference import http as twin


def raw(data: bytes) -> np.ndarray:  # type: ignore[type-arg]
    return np.frombuffer(data + b"\0", np.uint8)


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":/?#@[]"), min_size=1, max_size=30)


@given(TEXT, st.one_of(st.none(), st.integers(1, 65535)))
@settings(max_examples=100, deadline=None)
def test_authorities_equal_the_twin(host: str, port: int | None) -> None:
    data = (host if port is None else f"{host}:{port}").encode()
    first, last, found = authority_parts(raw(data), 0, len(data))
    assert (data[first:last].decode(), None if found < 0 else found) == twin.split_authority(data)


@given(st.sampled_from(["http", "https", "ftp", "HTTP"]), TEXT, st.one_of(st.none(), st.integers(1, 65535)), TEXT)
@settings(max_examples=100, deadline=None)
def test_absolute_targets_equal_the_twin(scheme: str, host: str, port: int | None, path: str) -> None:
    data = f"{scheme}://{host}{'' if port is None else f':{port}'}/{path}?{path}".encode()
    first, last, found, path_at, path_end = absolute_parts(raw(data), 0, len(data))
    assert (data[first:last].decode(), found, data[path_at:path_end].decode()) == twin.split_absolute(data)


@pytest.mark.parametrize(
    ("data", "host", "port"),
    [
        (b"[2001:db8::1]:8443", b"2001:db8::1", 8443),
        (b"[2001:db8::1]", b"2001:db8::1", -1),
        (b"host:", b"host", -1),
        (b"host:0", b"host", -1),
        (b"host:65536", b"host", -1),
        (b"host:44x", b"host", -1),
        (b"a:b:443", b"a:b:443", -1),
        (b"", b"", -1),
    ],
)
def test_authorities(data: bytes, host: bytes, port: int) -> None:
    first, last, found = authority_parts(raw(data), 0, len(data))
    assert (data[first:last], found) == (host, port)
