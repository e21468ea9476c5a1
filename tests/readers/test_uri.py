"""Targets in pieces: authorities and absolute forms, as the twin takes them apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.uri import absolute_parts, authority_parts, tunnel_parts
from tests.reference import http as twin


def raw(data: bytes) -> memoryview:
    return memoryview(data + b"\0")


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":/?#@[]"), min_size=1, max_size=30)
# What targets are made of, right and wrong.
PARTS = st.lists(
    st.sampled_from(
        ["https", "://", "//", "/", ":", "@", "?", "#", "[", "]", "%", "::1", "2001:db8", "host.example", "443", "x", "{", " ", "é"]
    )
)


def plain(data: bytes, first: int, last: int, port: int) -> tuple[str | None, int | None]:
    """The twin's result."""
    return (None if first < 0 else data[first:last].decode("utf-8", "backslashreplace")), None if port < 0 else port


@given(PARTS.map("".join))
@settings(max_examples=400, deadline=None)
def test_whatever_stands_there_the_twin_agrees(target: str) -> None:
    data = target.encode()
    assert plain(data, *authority_parts(raw(data), 0, len(data))) == twin.split_authority(data)
    assert plain(data, *tunnel_parts(raw(data), 0, len(data))) == twin.split_tunnel(data)
    absolute = absolute_parts(raw(data), 0, len(data))
    if absolute[0] >= 0:
        host, host_end, port, path, path_end = absolute
        assert (data[host:host_end].decode("utf-8", "backslashreplace") or None, port if port >= 0 else None) == twin.split_absolute(data)[
            :2
        ]
        assert host_end > host or path == path_end


@given(TEXT, st.one_of(st.none(), st.integers(1, 65535)))
@settings(max_examples=100, deadline=None)
def test_authorities_equal_the_twin(host: str, port: int | None) -> None:
    data = (host if port is None else f"{host}:{port}").encode()
    first, last, found = authority_parts(raw(data), 0, len(data))
    assert plain(data, first, last, found) == twin.split_authority(data)


@given(st.sampled_from(["http", "https", "ftp", "HTTP"]), TEXT, st.one_of(st.none(), st.integers(1, 65535)), TEXT)
@settings(max_examples=100, deadline=None)
def test_absolute_targets_equal_the_twin(scheme: str, host: str, port: int | None, path: str) -> None:
    data = f"{scheme}://{host}{'' if port is None else f':{port}'}/{path}?{path}".encode()
    first, last, found, path_at, path_end = absolute_parts(raw(data), 0, len(data))
    assert (data[first:last].decode() or None, found, data[path_at:path_end].decode() or None) == twin.split_absolute(data)


@pytest.mark.parametrize(
    ("data", "host", "port"),
    [
        (b"[2001:db8::1]:8443", b"2001:db8::1", 8443),
        (b"[2001:db8::1]", b"2001:db8::1", -1),
        (b"[fe80::1%eth0]:443", b"fe80::1%eth0", 443),
        (b"2001:db8::1", b"2001:db8::1", -1),
        (b"host:", b"host", -1),
        (b"host:0", b"host", -1),
        (b"host:65536", b"host", -1),
        (b"host:99999999999999999999999", b"host", -1),
        (b"h_o-s.t:80", b"h_o-s.t", 80),
        (b"jane:Secret1@host:443", b"host", 443),
        (b"jane@host", b"host", -1),
        (b"a:b@c:d@host:443", b"host", 443),
    ],
)
def test_authorities(data: bytes, host: bytes, port: int) -> None:
    first, last, found = authority_parts(raw(data), 0, len(data))
    assert (data[first:last], found) == (host, port)
    assert plain(data, first, last, found) == twin.split_authority(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b":443", b"host:44x", b"jane:Secret1", b"a:b:443", b"ab:cd:443", b"[host]:443", b"[::1", b"[::1]443", b"[::1]:x", b"::1%",
        b'{"user":"svc","pass":"Secret1"}', b"ho st", b"host%41", b"host\0", b"jane%3ASecret1%40host", b"user=svc", b"jane:Secret1@",
    ],
)  # fmt: skip
def test_what_is_no_authority(data: bytes) -> None:
    assert authority_parts(raw(data), 0, len(data))[0] == -1
    assert twin.split_authority(data) == (None, None)


@pytest.mark.parametrize(
    ("data", "host", "port"),
    [
        (b"host:443", b"host", 443),
        (b"https://host:8443/", b"host", 8443),
        (b"https://host", b"host", 443),
        (b"http://jane:Secret1@host/path?query", b"host", 80),
        (b"//host:443", b"host", 443),
        (b"//jane@host:443/", b"host", 443),
        (b"host:443/", b"host", 443),
        (b"host:443/path?x#y", b"host", 443),
        (b"host?x", b"host", -1),
        (b"[::1]:443/", b"::1", 443),
    ],
)
def test_what_stands_around_an_authority_is_taken_off(data: bytes, host: bytes, port: int) -> None:
    first, last, found = tunnel_parts(raw(data), 0, len(data))
    assert (data[first:last], found) == (host, port)
    assert plain(data, first, last, found) == twin.split_tunnel(data)


@pytest.mark.parametrize(
    "data",
    [
        b"/host:443",
        b"///host",
        b"//",
        b"https://",
        b"https:///x",
        b"jane:1234/x@host:443",
        b"jane:pa/ss@host:443",
        b"https://jane:pa/ss@host/",
    ],
)
def test_what_is_no_target_of_a_tunnel(data: bytes) -> None:
    assert tunnel_parts(raw(data), 0, len(data))[0] == -1
    assert twin.split_tunnel(data) == (None, None)
