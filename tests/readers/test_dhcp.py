from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.packets.layout import UDP
from analyzer.readers.dhcp import OPTIONS
from tests.streams.harness import CLIENT, Segment, Stage

ADDRESS = bytes((10, 0, 0, 9))
FIXED = (bytes((2, 1, 6, 0)) + bytes(12) + ADDRESS).ljust(236, b"\0") + b"\x63\x82\x53\x63"


def kept(data: bytes) -> tuple[bytes | None, bytes | None, int] | None:
    """(URL, the client's address, message type)."""
    stage = Stage(protocol=UDP, syn=False, port=67)
    found = stage.feed([Segment(CLIENT, data)])
    return (found[0].host, found[0].field, found[0].status) if found else None


def test_given_and_asked_for() -> None:
    assert kept(FIXED + b"\x35\1\2\xfc\3a/b\xff") == (b"a/b", ADDRESS, 2)
    assert kept(FIXED + b"\0\0\xfc\5a/b\0\0\x35\1\5") == (b"a/b", ADDRESS, 5)
    assert kept(b"\1" + FIXED[1:] + b"\x35\1\x08\x37\2\1\xfc\xff") == (None, ADDRESS, 8)


def test_what_says_nothing_of_a_file() -> None:
    for data in (FIXED + b"\x35\1\5\xff", FIXED + b"\xfc\1\0\xff", FIXED + b"\xff\xfc\3a/b", b"\3" + FIXED[1:] + b"\xfc\3a/b"):
        assert kept(data) is None
    assert kept(FIXED[:-1] + b"\0\xfc\3a/b") is None


def test_cut_anywhere() -> None:
    data = FIXED + b"\x35\1\2\xfc\3a/b\xff"
    for size in range(len(data)):
        assert kept(data[:size]) == ((b"a/b", ADDRESS, 2) if size >= len(data) - 1 else None)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_options(options: bytes) -> None:
    found = kept(FIXED + options)
    assert found is None or b"@" in options or (found[0] is not None and found[0] in options and len(FIXED) == OPTIONS)
