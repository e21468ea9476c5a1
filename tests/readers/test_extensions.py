from __future__ import annotations

import pytest

from analyzer.readers.extensions import ends_like_schannel, highest_versions, server_name


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([0, 5, 10, 11, 13, 35, 23, 65281], True),
        ([0, 5, 43, 13, 35, 10, 11, 16, 51, 49, 23, 65281, 45], True),
        ([23, 65281], True),
        ([65281, 23], False),
        ([23, 65281, 45, 51], False),
        ([65281], False),
        ([45], False),
        ([], False),
    ],
)
def test_whose_list_it_is(listed: list[int], expected: bool) -> None:
    assert ends_like_schannel(listed, len(listed)) is expected


def test_the_first_host_name_of_the_extension() -> None:
    body = b"\0\x06\0\0\3a.b"
    at, size = server_name(body, 0, len(body))
    assert body[at : at + size] == b"a.b"
    assert server_name(body, 0, len(body) - 1)[1] == -1, "a length that doesn't fit"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"\0\x06\0\0\3a.b\0\0", b"a.b"),  # bytes behind the list
        (b"\0\x07\0\0\3a.b\7", None),  # and in it: what the name's length is may be wrong
        (b"\0\x0a\7\0\1x\0\0\3a.b", b"a.b"),  # behind a name of another type
        (b"\0\x09\0\0\0\0\0\3a.b", b"a.b"),  # and behind an empty one
        (b"\0\x05\0\0\3a.b", None),  # a list that ends in the name
        (b"\0\x20\0\0\3a.b", None),  # and one that ends behind the extension
        (b"\0\0", None),
        (b"\0", None),
    ],
)
def test_a_name_is_read_where_its_list_is_sound(body: bytes, name: bytes | None) -> None:
    """As Wireshark reads it, whatever follows."""
    at, size = server_name(body, 0, len(body))
    assert (body[at : at + size] if size >= 0 else None) == name


def test_the_highest_version_leaves_grease_and_drafts_out() -> None:
    listed = bytes.fromhex("0a0a 7f1c 0304 0303")
    assert highest_versions(listed, 0, len(listed)) == (0x0304, 0x7F1C)
